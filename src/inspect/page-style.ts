/**
 * The style sheet of the page of a recording, in light and dark, on a wide screen and a
 * narrow one.
 */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --bar: light-dark(#2563c9, #7db0ff); --line: light-dark(#ccc, #444);
  --bad: light-dark(#b3261e, #ff8a80) }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#fff, #16181c); color: light-dark(#1b1d21, #e4e6ea); }
p { overflow-wrap: break-word }
h1 { font-size: 1.3rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin-top: 2rem }
figure { margin: 1rem 0 } figcaption, .small { font-size: .85rem; opacity: .8 }
svg { width: 100%; height: 60px; display: block; border-bottom: 1px solid var(--line) }
path { fill: var(--bar); shape-rendering: crispEdges }
.timeline { position: relative }
.pointers { position: absolute; inset: 0; height: 100%; border: 0 }
.pointers rect { fill: var(--bad); opacity: 0 } .pointers rect:hover { opacity: .35 }
.axis { display: flex; justify-content: space-between; margin-top: -.7rem } .axis span { text-align: center }
.axis span:first-child { text-align: left } .axis span:last-child:not(:first-child) { text-align: right }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .85rem; font-variant-numeric: tabular-nums }
td, th { text-align: left; padding: .2rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top }
td:nth-child(2) { white-space: nowrap } td:nth-child(7) { min-width: 11rem; overflow-wrap: anywhere }
td:last-child { width: 30%; min-width: 8rem }
td:is(:nth-child(1), :nth-child(3), :nth-child(4), :nth-child(5), :nth-child(6)),
th:is(:nth-child(1), :nth-child(3), :nth-child(4), :nth-child(5), :nth-child(6)) { text-align: right }
.life { background: var(--bar); height: .7rem; margin-top: .35rem; border-radius: .2rem }
.bad { color: var(--bad) }
@media (max-width: 60rem) { path { shape-rendering: auto; stroke: var(--bar); stroke-width: .6px; vector-effect: non-scaling-stroke } }`;
