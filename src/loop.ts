/**
 * Loops for programs without one of their own: at a fixed rate, with the animation
 * frames of a page, or whenever there is activity. Decides which ticks run and
 * what time they stand for; `pace.ts` waits for the next one. Knows only the
 * public side of the poller.
 */
import { milliseconds } from "./check.ts";
import type { ClientPoller } from "./core/client-poller.ts";
import type { Frame } from "./core/frame/frame.ts";
import { afterThisTurn, hasAnimationFrames, sleepUntil } from "./pace.ts";

/** Options of {@link runLoop}. */
export type LoopOptions = TickOptions & (FixedPaceOptions | AnimationPaceOptions);

/** The poller and the tick of a loop. */
export interface TickOptions {
  /** The poller, which is polled before each tick and flushed after it. */
  readonly poller: ClientPoller;
  /**
   * One tick of the game.
   *
   * @param dtMs the game time that this tick stands for, in milliseconds: one
   *   period of `rateHz`, or several if ticks were left out; 0 for the first
   *   tick, and for an early one, which activity causes in a hidden page
   * @param frame the result of `poll()`
   */
  readonly tick: (dtMs: number, frame: Frame) => void;
  /** Ends the loop, after the current tick. */
  readonly signal?: AbortSignal;
}

/** Options of a loop at a fixed rate, in Node or in a page. */
export interface FixedPaceOptions {
  readonly pace?: "fixed";
  /** Ticks per second, above 0 and up to 1,000. */
  readonly rateHz: number;
}

/**
 * Options of a loop with the animation frames of a page. A hidden page has none;
 * its loop ticks on activity, and about once a second.
 */
export interface AnimationPaceOptions {
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
 * does not drift, and the sum of all `dtMs` is the time that has passed.
 *
 * @returns the counts, after `signal` has aborted
 * @throws RangeError when `rateHz` is not above 0 and up to 1,000
 * @throws TypeError when `pace` is `"animation"` and the platform has no animation frames
 * @throws whatever `tick` or an event handler throws, which ends the loop
 */
export async function runLoop(options: LoopOptions): Promise<LoopReport> {
  const { poller, tick, signal, pace } = options;
  const isAnimated = pace === "animation";
  const { rateHz = isAnimated ? MAX_RATE_HZ : 0 } = options;
  if (!(rateHz > 0 && rateHz <= MAX_RATE_HZ)) {
    throw new RangeError(`rateHz: expected a number above 0 and up to ${MAX_RATE_HZ}, got ${rateHz}`);
  }
  if (isAnimated && !hasAnimationFrames()) throw new TypeError("pace: there are no animation frames here");
  const periodMs = 1_000 / rateHz;
  const startMs = performance.now();
  let ticks = 0;
  let overruns = 0;
  for (let period = 0; signal?.aborted !== true; ) {
    const frame = poller.poll();
    const passed = (performance.now() - startMs) / periodMs;
    // A fixed tick stands for a full period even if its timer was early; an animated one for the time that has passed.
    const due = isAnimated
      ? Math.max(period - 1, Math.floor(passed + 2 * EARLY))
      : Math.max(period, Math.floor(passed));
    const leftOut = due - period;
    if (!isAnimated) overruns += leftOut;
    ticks++;
    tick((ticks === 1 ? 0 : 1 + leftOut) * periodMs, frame);
    poller.flush();
    period = due + 1;
    const nextMs = startMs + period * periodMs;
    // A slightly early animation frame counts as the intended one.
    if (isAnimated) await sleepUntil(nextMs - EARLY * periodMs, signal, (wake) => poller.onActivity(wake));
    else await sleepUntil(nextMs, signal);
  }
  return { ticks, overruns };
}

/**
 * Waits until a poll has something new to show, for programs that do nothing
 * until then. Resolves at once if there is activity already, and in time for the
 * next deadline of the poller, as only a poll can act on it.
 *
 * @param timeoutMs the longest wait, in milliseconds; `Infinity`, the default,
 *   means no limit
 * @param signal cancels the wait
 * @returns `true` when it is time to poll, `false` when `timeoutMs` have passed
 *   or the signal has aborted
 * @throws TypeError when `timeoutMs` is no number
 * @throws RangeError when `timeoutMs` is below 0
 */
export function waitForActivity(
  poller: ClientPoller,
  timeoutMs: number = Infinity,
  signal?: AbortSignal,
): Promise<boolean> {
  milliseconds("timeoutMs", timeoutMs);
  const dueInMs = poller.dueInMs();
  const waitMs = Math.min(timeoutMs, dueInMs, MAX_TIMER_MS);
  return new Promise((resolve) => {
    const end = (isTimeToPoll: boolean): void => {
      unsubscribe();
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      resolve(isTimeToPoll);
    };
    const cancel = (): void => end(false);
    const timer = waitMs < MAX_TIMER_MS ? setTimeout(end, waitMs, dueInMs < timeoutMs) : undefined;
    // Waits for the end of this turn, so that one poll serves all the sockets of the turn.
    const unsubscribe = poller.onActivity(() => afterThisTurn(() => end(true)));
    if (signal?.aborted === true) cancel();
    else signal?.addEventListener("abort", cancel);
  });
}

const MAX_RATE_HZ = 1_000;
/** How early an animation frame may come, in periods. */
const EARLY = 1 / 8;
/** The longest delay of a timer, about 24 days; Node treats a longer one as 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
