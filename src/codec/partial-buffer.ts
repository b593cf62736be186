/**
 * The unfinished end of a stream: bytes that wait for the rest of their
 * message. Grows by doubling, so a message that comes byte by byte costs no
 * more than a few copies, and lets a large store go once it is empty.
 */
export class PartialBuffer {
  #store: Uint8Array = EMPTY;
  #length = 0;

  /** How many bytes are held. */
  get length(): number {
    return this.#length;
  }

  /** What is held, as a view that is good until the next call. */
  get view(): Uint8Array {
    return this.#store.subarray(0, this.#length);
  }

  /** Copies bytes from `start` to `end` behind what is held. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#store.length) this.#grow(needed);
    this.#store.set(bytes.subarray(start, end), this.#length);
    this.#length = needed;
  }

  /** Forgets what is held. */
  clear(): void {
    this.#length = 0;
    if (this.#store.length > KEPT_BYTES) this.#store = EMPTY;
  }

  #grow(needed: number): void {
    const store = new Uint8Array(Math.max(FIRST_BYTES, needed, this.#store.length * 2));
    store.set(this.view);
    this.#store = store;
  }
}

const EMPTY = new Uint8Array(0);
/** The first store: most half messages of a game are shorter. */
const FIRST_BYTES = 128;
/** A store above this is given back when empty: one long message must not cost memory for ever. */
const KEPT_BYTES = 1_024;
