/**
 * The shared run: what a listener says to all of its guests until they are
 * flushed, kept once.
 *
 *     broadcast ── begin ──▶ run ◀── join, extend ── outboxes
 *                             └── view: one write each ──▶ links
 *
 * An outbox that has nothing else to send has only a part of the run, from here
 * to there, and needs no store of its own. Its bytes are used again when nobody
 * has a part any more, unless a link keeps them. Knows no outbox: only how many
 * have a part.
 */
import type { BufferPool } from "../storage/buffer-pool.ts";

/** One run of bytes for many outboxes. */
export class BroadcastBuffer {
  readonly #pool: BufferPool;
  #store: Uint8Array | undefined;
  /** Bytes in the store. */
  #length = 0;
  /** Where the message that goes round stands, or will. */
  #start = 0;
  /** How many outboxes have a part. */
  #parts = 0;
  /** Whether a link keeps bytes of the store, which nobody may write to then. */
  #isKept = false;
  /** What was asked for last, and from where: mostly all ask for the same. */
  #view: Uint8Array | undefined;
  #viewFrom = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Another message goes round. It is copied by the first who takes it: what all refuse costs no room. */
  begin(): void {
    this.#start = this.#length;
  }

  /** A part begins, with the message that goes round. Answers where. */
  retain(message: Uint8Array): number {
    this.#parts++;
    this.#put(message);
    return this.#start;
  }

  /** A part that ends at `end` goes on with the message that goes round; `false` where others stand between. */
  extend(end: number, message: Uint8Array): boolean {
    if (end !== this.#start) return false;
    this.#put(message);
    return true;
  }

  /** The bytes of a part: the same object for all who have the same. They are not to be written to. */
  view(from: number, length: number): Uint8Array {
    const view = this.#view;
    if (view !== undefined && this.#viewFrom === from && view.length === length) return view;
    this.#viewFrom = from;
    return (this.#view = (this.#store ?? NOTHING).subarray(from, from + length));
  }

  /** A part is over. `isKept` says that a link keeps the bytes that it was given. */
  release(isKept: boolean): void {
    this.#isKept ||= isKept;
    this.#parts--;
    if (this.#parts > 0) return;
    this.#letGo();
    this.#store = undefined;
    this.#length = this.#start = 0;
  }

  #put(message: Uint8Array): void {
    if (this.#length > this.#start) return; // somebody has
    const length = this.#start + message.length;
    this.#roomFor(length).set(message, this.#start);
    this.#length = length;
  }

  #roomFor(needed: number): Uint8Array {
    const store = (this.#store ??= this.#pool.acquire(needed));
    if (needed <= store.length) return store;
    const larger = this.#pool.acquire(needed);
    larger.set(store.subarray(0, this.#start));
    this.#letGo();
    return (this.#store = larger);
  }

  /** The store is nobody's any more, or a link's. */
  #letGo(): void {
    if (this.#store !== undefined && !this.#isKept) this.#pool.release(this.#store);
    this.#isKept = false;
    this.#view = undefined;
  }
}

const NOTHING = new Uint8Array(0);
