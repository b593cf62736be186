/**
 * The age of the oldest byte that was flushed and has not left. Marks say up to
 * which byte the bytes waited at which time; a mark goes when those have left.
 * Marks that are close in time are one, so a peer that takes nothing costs a
 * bounded number of them. Bytes are counted from the first that was ever sent.
 */

/** The age of what waits to leave. */
export class UnsentAge {
  readonly #stepMs: number;
  readonly #marks: Mark[] = [];
  /** All bytes that ever left. */
  #goneBytes = 0;

  /** @param stepMs marks closer than this are one, and a byte may be that much older than is said */
  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  /** Since when the oldest byte waits, in polled time; `Infinity` when none does, the usual case. */
  get oldestMs(): number {
    return this.#marks[0]?.lastMs ?? Infinity;
  }

  /** At `nowMs` the next `pendingBytes` bytes wait. */
  mark(pendingBytes: number, nowMs: number): void {
    const upTo = this.#goneBytes + pendingBytes;
    const last = this.#marks.at(-1);
    if (last !== undefined && upTo <= last.upTo) return; // these are known
    if (last === undefined || nowMs - last.firstMs >= this.#stepMs) {
      this.#marks.push({ upTo, firstMs: nowMs, lastMs: nowMs });
    } else {
      last.upTo = upTo;
      last.lastMs = nowMs;
    }
  }

  /** The next `sizeBytes` bytes have left, and `pendingBytes` wait behind them. */
  onBytesLeft(sizeBytes: number, pendingBytes: number): void {
    this.#goneBytes += sizeBytes;
    if (this.#marks.length > 0) this.#prune(pendingBytes);
  }

  /** `sizeBytes` bytes behind the next `bytesAhead` will never leave. `pendingBytes` wait then. */
  onBytesDropped(bytesAhead: number, sizeBytes: number, pendingBytes: number): void {
    const start = this.#goneBytes + bytesAhead;
    for (const mark of this.#marks) {
      if (mark.upTo > start) mark.upTo = Math.max(start, mark.upTo - sizeBytes);
    }
    this.#prune(pendingBytes);
  }

  #prune(pendingBytes: number): void {
    const gone = pendingBytes === 0 ? Infinity : this.#goneBytes;
    for (let first = this.#marks[0]; first !== undefined && first.upTo <= gone; first = this.#marks[0]) {
      this.#marks.shift();
    }
  }
}

interface Mark {
  upTo: number;
  readonly firstMs: number;
  lastMs: number;
}
