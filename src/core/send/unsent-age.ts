/**
 * The age of the oldest byte that was flushed and has not left. Each mark pairs a
 * byte position with the time when the bytes before it waited; it is removed when
 * they have left. Marks close in time merge, which bounds their number for a peer
 * that takes nothing. Positions count from the first byte that was ever sent.
 */

/** The age of the unsent bytes of one connection. */
export class UnsentAge {
  readonly #stepMs: number;
  readonly #marks: Mark[] = [];
  /** The number of bytes that ever left. */
  #goneBytes = 0;

  /** @param stepMs marks closer than this merge, so a byte may be that much older than measured */
  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  /** The time since which the oldest byte waits, in polled time; `Infinity` when none waits, the usual case. */
  get oldestMs(): number {
    return this.#marks[0]?.lastMs ?? Infinity;
  }

  /** Marks that the next `pendingBytes` bytes wait at `nowMs`. */
  mark(pendingBytes: number, nowMs: number): void {
    const upTo = this.#goneBytes + pendingBytes;
    const last = this.#marks.at(-1);
    if (last !== undefined && upTo <= last.upTo) return; // earlier marks cover these bytes
    if (last === undefined || nowMs - last.firstMs >= this.#stepMs) {
      this.#marks.push({ upTo, firstMs: nowMs, lastMs: nowMs });
    } else {
      last.upTo = upTo;
      last.lastMs = nowMs;
    }
  }

  /** Removes the marks of the next `sizeBytes` bytes, which have left; `pendingBytes` wait behind them. */
  onBytesLeft(sizeBytes: number, pendingBytes: number): void {
    this.#goneBytes += sizeBytes;
    if (this.#marks.length > 0) this.#prune(pendingBytes);
  }

  /** Takes out `sizeBytes` bytes behind the next `bytesAhead`, which will never leave; `pendingBytes` still wait. */
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
