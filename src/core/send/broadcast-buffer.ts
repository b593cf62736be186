/**
 * The broadcast buffer: what a listener broadcasts until its connections are
 * flushed, kept once for all of them.
 *
 *     broadcast ── begin ──▶ bytes ◀── retain, extend ── broadcast parts
 *                             └── view: one write each ──▶ links
 *
 * An outbox that has nothing else to send has only a part of these bytes, and
 * needs no buffer of its own. The bytes are used again when there is no part any
 * more, unless a link keeps them. Knows no outbox: only how many parts there are.
 */
import type { BufferPool } from "../storage/buffer-pool.ts";

/** Bytes for many outboxes. */
export class BroadcastBuffer {
  readonly #pool: BufferPool;
  #bytes: Uint8Array | undefined;
  /** How many of the bytes are used. */
  #length = 0;
  /** Where the current message lies, or will. */
  #start = 0;
  #partCount = 0;
  /** Whether a link keeps the bytes, which nobody may write to then. */
  #isKept = false;
  /** The view that was asked for last, and its start: mostly all parts ask for the same. */
  #view: Uint8Array | undefined;
  #viewStart = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Begins the next message. The first part that takes it copies it: a message that all refuse costs no room. */
  begin(): void {
    this.#start = this.#length;
  }

  /** Begins a part, with the current message. Answers where. */
  retain(message: Uint8Array): number {
    this.#partCount++;
    this.#put(message);
    return this.#start;
  }

  /** Extends a part that ends at `end` by the current message; `false` where others lie between. */
  extend(end: number, message: Uint8Array): boolean {
    if (end !== this.#start) return false;
    this.#put(message);
    return true;
  }

  /** The bytes of a part: the same object for all equal parts. They are not to be written to. */
  view(start: number, length: number): Uint8Array {
    const view = this.#view;
    if (view !== undefined && this.#viewStart === start && view.length === length) return view;
    this.#viewStart = start;
    return (this.#view = (this.#bytes ?? NOTHING).subarray(start, start + length));
  }

  /** Ends a part. `isKept` says that a link keeps the bytes that it was given. */
  release(isKept: boolean): void {
    this.#isKept ||= isKept;
    this.#partCount--;
    if (this.#partCount > 0) return;
    this.#letGo();
    this.#bytes = undefined;
    this.#length = this.#start = 0;
  }

  #put(message: Uint8Array): void {
    if (this.#length > this.#start) return; // another part has
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

  /** Gives the bytes back, unless a link keeps them. */
  #letGo(): void {
    if (this.#bytes !== undefined && !this.#isKept) this.#pool.release(this.#bytes);
    this.#isKept = false;
    this.#view = undefined;
  }
}

const NOTHING = new Uint8Array(0);
