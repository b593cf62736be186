/**
 * A warning for a game loop that never yields. Node reads sockets only when its
 * event loop turns. A loop that polls without an await or a timer never lets it
 * turn: nothing arrives, and the network looks dead. The warning appears once
 * per process, and not in production.
 *
 * Only every thousandth poll is checked, so that the check costs a frame nothing.
 */

/** The pump of every transport with sockets: counts polls, and never asks to be called earlier. */
export function warnUnlessYielding(): number {
  if (++polls >= POLLS_PER_CHECK) checkLoop();
  return Infinity;
}

function checkLoop(): void {
  polls = 0;
  if (state === "waiting" && process.env.NODE_ENV !== "production") warn();
  if (state === "warned") return;
  state = "waiting";
  setImmediate(() => {
    if (state === "waiting") state = "idle";
  }).unref();
}

function warn(): void {
  state = "warned";
  process.emitWarning(
    `poll() was called ${POLLS_PER_CHECK} times without a turn of the event loop, so nothing can arrive; ` +
      "end each tick with an await or a timer, or use runLoop()",
    { type: "TickwireWarning", code: "TICKWIRE_NEVER_YIELDS" },
  );
}

const POLLS_PER_CHECK = 1_000;

let polls = 0;
/** `waiting`: the event loop has not turned since the last check. */
let state: "idle" | "waiting" | "warned" = "idle";
