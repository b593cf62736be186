/**
 * Loops for those who have none of their own: a fixed rate that yields between
 * ticks, and a wait until something comes. The only place where time is waited
 * for; knows the poller as any caller does.
 */
import { milliseconds } from "./check.ts";
import type { ClientPoller } from "./core/client-poller.ts";
import type { Frame } from "./core/frame.ts";

/** Options of {@link runLoop}. */
export interface LoopOptions {
  /** Ticks per second, above 0 and up to 1,000. */
  readonly rateHz: number;
  /** Polled before each tick and flushed after it. */
  readonly poller: ClientPoller;
  /**
   * One tick of the game.
   *
   * @param dtMs the game time that this tick stands for, in milliseconds: one
   *   period, or several when ticks had to be left out
   * @param frame what `poll()` answered
   */
  readonly tick: (dtMs: number, frame: Frame) => void;
  /** Ends the loop, after the tick that is running. */
  readonly signal?: AbortSignal;
}

/** What {@link runLoop} did, once it has ended. */
export interface LoopReport {
  /** Ticks that ran. */
  readonly ticks: number;
  /** Ticks that were left out because the one before took too long; their time is in the next `dtMs`. */
  readonly overruns: number;
}

/**
 * Runs `tick` at a fixed rate until `signal` aborts: poll, tick, flush, then
 * the event loop's turn. The times are laid out from the start, so the rate
 * does not drift, and the `dtMs` add up to the time that passed.
 *
 * @returns the counts, when `signal` has aborted
 * @throws RangeError when `rateHz` is not above 0 and up to 1,000
 * @throws whatever `tick` or an event handler throws; the loop has ended then
 */
export async function runLoop(options: LoopOptions): Promise<LoopReport> {
  const { rateHz, poller, tick, signal } = options;
  if (!(rateHz > 0 && rateHz <= 1_000)) {
    throw new RangeError(`rateHz: expected a number above 0 and up to 1000, got ${rateHz}`);
  }
  const periodMs = 1_000 / rateHz;
  const startMs = performance.now();
  let ticks = 0;
  let overruns = 0;
  for (let period = 0; signal?.aborted !== true; ) {
    const frame = poller.poll();
    const due = Math.max(period, Math.floor((performance.now() - startMs) / periodMs));
    const leftOut = due - period;
    overruns += leftOut;
    ticks++;
    tick((ticks === 1 ? 0 : 1 + leftOut) * periodMs, frame);
    poller.flush();
    period = due + 1;
    await sleepUntil(startMs + period * periodMs, signal);
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
    const forget = poller.onNews(() => setImmediate(end, true));
    if (signal?.aborted === true) takeBack();
    else signal?.addEventListener("abort", takeBack);
  });
}

/** Lets the event loop turn at least once, and waits until `untilMs` or the signal. */
function sleepUntil(untilMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const delayMs = untilMs - performance.now();
    if (delayMs < 1 || signal?.aborted === true) {
      setImmediate(resolve);
      return;
    }
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, delayMs);
    signal?.addEventListener("abort", wake);
  });
}

/** What a timer can hold; Node takes more for 1 ms. Some 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;
