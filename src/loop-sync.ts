/**
 * A loop at a fixed rate that never yields, as one of C or pygame: between two rounds it
 * blocks its thread. Nothing of Node happens meanwhile, so the network has to come from
 * transports that need no turn of the event loop. Decides how it waits; `loop-rounds.ts`
 * counts.
 */
import { blockFor } from "./block.ts";
import { type Checks, checkOptions, deadline, isAbortSignal, isBoolean, isFunction } from "./check.ts";
import type { Poller } from "./core/poller.ts";
import { isLoopRate, isPoller, type LoopReport, periodOf, Rounds, type TickOptions } from "./loop-rounds.ts";
import type { Sleep } from "./port/transport.ts";
import { warnNow } from "./transport/node/print-warning.ts";
import { withoutYields } from "./transport/node/yield-warning.ts";

/** Options of {@link runLoopSync}. */
export interface SyncLoopOptions extends Omit<TickOptions, "poller"> {
  /** The poller, which is polled before each tick and flushed after it. */
  readonly poller: Poller;
  /** Ticks per second, above 0 and up to 1,000. */
  readonly rateHz: number;
  /**
   * Whether something that arrives causes a tick at once, with a `dtMs` of 0; `false` by
   * default. A server that answers then does so within a fraction of a millisecond.
   */
  readonly wakeOnActivity?: boolean;
}

/**
 * Runs `tick` until `signal` aborts, which `tick` itself has to do: no other code of this
 * thread runs until then. Each round polls, ticks and flushes; the rest of its time the
 * thread is blocked. Needs transports such as `threaded(tcp({ port }))`: with plain ones
 * nothing arrives, which is warned of. Ctrl-C and SIGTERM end the process, unless there is a
 * handler for them, which could not run.
 *
 * @returns the counts, after `signal` has aborted
 * @throws RangeError when `rateHz` is not above 0 and up to 1,000, or `maxDtMs` is less than its period
 * @throws TypeError when an option is missing, not known or of a wrong kind, or `tick` returns a promise
 * @throws whatever `tick`, `report` or an event handler throws, which ends the loop
 */
export function runLoopSync(options: SyncLoopOptions): LoopReport {
  checkOptions(options, CHECKS);
  const { poller, tick, rateHz, maxDtMs, signal, wakeOnActivity = false } = options;
  isPoller("poller", poller);
  isFunction("tick", tick);
  const periodMs = periodOf(rateHz, maxDtMs);
  warnOfHandlers();
  const rounds = new Rounds(options, periodMs, false);
  const isOver = (): boolean => signal?.aborted === true;
  withoutYields(() => {
    while (!isOver()) {
      rounds.run(refusePromise);
      while (!isOver() && blockUntil(rounds.nextMs, poller, wakeOnActivity)) rounds.run(refusePromise, true);
    }
  });
  return rounds.report;
}

/** Blocks this thread until `untilMs`, or until a poll has something to show. Returns whether it has. */
function blockUntil(untilMs: number, poller: Poller, wakesEarly: boolean): boolean {
  let isAwake = false;
  const unsubscribe = wakesEarly
    ? poller.onActivity(() => {
        isAwake = true;
      })
    : undefined;
  const beganMs = performance.now();
  try {
    for (;;) {
      const dueMs = wakesEarly ? beganMs + poller.dueInMs(true) : Infinity; // counted from the poll; this pumps, and may wake
      const nowMs = performance.now();
      if (nowMs >= untilMs) return false;
      if (isAwake || nowMs >= dueMs) return true;
      if (wakesEarly) sleep(poller.sleeps, Math.min(untilMs, dueMs) - nowMs);
      else blockFor(untilMs - nowMs);
    }
  } finally {
    unsubscribe?.();
  }
}

/** Blocks this thread until one of the transports has something, and at most for `timeoutMs`. */
function sleep(sleeps: readonly Sleep[], timeoutMs: number): void {
  const [first, ...others] = sleeps;
  if (first === undefined) blockFor(timeoutMs);
  else if (others.length === 0) first(timeoutMs);
  else for (const one of sleeps) one(Math.min(timeoutMs, SLICE_MS / sleeps.length)); // the loop around goes on
}

/** What an `async` function does after its first `await`, it would never do. */
function refusePromise(result: unknown): void {
  if (typeof (result as Partial<Promise<unknown>> | undefined)?.then !== "function") return;
  throw new TypeError("tick: expected a function that ends with the call, got one that returns a promise");
}

/** Says once that a handler of a signal that ends programs cannot run. */
function warnOfHandlers(): void {
  const handled = Object.entries(ENDING_SIGNALS).filter(([signal]) => process.listenerCount(signal) > 0);
  if (isWarned || handled.length === 0) return;
  isWarned = true;
  const signals = handled.map(([signal, whose]) => `${signal} (${whose})`).join(" and ");
  warnNow(
    "TICKWIRE_SIGNALS_WAIT",
    `runLoopSync() never lets the handlers of ${signals} run, so that does nothing until it ends; ` +
      "remove them, or use runLoop()",
  );
}

/** The signals that end programs, and what sends them. */
const ENDING_SIGNALS = {
  SIGINT: "Ctrl-C",
  SIGTERM: "kill, a container that stops",
  SIGHUP: "a terminal that closes",
};
let isWarned = false;
/** How late a transport may wake this thread at most that is not the only one of its kind. */
const SLICE_MS = 1;

const CHECKS: Checks<SyncLoopOptions> = {
  poller: isPoller,
  tick: isFunction,
  rateHz: isLoopRate,
  maxDtMs: deadline,
  report: isFunction,
  signal: isAbortSignal,
  wakeOnActivity: isBoolean,
};
