/**
 * When the next tick comes: at a fixed rate, or with a page's animation frames.
 * The only place where time is waited for. Runs in Node and in a page, and so
 * asks at each call what there is.
 */

/** The times of a loop's ticks. */
export interface Pace {
  /** Ticks that were left out because the one before took too long. */
  readonly overruns: number;
  /** A tick begins: the game time that it stands for, in milliseconds. */
  begin(): number;
  /** Waits until the next tick, or the signal; others have at least one turn meanwhile. */
  rest(signal: AbortSignal | undefined): Promise<void>;
}

/** Ticks at `rateHz`, laid out from now on, so that the rate does not drift. */
export function fixedPace(rateHz: number): Pace {
  const periodMs = 1_000 / rateHz;
  const startMs = performance.now();
  let period = 0; // that of the next tick
  let first = true;
  const pace = {
    overruns: 0,
    begin() {
      const due = Math.max(period, Math.floor((performance.now() - startMs) / periodMs));
      const leftOut = due - period;
      const periods = first ? 0 : 1 + leftOut;
      first = false;
      pace.overruns += leftOut;
      period = due + 1;
      return periods * periodMs;
    },
    rest: (signal: AbortSignal | undefined) => sleepUntil(startMs + period * periodMs, signal),
  };
  return pace;
}

/**
 * A tick with each of the page's animation frames, but no more than `mostHz` a
 * second. A hidden page has no animation frames: then a tick comes with each
 * arrival, which `onNews` tells, and as often as the browser lets timers run,
 * once a second mostly, so that a connection is kept alive and taken from.
 *
 * @throws TypeError where there are no animation frames
 */
export function animationPace(mostHz: number, onNews: (wake: () => void) => () => void): Pace {
  if (typeof machine.requestAnimationFrame !== "function") {
    throw new TypeError('pace: "animation" needs a page, and there is no requestAnimationFrame here');
  }
  const periodMs = 1_000 / mostHz;
  let beganMs: number | undefined;
  let dueMs = 0;
  return {
    overruns: 0,
    begin() {
      const nowMs = performance.now();
      const dtMs = nowMs - (beganMs ?? nowMs);
      beganMs = nowMs;
      dueMs = Math.max(dueMs + periodMs, nowMs);
      return dtMs;
    },
    async rest(signal) {
      // A frame that comes a little early is the one that is meant.
      const earliestMs = dueMs - periodMs / 8;
      do await animationFrame(onNews, signal);
      while (performance.now() < earliestMs && signal?.aborted !== true && machine.document?.hidden !== true);
    },
  };
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

/** Lets others have at least one turn, and waits until `untilMs` or the signal. */
function sleepUntil(untilMs: number, signal: AbortSignal | undefined): Promise<void> {
  const delayMs = untilMs - performance.now();
  return firstOf(signal, (wake) => {
    if (delayMs < 1 || signal?.aborted === true) {
      afterThisTurn(wake);
      return () => {};
    }
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  });
}

/** Waits for an animation frame, or what stands in for it while the page is hidden. */
function animationFrame(
  onNews: (wake: () => void) => () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { document } = machine;
  return firstOf(signal, (wake) => {
    const frame = machine.requestAnimationFrame?.(wake) as number;
    const isHidden = document?.hidden === true;
    const timer = isHidden ? setTimeout(wake, HIDDEN_PERIOD_MS) : undefined;
    const forget = isHidden ? onNews(() => afterThisTurn(wake)) : undefined;
    document?.addEventListener("visibilitychange", wake);
    return () => {
      machine.cancelAnimationFrame?.(frame);
      clearTimeout(timer);
      forget?.();
      document?.removeEventListener("visibilitychange", wake);
    };
  });
}

/** Resolves when `begin`'s wake is called or the signal aborts, whichever comes first, and takes the rest back. */
function firstOf(signal: AbortSignal | undefined, begin: (wake: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      takeBack();
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const takeBack = begin(wake);
    signal?.addEventListener("abort", wake);
  });
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
