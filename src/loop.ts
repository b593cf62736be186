/**
 * Loops for programs without one of their own: at a fixed rate, with the animation
 * frames of a page, or whenever there is activity. Decides which ticks run and
 * when the next one comes: `loop-rounds.ts` counts them, `pace.ts` waits. Knows only the
 * public side of the poller.
 */
import {
  type Checks,
  checkOptions,
  deadline,
  isAbortSignal,
  isFunction,
  isOneOf,
  milliseconds,
} from "./check.ts";
import type { ClientPoller } from "./core/client-poller.ts";
import { onAbort } from "./core/frame/abort-signals.ts";
import {
  EARLY,
  isLoopRate,
  isPoller,
  type LoopReport,
  MAX_RATE_HZ,
  periodOf,
  Rounds,
  type TickOptions,
} from "./loop-rounds.ts";
import { afterThisTurn, hasAnimationFrames, sleepUntil, startTimer } from "./pace.ts";

/** Options of {@link runLoop}. */
export type LoopOptions = TickOptions & (FixedPaceOptions | AnimationPaceOptions);

/** Options of a loop at a fixed rate, in Node or in a page. */
export interface FixedPaceOptions {
  /** Ticks at a rate of its own, which is the default. */
  readonly pace?: "fixed";
  /** Ticks per second, above 0 and up to 1,000. */
  readonly rateHz: number;
}

/**
 * Options of a loop with the animation frames of a page. A hidden page has none;
 * its loop ticks on activity, and about once a second.
 */
export interface AnimationPaceOptions {
  /** Ticks with the animation frames of the page. */
  readonly pace: "animation";
  /**
   * The most ticks per second, for a screen that is faster than the game; above 0
   * and up to 1,000, the default. `dtMs` is a whole number of its periods.
   */
  readonly rateHz?: number;
}

/**
 * Runs `tick` until `signal` aborts. Each round polls, ticks, flushes, and then
 * yields to the event loop. All times are computed from the start, so the rate
 * does not drift, and the sum of all `dtMs` and `skippedMs` is the time that has passed.
 *
 * @returns the counts, after `signal` has aborted
 * @throws RangeError when `rateHz` is not above 0 and up to 1,000, or `maxDtMs` is less than its period
 * @throws TypeError when an option is missing, not known or of a wrong kind, or `pace`
 *   is `"animation"` and the platform has no animation frames
 * @throws whatever `tick`, `report` or an event handler throws, which ends the loop; of a `tick`
 *   that returns a promise, what rejects it
 */
export async function runLoop(options: LoopOptions): Promise<LoopReport> {
  checkOptions(options, LOOP_CHECKS);
  const {
    poller,
    tick,
    signal,
    pace,
    maxDtMs,
    rateHz = pace === "animation" ? MAX_RATE_HZ : undefined,
  } = options;
  isPoller("poller", poller);
  isFunction("tick", tick);
  const periodMs = periodOf(rateHz, maxDtMs);
  if (pace === "animation" && !hasAnimationFrames()) {
    throw new TypeError("pace: there are no animation frames here");
  }
  const ending = new AbortController();
  const end = (): void => ending.abort(NO_ERROR);
  const forgetSignal = signal && onAbort(signal, end);
  if (signal?.aborted === true) end();
  try {
    return await runTicks(options, periodMs, ending);
  } catch (error) {
    ending.abort(error);
    throw error;
  } finally {
    forgetSignal?.();
  }
}

async function runTicks(
  options: LoopOptions,
  periodMs: number,
  ending: AbortController,
): Promise<LoopReport> {
  const { poller, pace } = options;
  const { signal } = ending;
  const isAnimated = pace === "animation";
  const rounds = new Rounds(options, periodMs, isAnimated);
  while (!signal.aborted) {
    rounds.run((result) => endOnError(result, ending));
    // A slightly early animation frame counts as the intended one.
    if (isAnimated)
      await sleepUntil(rounds.nextMs - EARLY * periodMs, signal, (wake) => poller.onActivity(wake));
    else await sleepUntil(rounds.nextMs, signal);
  }
  if (signal.reason !== NO_ERROR) throw signal.reason;
  return rounds.report;
}

/** Ends a loop with the error of an `async` tick, which has returned `result`. */
function endOnError(result: unknown, ending: AbortController): void {
  if (typeof (result as Partial<Promise<unknown>> | undefined)?.then !== "function") return;
  Promise.resolve(result).catch((error: unknown) => {
    // After an end without an error nobody else would learn of this one.
    if (ending.signal.reason === NO_ERROR) throw error;
    ending.abort(error);
  });
}

/** Why a loop ends when its signal has aborted. */
const NO_ERROR = "no error";

/**
 * Waits until a poll has something to show, for programs that do nothing until then.
 * Resolves at once if there is something already, such as a message of this frame
 * that was not taken, or a connection that was not accepted. Resolves in time for the
 * next deadline of the poller, as only a poll can act on it; also where a call from
 * elsewhere, such as `connect`, has made it come sooner.
 *
 * @param timeoutMs the longest wait, in milliseconds; `Infinity`, the default,
 *   means no limit
 * @param signal cancels the wait
 * @returns `true` when it is time to poll, `false` when `timeoutMs` have passed
 *   or the signal has aborted
 * @throws TypeError when an argument is of a wrong kind
 * @throws RangeError when `timeoutMs` is below 0
 */
export function waitForActivity(
  poller: ClientPoller,
  timeoutMs: number = Infinity,
  signal?: AbortSignal,
): Promise<boolean> {
  isPoller("poller", poller);
  milliseconds("timeoutMs", timeoutMs);
  if (signal !== undefined) isAbortSignal("signal", signal);
  const firstMs = Math.min(timeoutMs, poller.dueInMs());
  return new Promise((resolve) => {
    let cancelTimer: (() => void) | undefined;
    const end = (isTimeToPoll: boolean): void => {
      unsubscribe();
      cancelTimer?.();
      forgetSignal?.();
      resolve(isTimeToPoll);
    };
    const cancel = (): void => end(false);
    // A transport may learn meanwhile that it wants its poll later than it has said, or none.
    const waitFor = (waitMs: number, untilMs: number): void => {
      if (waitMs === Infinity) return;
      cancelTimer = startTimer(waitMs, () => {
        const leftMs = Math.min(timeoutMs, poller.dueInMs()) - untilMs;
        if (leftMs > 0) waitFor(leftMs, untilMs + leftMs);
        else end(untilMs < timeoutMs);
      });
    };
    waitFor(firstMs, firstMs);
    // Waits for the end of this turn, so that one poll serves all the sockets of the turn.
    const wake = (): void => afterThisTurn(() => end(true));
    const unsubscribe = poller.onActivity(wake);
    if (poller.hasActivity) wake();
    const forgetSignal = signal && onAbort(signal, cancel);
    if (signal?.aborted === true) cancel();
  });
}

const LOOP_CHECKS: Checks<LoopOptions> = {
  poller: isPoller,
  tick: isFunction,
  signal: isAbortSignal,
  pace: isOneOf(["fixed", "animation"]),
  rateHz: isLoopRate,
  maxDtMs: deadline,
  report: isFunction,
};
