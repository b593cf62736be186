/**
 * The outbox: what the game sent in this frame, one run of bytes until the
 * flush, and the account of what the link has not sent yet.
 *
 *     trySend ── queue ──▶ store ── flush: one write ──▶ link ── drained ──▶ gone
 *
 * Stores come from a pool: most connections are silent most of the time, and a
 * silent one should hold no memory. Knows nothing of messages or states.
 */
import type { Link } from "./link.ts";

/** Bytes on their way out, in the order they were sent, under a limit. */
export class Outbox {
  /** The most that ever waited, in bytes. */
  peakBytes = 0;

  readonly #link: Link;
  readonly #pool: StorePool;
  readonly #limitBytes: number;
  #store: Uint8Array | undefined;
  #storedBytes = 0;
  #inLinkBytes = 0;
  #refused = false;

  constructor(link: Link, pool: StorePool, limitBytes: number) {
    this.#link = link;
    this.#pool = pool;
    this.#limitBytes = limitBytes;
  }

  /** Bytes that wait for the flush. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Bytes that have not left: those that wait here, and those in the link. */
  get pendingBytes(): number {
    return this.#storedBytes + this.#inLinkBytes;
  }

  /** Whether bytes were refused and nobody was told of room since. */
  get owesRoomNews(): boolean {
    return this.#refused;
  }

  /** Whether bytes were refused and half of the limit is free again; says so once. */
  takeRoomNews(): boolean {
    if (!this.#refused || this.pendingBytes > this.#limitBytes / 2) return false;
    this.#refused = false;
    return true;
  }

  /**
   * Copies `bytes` behind what waits. `false`, and nothing is copied, when they
   * do not fit under the limit now.
   *
   * @throws RangeError when they never could
   */
  queue(bytes: Uint8Array): boolean {
    if (bytes.length > this.#limitBytes) {
      throw new RangeError(
        `message: ${bytes.length} bytes can never fit under sendLimitBytes, ${this.#limitBytes}`,
      );
    }
    const pending = this.pendingBytes + bytes.length;
    if (pending > this.#limitBytes) {
      this.#refused = true;
      return false;
    }
    if (pending > this.peakBytes) this.peakBytes = pending;
    this.#roomFor(this.#storedBytes + bytes.length).set(bytes, this.#storedBytes);
    this.#storedBytes += bytes.length;
    return true;
  }

  /** Writes everything that waits here to the link, at once. */
  flush(): void {
    const store = this.#store;
    if (store === undefined) return;
    const length = this.#storedBytes;
    this.#store = undefined;
    this.#storedBytes = 0;
    if (this.#link.write(store.subarray(0, length))) this.#pool.giveBack(store);
    else this.#inLinkBytes += length; // and the store is the link's now
  }

  /** So many of the bytes in the link have gone. */
  drained(sizeBytes: number): void {
    this.#inLinkBytes -= sizeBytes;
  }

  /** Forgets what waits here. */
  clear(): void {
    if (this.#store !== undefined) this.#pool.giveBack(this.#store);
    this.#store = undefined;
    this.#storedBytes = 0;
  }

  #roomFor(needed: number): Uint8Array {
    const store = (this.#store ??= this.#pool.borrow());
    if (needed <= store.length) return store;
    const larger = new Uint8Array(Math.max(needed, store.length * 2));
    larger.set(store.subarray(0, this.#storedBytes));
    this.#pool.giveBack(store);
    return (this.#store = larger);
  }
}

/** Stores of one size, used again and again. One pool serves all outboxes of a poller. */
export class StorePool {
  readonly #idle: Uint8Array[] = [];

  borrow(): Uint8Array {
    return this.#idle.pop() ?? new Uint8Array(STORE_BYTES);
  }

  giveBack(store: Uint8Array): void {
    if (store.length === STORE_BYTES && this.#idle.length < KEPT_STORES) this.#idle.push(store);
  }
}

/** What a game says to one peer in one frame mostly fits; more grows by doubling. */
const STORE_BYTES = 1_024;
/** 4 MiB at the most: enough for 4,096 connections that send in the same frame. */
const KEPT_STORES = 4_096;
