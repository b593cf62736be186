/**
 * A warning for a game loop that never yields. Node reads sockets only when its
 * event loop turns. A loop that polls without an await or a timer never lets it
 * turn: nothing arrives, and the network looks dead. The warning appears once
 * per process, and not in production.
 *
 *     1,000 polls ──▶ suspect: this poller ── 1,000 of its own ──▶ warning ── 100,000 ──▶ stderr
 *       └── a turn of the event loop: from the start ◀───────────────┘
 *     a poll in `runLoopSync`, which is known never to yield ──▶ stderr
 *
 * Polls of one poller are counted, as thousands of pollers may each be polled once
 * in a turn; and each poll once, as one poll pumps each of the wrappers that a game has made
 * of such transports, which may be thousands too. Only every thousandth poll is checked, so that the check costs a frame
 * nothing. A slow loop, which sleeps between its polls, is told as soon as it was suspected for
 * some seconds.
 */
import { printWarning, warnNow } from "./print-warning.ts";

/** The pump of every transport with sockets: counts polls, and never asks to be called earlier. */
export function warnUnlessYielding(nowMs?: number, poller?: object): number {
  if (nowMs === lastMs && poller === lastPoller) return Infinity; // the same poll, or one of the same moment
  lastMs = nowMs;
  lastPoller = poller;
  if (++polls >= POLLS_PER_CHECK) checkLoop(poller);
  return Infinity;
}

/**
 * Runs a loop that is known never to yield: a poll of a transport of Node's own within it is
 * warned of at once.
 */
export function withoutYields(run: () => void): void {
  const outer = isWithoutYields;
  isWithoutYields = true;
  if (state !== "warned") polls = POLLS_PER_CHECK; // the next one is checked
  try {
    run();
  } finally {
    isWithoutYields = outer;
    if (state === "idle" && !outer) polls = 0;
  }
}

function checkLoop(poller: object | undefined): void {
  if (isWithoutYields) {
    if (state !== "warned" && process.env.NODE_ENV !== "production") warnNow(CODE, SYNC_SENTENCE);
    state = "warned";
    polls = -Infinity;
  } else if (state === "idle") {
    state = "waiting";
    suspect = poller;
    suspectPolls = 0;
    suspectedMs = performance.now();
    setImmediate(noteTurn).unref();
  } else if (poller === suspect) {
    suspectPolls++;
    if (suspectPolls === POLLS_PER_CHECK && process.env.NODE_ENV !== "production") warn();
    if (state === "warned" && !isPrinted && isTimeToPrint()) {
      isPrinted = true;
      printWarning(CODE, SENTENCE);
    }
  }
}

function isTimeToPrint(): boolean {
  if (suspectPolls >= POLLS_UNTIL_PRINTED) return true;
  return suspectPolls % POLLS_PER_LOOK === 0 && performance.now() - suspectedMs >= SUSPECTED_MS;
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

const SYNC_SENTENCE =
  "runLoopSync() lets nothing arrive over a transport whose sockets are in its own thread, as they need turns " +
  "of the event loop; have them in another thread by threaded(), or use runLoop()";

const POLLS_PER_CHECK = 1_000;
/** Within a second in a loop that does nothing else; a loop that ends before is printed by Node. */
const POLLS_UNTIL_PRINTED = 100_000;
/** A loop that has not let the event loop turn for so long has no end that is near. */
const SUSPECTED_MS = 5_000;
/** How many polls apart the clock is looked at: a quarter of a second at 60 Hz. */
const POLLS_PER_LOOK = 16;

/** Polls of all pollers, up to the next check. */
let polls = 0;
/** The time and the poller of the last of them. */
let lastMs: number | undefined;
let lastPoller: object | undefined;
/** `waiting`: the event loop has not turned since the last check. */
let state: "idle" | "waiting" | "warned" = "idle";
/** The poller whose polls are counted since then. */
let suspect: object | undefined;
let suspectPolls = 0;
let suspectedMs = 0;
let isPrinted = false;
/** Whether a loop runs that never yields, as it says itself. */
let isWithoutYields = false;
