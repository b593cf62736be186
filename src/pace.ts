/**
 * When the next tick comes: at a moment, or with a page's animation frames. The
 * only place where time is waited for. Runs in Node and in a page, and so asks
 * at each call what there is.
 */

/** Calls `wake` when there is news, once. Answers how to take that back. */
export type OnActivity = (wake: () => void) => () => void;

/**
 * Waits until `untilMs` or the signal; the others have at least one turn
 * meanwhile. With `onActivity`: until the first animation frame from then on. A
 * hidden page has none; it waits for news, or as long as browsers let the timers
 * of such a page wait. A frame inside a page that is scrolled out of sight has
 * none either, and is not told that it is hidden, so that time bounds every wait.
 */
export function sleepUntil(
  untilMs: number,
  signal: AbortSignal | undefined,
  onActivity?: OnActivity,
): Promise<void> {
  const { document } = machine;
  const isHidden = document?.hidden === true;
  return new Promise((resolve) => {
    const waitMs = untilMs - performance.now();
    const delayMs = onActivity === undefined ? waitMs : Math.max(waitMs, HIDDEN_PERIOD_MS);
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let forget: (() => void) | undefined;
    const wake = (): void => {
      machine.cancelAnimationFrame?.(frame);
      clearTimeout(timer);
      forget?.();
      signal?.removeEventListener("abort", wake);
      document?.removeEventListener("visibilitychange", wake);
      resolve();
    };
    const awaitFrame = (): void => {
      frame =
        machine.requestAnimationFrame?.(() => (performance.now() < untilMs ? awaitFrame() : wake())) ?? 0;
    };
    signal?.addEventListener("abort", wake);
    if (onActivity !== undefined) document?.addEventListener("visibilitychange", wake);
    if (onActivity !== undefined && !isHidden) awaitFrame();
    if (delayMs < 1 || signal?.aborted === true) afterThisTurn(wake);
    else timer = setTimeout(wake, delayMs);
    if (isHidden) forget = onActivity?.(() => afterThisTurn(wake));
  });
}

/** Whether there are animation frames here. */
export function hasAnimationFrames(): boolean {
  return machine.requestAnimationFrame !== undefined;
}

/** Calls back when everything else that is due had its turn; not a timer, as pages slow those down. */
export function afterThisTurn(callback: () => void): void {
  if (machine.setImmediate !== undefined) {
    machine.setImmediate(callback);
    return;
  }
  const { port1, port2 } = new machine.MessageChannel();
  port1.onmessage = () => {
    port1.close();
    callback();
  };
  port2.postMessage(undefined);
}

/** What Node and a page have each in its own way; neither's types are loaded for the other. */
interface Machine {
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

const machine = globalThis as unknown as Machine;
/** Browsers let a hidden page's timers run once a second, so more often would be no use. */
const HIDDEN_PERIOD_MS = 1_000;
