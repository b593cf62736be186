/**
 * A recording as one page that opens from a file: a timeline of its frames, and its
 * connections. Everything in it is in the file; it loads nothing, and runs no script.
 */
import { type ConnectionSummary, type FrameSummary, reasonText, type Summary } from "./summary.ts";

/** The page, as the text of an HTML file. */
export function pageOf(summary: Summary, title: string): string {
  const { header, frames, connections, damage, lengthMs, sizeBytes } = summary;
  const columns = columnsOf(frames);
  const hasLines = frames.some(({ receivedMessages }) => receivedMessages > 0);
  const hasOutages = frames.some(({ outages }) => outages > 0);
  const hasRtt = frames.some(({ rttMs }) => rttMs > 0);
  const facts = [
    `${frames.length} frames in ${(lengthMs / 1_000).toFixed(1)} s`,
    `${sizeBytes} bytes`,
    `tickwire ${header.tickwire}`,
    header.platform,
    header.began,
    ...(header.meta === undefined ? [] : [JSON.stringify(header.meta)]),
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<h1>${escaped(title)}</h1>
<p>${facts.map(escaped).join(" · ")}</p>
${damage === undefined ? "" : `<p class="bad">Ends early: ${escaped(damage.message)}</p>`}
<h2>Frames</h2>
<p class="small">Each column is ${columns.width === 1 ? "one frame" : `${columns.width} frames, with the most of one of them`}. Point at it for its numbers.</p>
${hasLines ? chart("Lines received in a frame", columns, ({ receivedMessages }) => receivedMessages) : chart("Reads in a frame", columns, ({ reads }) => reads)}
${chart("Bytes received in a frame", columns, ({ receivedBytes }) => receivedBytes)}
${chart("Bytes sent in a frame", columns, ({ sentBytes }) => sentBytes)}
${hasRtt ? chart("Longest round trip that was measured, in ms", columns, ({ rttMs }) => Math.round(rttMs)) : ""}
${chart("Connections that opened in a frame", columns, ({ joins }) => joins)}
${hasOutages ? chart("Sessions that lost their line in a frame", columns, ({ outages }) => outages) : ""}
${chart("Connections that closed in a frame", columns, ({ closes }) => closes)}
<h2>Connections</h2>
${lives(connections, frames.length)}
`;
}

/** Frames side by side, some in one column where there are many. */
interface Columns {
  readonly width: number;
  readonly all: readonly (readonly FrameSummary[])[];
}

function columnsOf(frames: readonly FrameSummary[]): Columns {
  const width = Math.max(1, Math.ceil(frames.length / MOST_COLUMNS));
  const all: FrameSummary[][] = [];
  for (const [at, frame] of frames.entries()) {
    const column = Math.floor(at / width);
    all[column] ??= [];
    all[column].push(frame);
  }
  return { width, all };
}

function chart(title: string, { all }: Columns, measure: (frame: FrameSummary) => number): string {
  const values = all.map((frames) => Math.max(...frames.map(measure)));
  const most = Math.max(0, ...values);
  const bars = values.flatMap((value, at) => {
    const [first, last] = [all[at]?.[0], all[at]?.at(-1)];
    if (value === 0 || first === undefined || last === undefined) return [];
    const height = (value / most) * HEIGHT;
    const which = first === last ? `frame ${first.frame}` : `frames ${first.frame} to ${last.frame}`;
    return `<rect x="${at}" y="${(HEIGHT - height).toFixed(1)}" width="1" height="${height.toFixed(1)}"><title>${which}, at ${first.nowMs} ms: ${value}</title></rect>`;
  });
  return `<figure><figcaption>${title}: at most ${most}</figcaption>
<svg viewBox="0 0 ${Math.max(1, all.length)} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}">${bars.join("")}</svg></figure>`;
}

/** A table of connections, each with its time as a bar. */
function lives(connections: readonly ConnectionSummary[], frames: number): string {
  const rows = connections
    .filter((_, at) => at < MOST_ROWS)
    .map((one) => {
      const { connection, isAccepted, remote, openedIn, closedIn, reason, receivedBytes, sentBytes } = one;
      const until = closedIn === 0 ? frames : closedIn;
      const [left, width] = [(openedIn / frames) * 100, ((until - openedIn) / frames) * 100];
      const why = reason === undefined ? "" : reasonText(reason);
      const bar =
        openedIn === 0
          ? "never open"
          : `<div class="life" style="margin-left:${left.toFixed(2)}%;width:${Math.max(0.3, width).toFixed(2)}%"></div>`;
      return `<tr><td>${connection}<td>${isAccepted ? "from" : "to"} ${escaped(remote)}<td>${openedIn || ""}<td>${closedIn || ""}<td>${receivedBytes}<td>${sentBytes}<td>${escaped(why)}<td class="lives">${bar}`;
    });
  const left = connections.length - rows.length;
  return `<table><tr><th>no.<th>peer<th>opened in<th>closed in<th>received<th>sent<th>why it ended<th>frames 0 to ${frames}
${rows.join("\n")}</table>${left > 0 ? `<p class="small">and ${left} more</p>` : ""}`;
}

function escaped(text: string): string {
  return text
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const MOST_COLUMNS = 1_000;
const MOST_ROWS = 1_000;
const HEIGHT = 60;
const STYLE = `
:root { color-scheme: light dark; --bar: light-dark(#2563c9, #7db0ff); --line: light-dark(#ccc, #444); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  background: light-dark(#fff, #16181c); color: light-dark(#1b1d21, #e4e6ea); }
h1 { font-size: 1.3rem; overflow-wrap: anywhere } h2 { font-size: 1.1rem; margin-top: 2rem }
figure { margin: 1rem 0 } figcaption, .small { font-size: .85rem; opacity: .8 }
svg { width: 100%; height: 60px; display: block; border-bottom: 1px solid var(--line) }
rect { fill: var(--bar) } rect:hover { fill: light-dark(#d0342c, #ff8a80) }
table { border-collapse: collapse; width: 100%; font-size: .85rem } td, th { text-align: left; padding: .2rem .5rem;
  border-bottom: 1px solid var(--line); vertical-align: top } .lives { width: 30% }
.life { background: var(--bar); height: .7rem; margin-top: .35rem; border-radius: .2rem }
.bad { color: light-dark(#b3261e, #ff8a80) }`;
