/**
 * Loops for those who have none of their own: at a fixed rate, with a page's
 * animation frames, or whenever something comes. Knows the poller as any caller
 * does; when the next tick comes is `pace.ts`.
 */
import { milliseconds } from "./check.ts";
import type { ClientPoller } from "./core/client-poller.ts";
import type { Frame } from "./core/frame/frame.ts";
import { afterThisTurn, hasAnimationFrames, sleepUntil } from "./pace.ts";

/** Options of {@link runLoop}. */
export type LoopOptions = TickOptions & (FixedPaceOptions | AnimationPaceOptions);

/** What a loop does. */
export interface TickOptions {
  /** Polled before each tick and flushed after it. */
  readonly poller: ClientPoller;
  /**
   * One tick of the game.
   *
   * @param dtMs the game time that this tick stands for, in milliseconds: one
   *   period of `rateHz`, or several when there was no tick for some; 0 for the
   *   first, and for one that came early, with news to a hidden page
   * @param frame what `poll()` answered
   */
  readonly tick: (dtMs: number, frame: Frame) => void;
  /** Ends the loop, after the tick that is running. */
  readonly signal?: AbortSignal;
}

/** Ticks at a fixed rate, in Node or in a page. */
export interface FixedPaceOptions {
  readonly pace?: "fixed";
  /** Ticks per second, above 0 and up to 1,000. */
  readonly rateHz: number;
}

/**
 * Ticks with a page's animation frames. While the page is hidden there are none;
 * a tick then comes with what arrives, and about once a second.
 */
export interface AnimationPaceOptions {
  readonly pace: "animation";
  /**
   * The most ticks per second, for screens that are faster than the game; above
   * 0 and up to 1,000, the default. `dtMs` is a whole number of its periods.
   */
  readonly rateHz?: number;
}

/** What {@link runLoop} did, once it has ended. */
export interface LoopReport {
  /** Ticks that ran. */
  readonly ticks: number;
  /** Ticks of a fixed rate that were left out as the one before took too long; their time is in the next `dtMs`. */
  readonly overruns: number;
}

/**
 * Runs `tick` until `signal` aborts: poll, tick, flush, then the others' turn.
 * The times are laid out from the start, so the rate does not drift, and the
 * `dtMs` add up to the time that passed.
 *
 * @returns the counts, when `signal` has aborted
 * @throws RangeError when `rateHz` is not above 0 and up to 1,000
 * @throws TypeError when `pace` is `"animation"` where there are no animation frames
 * @throws whatever `tick` or an event handler throws; the loop has ended then
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
    // A fixed tick stands for a period, also when its timer was early; an animated one for the time that passed.
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
    // An animation frame that comes a little early is the one that is meant.
    if (isAnimated) await sleepUntil(nextMs - EARLY * periodMs, signal, (wake) => poller.onActivity(wake));
    else await sleepUntil(nextMs, signal);
  }
  return { ticks, overruns };
}

/**
 * Waits until the poller has something new to show, for programs that do
 * nothing until then. Resolves at once when something waits already, and in
 * time for the poller's own deadlines, which only a poll can end.
 *
 * @param timeoutMs how long to wait at the most, in milliseconds; `Infinity`,
 *   the default, for as long as it takes
 * @param signal takes the wait back
 * @returns `true` when it is time to poll, `false` when `timeoutMs` were up or
 *   the signal aborted
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
    const end = (isTime: boolean): void => {
      forget();
      clearTimeout(timer);
      signal?.removeEventListener("abort", takeBack);
      resolve(isTime);
    };
    const takeBack = (): void => end(false);
    const timer = waitMs < MAX_TIMER_MS ? setTimeout(end, waitMs, dueInMs < timeoutMs) : undefined;
    // After this turn's other sockets have been heard too: one poll for all of them.
    const forget = poller.onActivity(() => afterThisTurn(() => end(true)));
    if (signal?.aborted === true) takeBack();
    else signal?.addEventListener("abort", takeBack);
  });
}

const MAX_RATE_HZ = 1_000;
/** How early an animation frame may be, in periods. */
const EARLY = 1 / 8;
/** What a timer can hold; Node takes more for 1 ms. Some 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;
