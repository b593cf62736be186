/**
 * The broadcast buffer: the messages that a listener broadcasts, stored once for
 * all of its connections until these are flushed.
 *
 *     broadcast ── begin ──▶ bytes ◀── retain, extend ── broadcast parts
 *                             └── view: one write each ──▶ links
 *
 * An outbox that has nothing else to send has only a part of these bytes, and
 * needs no buffer of its own. The bytes are reused after the last part ends, unless
 * a link keeps them. Knows only the number of parts, and no outbox.
 */
import type { BufferPool } from "../storage/buffer-pool.ts";

/** The broadcast buffer of one listener. */
export class BroadcastBuffer {
  readonly #pool: BufferPool;
  #bytes: Uint8Array | undefined;
  /** The number of bytes in use. */
  #length = 0;
  /** The position of the current message, also before it is copied. */
  #start = 0;
  #partCount = 0;
  /** Whether a link keeps the bytes; they must not be written to then. */
  #isKept = false;
  /** The last view, with its start in `#viewStart`; most parts of a frame need the same one. */
  #view: Uint8Array | undefined;
  #viewStart = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Begins the next message. The first part that takes it copies it; a message that all refuse costs no space. */
  begin(): void {
    this.#start = this.#length;
  }

  /** Begins a part with the current message. Returns its position. */
  retain(message: Uint8Array): number {
    this.#partCount++;
    this.#put(message);
    return this.#start;
  }

  /** Extends a part that ends at `end` by the current message. Returns `false` when other messages lie between. */
  extend(end: number, message: Uint8Array): boolean {
    if (end !== this.#start) return false;
    this.#put(message);
    return true;
  }

  /** Returns the bytes of a part, which are read-only: one object for consecutive calls with the same range. */
  view(start: number, length: number): Uint8Array {
    const view = this.#view;
    if (view !== undefined && this.#viewStart === start && view.length === length) return view;
    this.#viewStart = start;
    return (this.#view = (this.#bytes ?? NOTHING).subarray(start, start + length));
  }

  /** Ends a part. `isKept` is whether a link keeps its bytes. */
  release(isKept: boolean): void {
    this.#isKept ||= isKept;
    this.#partCount--;
    if (this.#partCount > 0) return;
    this.#letGo();
    this.#bytes = undefined;
    this.#length = this.#start = 0;
  }

  #put(message: Uint8Array): void {
    if (this.#length > this.#start) return; // another part has copied it
    const length = this.#start + message.length;
    this.#roomFor(length).set(message, this.#start);
    this.#length = length;
  }

  #roomFor(needed: number): Uint8Array {
    const bytes = (this.#bytes ??= this.#pool.acquire(needed));
    if (needed <= bytes.length) return bytes;
    const larger = this.#pool.acquire(needed);
    larger.set(bytes.subarray(0, this.#start));
    this.#letGo();
    return (this.#bytes = larger);
  }

  /** Returns the bytes to the pool, unless a link keeps them. */
  #letGo(): void {
    if (this.#bytes !== undefined && !this.#isKept) this.#pool.release(this.#bytes);
    this.#isKept = false;
    this.#view = undefined;
  }
}

const NOTHING = new Uint8Array(0);
