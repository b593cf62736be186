/**
 * A buffer for the incomplete end of a stream: bytes that wait for the rest of
 * their message. It grows by doubling, so a message that arrives byte by byte
 * costs few copies, and releases a large allocation once it is empty. Knows no
 * messages and no limit: each decoder checks its own.
 */
export class PartialBuffer {
  #buffer: Uint8Array = EMPTY;
  #length = 0;

  /** How many bytes it holds. */
  get length(): number {
    return this.#length;
  }

  /** The held bytes, as a view that is valid until the next call. */
  get view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies the bytes from `start` to `end` behind the held ones. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#buffer.length) this.#grow(needed);
    this.#buffer.set(bytes.subarray(start, end), this.#length);
    this.#length = needed;
  }

  /** Drops the held bytes. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = EMPTY;
  }

  #grow(needed: number): void {
    const buffer = new Uint8Array(Math.max(FIRST_BYTES, needed, this.#buffer.length * 2));
    buffer.set(this.view);
    this.#buffer = buffer;
  }
}

const EMPTY = new Uint8Array(0);
/** The first allocation: most incomplete messages of a game are shorter. */
const FIRST_BYTES = 128;
/** A larger allocation is released when empty: one long message must not cost its memory for ever. */
const KEPT_BYTES = 1_024;
