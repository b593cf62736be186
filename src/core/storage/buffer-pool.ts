/**
 * The buffer pool: reused buffers for bytes that wait to be sent. Most connections
 * are silent most of the time, and a silent one should hold no memory. One pool
 * serves a poller; it knows nothing of the contents of its buffers.
 */

/** A pool of buffers by size. */
export class BufferPool {
  /** The free buffers, indexed by the base-2 logarithm of their size, which is a power of two. */
  readonly #free: Uint8Array[][] = [];

  /** Returns a buffer of at least `minBytes`. */
  acquire(minBytes: number): Uint8Array {
    const power = Math.ceil(Math.log2(Math.max(minBytes, SMALLEST_BYTES)));
    return this.#free[power]?.pop() ?? new Uint8Array(2 ** power);
  }

  /** Takes back a buffer that is no longer read or written. */
  release(buffer: Uint8Array): void {
    if (buffer.length > LARGEST_BYTES) return;
    const free = (this.#free[Math.log2(buffer.length)] ??= []);
    if (free.length * buffer.length < KEPT_BYTES) free.push(buffer);
  }
}

/** Enough for most of what a game sends to one peer in a frame; larger sizes double. */
const SMALLEST_BYTES = 1_024;
/** A larger buffer is rare, and is left to the garbage collector. */
const LARGEST_BYTES = 65_536;
/** 4 MiB of each size, 28 in total: enough for 4,096 connections that send little in a frame, or 64 that send much. */
const KEPT_BYTES = 4_194_304;
