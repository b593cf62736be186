/**
 * Loops for programs without one of their own: at a fixed rate, with the animation
 * frames of a page, or whenever there is activity. Decides which ticks run and
 * what time they stand for; `pace.ts` waits for the next one. Knows only the
 * public side of the poller.
 */
import {
  type Checks,
  checkOptions,
  deadline,
  isAbortSignal,
  isFunction,
  isOneOf,
  kindOf,
  milliseconds,
} from "./check.ts";
import type { ClientPoller } from "./core/client-poller.ts";
import { onAbort } from "./core/frame/abort-signals.ts";
import type { Frame } from "./core/frame/frame.ts";
import { type LoopTimes, RoundTimes } from "./loop-times.ts";
import { afterThisTurn, hasAnimationFrames, sleepUntil, startTimer } from "./pace.ts";

/** Options of {@link runLoop}. */
export type LoopOptions = TickOptions & (FixedPaceOptions | AnimationPaceOptions);

/** The poller and the tick of a loop. */
export interface TickOptions {
  /** The poller, which is polled before each tick and flushed after it. */
  readonly poller: ClientPoller;
  /**
   * One tick of the game, which ends with the call: the loop does not wait for what an
   * `async` function does after its first `await`, as the frames of all others would
   * be late then. What such a function throws ends the loop all the same.
   *
   * @param dtMs the game time that this tick stands for, in milliseconds: one
   *   period of `rateHz`, or several if ticks were left out; 0 for the first
   *   tick, and for an early one, which activity causes in a hidden page
   * @param frame the result of `poll()`, and what was left out of `dtMs`
   */
  readonly tick: (dtMs: number, frame: LoopFrame) => void;
  /**
   * The most game time that one tick stands for, in milliseconds; at least one period of
   * `rateHz`. What is over it is left out, and told in `frame.skippedMs`: after a debugger
   * or a laptop that slept a game goes on where it was. 2,000 by default, or one
   * period of a slower rate: twice the period of a hidden page's timers.
   */
  readonly maxDtMs?: number;
  /** Called once a second, after a tick, with how long the rounds took. */
  readonly report?: (times: LoopTimes) => void;
  /** Ends the loop, after the current tick. */
  readonly signal?: AbortSignal;
}

/** A frame of a loop. The loop gives the same object to every tick: copy the numbers that you keep. */
export interface LoopFrame extends Frame {
  /** The game time that `maxDtMs` left out of this tick's `dtMs`, in milliseconds; mostly 0. */
  readonly skippedMs: number;
}

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

/** The counts of {@link runLoop}, after it has ended. */
export interface LoopReport {
  /** How many ticks ran. */
  readonly ticks: number;
  /** How many ticks of a fixed rate were left out, as the one before took too long; their time is in the next `dtMs`. */
  readonly overruns: number;
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
  isLoopRate("rateHz", rateHz);
  const periodMs = 1_000 / rateHz;
  if (maxDtMs !== undefined && maxDtMs < periodMs) {
    throw new RangeError(`maxDtMs: expected at least one period of rateHz, ${periodMs} ms, got ${maxDtMs}`);
  }
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
  { poller, tick, pace, report, maxDtMs = DEFAULT_MAX_DT_MS }: LoopOptions,
  periodMs: number,
  ending: AbortController,
): Promise<LoopReport> {
  const isAnimated = pace === "animation";
  const { signal } = ending;
  const startMs = performance.now();
  const times = report && new RoundTimes(report, startMs);
  const mostPeriods = Math.max(1, Math.floor(maxDtMs / periodMs + ROUNDING));
  let loopFrame: { -readonly [Name in keyof LoopFrame]: LoopFrame[Name] } | undefined;
  let ticks = 0;
  let overruns = 0;
  for (let period = 0; !signal.aborted; ) {
    const beganMs = performance.now();
    const frame = poller.poll();
    const passed = (performance.now() - startMs) / periodMs;
    // A fixed tick stands for a full period even if its timer was early; an animated one for the time that has passed.
    const due = isAnimated
      ? Math.max(period - 1, Math.floor(passed + 2 * EARLY))
      : Math.max(period, Math.floor(passed));
    const leftOut = due - period;
    const overrun = isAnimated ? 0 : leftOut;
    overruns += overrun;
    ticks++;
    const periods = ticks === 1 ? 0 : 1 + leftOut;
    const shown = Math.min(periods, mostPeriods);
    loopFrame = Object.assign((loopFrame ??= { ...frame, skippedMs: 0 }), frame);
    loopFrame.skippedMs = periods > shown ? (periods - shown) * periodMs : 0;
    endOnError(tick(shown > 0 ? shown * periodMs : 0, loopFrame), ending);
    poller.flush();
    times?.add(beganMs, performance.now(), overrun, loopFrame.skippedMs);
    period = due + 1;
    const nextMs = startMs + period * periodMs;
    // A slightly early animation frame counts as the intended one.
    if (isAnimated) await sleepUntil(nextMs - EARLY * periodMs, signal, (wake) => poller.onActivity(wake));
    else await sleepUntil(nextMs, signal);
  }
  if (signal.reason !== NO_ERROR) throw signal.reason;
  return { ticks, overruns };
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
  const dueInMs = poller.dueInMs();
  const waitMs = Math.min(timeoutMs, dueInMs);
  return new Promise((resolve) => {
    const end = (isTimeToPoll: boolean): void => {
      unsubscribe();
      cancelTimer?.();
      forgetSignal?.();
      resolve(isTimeToPoll);
    };
    const cancel = (): void => end(false);
    const cancelTimer = waitMs < Infinity ? startTimer(waitMs, () => end(dueInMs < timeoutMs)) : undefined;
    // Waits for the end of this turn, so that one poll serves all the sockets of the turn.
    const wake = (): void => afterThisTurn(() => end(true));
    const unsubscribe = poller.onActivity(wake);
    if (poller.hasActivity) wake();
    const forgetSignal = signal && onAbort(signal, cancel);
    if (signal?.aborted === true) cancel();
  });
}

function isPoller(name: string, value: unknown): void {
  if (typeof (value as Partial<ClientPoller> | undefined)?.onActivity === "function") return;
  throw new TypeError(`${name}: expected a Poller, got ${kindOf(value)}`);
}

function isLoopRate(name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name}: expected a number, got ${kindOf(value)}`);
  if (!(value > 0 && value <= MAX_RATE_HZ)) {
    throw new RangeError(`${name}: expected a number above 0 and up to ${MAX_RATE_HZ}, got ${value}`);
  }
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
const MAX_RATE_HZ = 1_000;
const DEFAULT_MAX_DT_MS = 2_000;
/** A period is a fraction, whose multiples come out slightly low. */
const ROUNDING = 1e-9;
/** How early an animation frame may come, in periods. */
const EARLY = 1 / 8;
