/**
 * A warning for a game loop that never yields. Node reads sockets only when its
 * event loop turns. A loop that polls without an await or a timer never lets it
 * turn: nothing arrives, and the network looks dead. The warning appears once
 * per process, and not in production.
 *
 *     1,000 polls ──▶ suspect: this poller ── 1,000 of its own ──▶ warning ── 100,000 ──▶ stderr
 *       └── a turn of the event loop: from the start ◀───────────────┘
 *
 * Polls of one poller are counted, as thousands of pollers may each be polled once
 * in a turn. Only every thousandth poll is checked, so that the check costs a frame
 * nothing.
 */
import { printWarning } from "./print-warning.ts";

/** The pump of every transport with sockets: counts polls, and never asks to be called earlier. */
export function warnUnlessYielding(_nowMs?: number, poller?: object): number {
  if (++polls >= POLLS_PER_CHECK) checkLoop(poller);
  return Infinity;
}

function checkLoop(poller: object | undefined): void {
  if (state === "idle") {
    state = "waiting";
    suspect = poller;
    suspectPolls = 0;
    setImmediate(noteTurn).unref();
  } else if (poller === suspect) {
    suspectPolls++;
    if (suspectPolls === POLLS_PER_CHECK && process.env.NODE_ENV !== "production") warn();
    if (suspectPolls === POLLS_UNTIL_PRINTED && state === "warned") printWarning(CODE, SENTENCE);
  }
}

/** The event loop has turned: there was no reason to suspect. Once it was warned of, nothing is counted any more. */
function noteTurn(): void {
  suspect = undefined;
  if (state === "waiting") state = "idle";
  polls = state === "idle" ? 0 : -Infinity;
}

function warn(): void {
  state = "warned";
  process.emitWarning(SENTENCE, { type: TYPE, code: CODE });
}

const TYPE = "TickwireWarning";
const CODE = "TICKWIRE_NEVER_YIELDS";
const SENTENCE =
  "poll() was called thousands of times without a turn of the event loop, so nothing can arrive; " +
  "end each tick with an await or a timer, use runLoop(), or have the sockets in another thread by threaded()";

const POLLS_PER_CHECK = 1_000;
/** Within a second in a loop that does nothing else; a loop that ends before is printed by Node. */
const POLLS_UNTIL_PRINTED = 100_000;

/** Polls of all pollers, up to the next check. */
let polls = 0;
/** `waiting`: the event loop has not turned since the last check. */
let state: "idle" | "waiting" | "warned" = "idle";
/** The poller whose polls are counted since then. */
let suspect: object | undefined;
let suspectPolls = 0;
