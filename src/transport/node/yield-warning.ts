/**
 * Notices a game loop that never yields. Node reads sockets between turns of
 * its event loop; a loop that polls without ever letting one happen (no await,
 * no timer) sees nothing, and looks like a dead network. Warns once in a
 * process, and not in production.
 *
 * Looks only at every thousandth poll, so that a frame does not pay for it.
 */

/** Called at each poll of a poller with sockets, and wants no poll of its own. */
export function warnUnlessYielding(): number {
  if (++polls >= POLLS_PER_LOOK) lookAtLoop();
  return Infinity;
}

function lookAtLoop(): void {
  polls = 0;
  if (look === "waiting" && process.env.NODE_ENV !== "production") warn();
  if (look === "warned") return;
  look = "waiting";
  setImmediate(() => {
    if (look === "waiting") look = "idle";
  }).unref();
}

function warn(): void {
  look = "warned";
  process.emitWarning(
    `poll() was called ${POLLS_PER_LOOK} times without a turn of the event loop, so nothing can arrive; ` +
      "let each tick end with an await or a timer, or use runLoop()",
    { type: "TickwireWarning", code: "TICKWIRE_NEVER_YIELDS" },
  );
}

const POLLS_PER_LOOK = 1_000;

let polls = 0;
/** `waiting`: a turn of the event loop is due since the last look. */
let look: "idle" | "waiting" | "warned" = "idle";
