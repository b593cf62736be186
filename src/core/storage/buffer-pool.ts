/**
 * The buffer pool: buffers for what waits to be sent, used again and again. Most
 * connections are silent most of the time, and a silent one should hold no
 * memory. One pool serves a poller; it knows nothing of what its buffers hold.
 */

/** Buffers by size. */
export class BufferPool {
  /** Those that nobody has, each size, a power of two, on a shelf of its own. */
  readonly #shelves: Uint8Array[][] = [];

  /** A buffer of `needed` bytes or more. */
  acquire(needed: number): Uint8Array {
    const power = Math.ceil(Math.log2(Math.max(needed, SMALLEST_BYTES)));
    return this.#shelves[power]?.pop() ?? new Uint8Array(2 ** power);
  }

  /** Takes a buffer back that nobody reads or writes any more. */
  release(buffer: Uint8Array): void {
    if (buffer.length > LARGEST_BYTES) return;
    const shelf = (this.#shelves[Math.log2(buffer.length)] ??= []);
    if (shelf.length * buffer.length < KEPT_BYTES) shelf.push(buffer);
  }
}

/** What a game says to one peer in one frame mostly fits; more grows by doubling. */
const SMALLEST_BYTES = 1_024;
/** A larger one is rare, and is left to the garbage collector. */
const LARGEST_BYTES = 65_536;
/** 4 MiB of each size, 28 in all: for 4,096 connections that send a little in the same frame, or 64 that send much. */
const KEPT_BYTES = 4_194_304;
