/**
 * The wait for the next tick: until a time, or for an animation frame of a page.
 * Runs in Node and in a page, and so checks at each call which timers there are.
 * Knows no poller, and does not decide when the next tick is due.
 */

/** Calls `wake` once, when something arrives. Returns a function that unsubscribes. */
type OnActivity = (wake: () => void) => () => void;

/**
 * Waits until `untilMs` or until the signal aborts, and yields to the event loop at
 * least once. With `onActivity`, waits for the first animation frame at or after
 * `untilMs`. A hidden page has none: it waits for activity, or for the time that
 * browsers allow the timers of such a page. An iframe that is scrolled out of
 * sight has none either, and cannot know it, so this time bounds every wait.
 */
export function sleepUntil(
  untilMs: number,
  signal: AbortSignal | undefined,
  onActivity?: OnActivity,
): Promise<void> {
  const { document } = platform;
  const isHidden = document?.hidden === true;
  return new Promise((resolve) => {
    const waitMs = untilMs - performance.now();
    const delayMs = onActivity === undefined ? waitMs : Math.max(waitMs, HIDDEN_PERIOD_MS);
    let frame = 0;
    let cancelTimer: (() => void) | undefined;
    let unsubscribe: (() => void) | undefined;
    const wake = (): void => {
      platform.cancelAnimationFrame?.(frame);
      cancelTimer?.();
      unsubscribe?.();
      signal?.removeEventListener("abort", wake);
      document?.removeEventListener("visibilitychange", wake);
      resolve();
    };
    const awaitFrame = (): void => {
      frame =
        platform.requestAnimationFrame?.(() => (performance.now() < untilMs ? awaitFrame() : wake())) ?? 0;
    };
    signal?.addEventListener("abort", wake);
    if (onActivity !== undefined) document?.addEventListener("visibilitychange", wake);
    if (onActivity !== undefined && !isHidden) awaitFrame();
    if (delayMs < 1 || signal?.aborted === true) afterThisTurn(wake);
    else cancelTimer = startTimer(delayMs, wake);
    if (isHidden) unsubscribe = onActivity?.(() => afterThisTurn(wake));
  });
}

/** Calls `callback` after `delayMs`, however long that is. Returns a function that cancels it. */
export function startTimer(delayMs: number, callback: () => void): () => void {
  const endMs = performance.now() + delayMs;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number): void => {
    timer =
      leftMs > MAX_TIMER_MS
        ? setTimeout(() => wait(endMs - performance.now()), MAX_TIMER_MS)
        : setTimeout(callback, leftMs);
  };
  wait(delayMs);
  return () => clearTimeout(timer);
}

/** Whether the platform has animation frames. */
export function hasAnimationFrames(): boolean {
  return platform.requestAnimationFrame !== undefined;
}

/** Calls back after all other events of this turn of the event loop. Not a timer, as pages throttle timers. */
export function afterThisTurn(callback: () => void): void {
  if (platform.setImmediate !== undefined) {
    platform.setImmediate(callback);
    return;
  }
  const { port1, port2 } = new platform.MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}

/** The functions that only Node or only a page has. The types of neither are loaded for the other. */
interface Platform {
  readonly setImmediate?: (callback: () => void) => void;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: undefined): void };
  };
  readonly requestAnimationFrame?: (callback: () => void) => number;
  readonly cancelAnimationFrame?: (frame: number) => void;
  readonly document?: {
    readonly hidden: boolean;
    addEventListener(type: "visibilitychange", listener: () => void): void;
    removeEventListener(type: "visibilitychange", listener: () => void): void;
  };
}

const platform = globalThis as unknown as Platform;
/** Browsers run the timers of a hidden page once a second, so a shorter wait has no effect. */
const HIDDEN_PERIOD_MS = 1_000;
/** The longest delay of one timer, about 24 days; a longer one would end after 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;
