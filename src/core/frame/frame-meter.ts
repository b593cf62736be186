/**
 * Measures frames: from the begin of a poll to the end of the last flush before the next
 * one. Each is told with the next poll, as only that ends it.
 */

/** Told of each frame. */
export interface FrameObserver {
  /** A frame has ended; it took so long, in milliseconds. */
  add(tookMs: number): void;
}

/** The meter of one poller that is measured. */
export class FrameMeter {
  readonly #clock: () => number;
  readonly #observers: FrameObserver[] = [];
  #beganMs: number | undefined;
  #endedMs = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  observe(observer: FrameObserver): void {
    this.#observers.push(observer);
  }

  /** A poll begins, and ends the frame before it. */
  begin(): void {
    if (this.#beganMs !== undefined) {
      for (const observer of this.#observers) observer.add(this.#endedMs - this.#beganMs);
    }
    this.#beganMs = this.#endedMs = this.#clock();
  }

  /** The poll or a flush has ended. */
  end(): void {
    this.#endedMs = this.#clock();
  }
}
