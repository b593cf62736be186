/**
 * The outbox: what the game sent in this frame, one run of bytes until the
 * flush, and the account of what the link has not sent yet.
 *
 *     trySend ── queue ──▶ store ── flush: one write ──▶ link ── drained ──▶ gone
 *
 * A link that is behind is not given more: what waits here can still be
 * replaced by what is newer, and lies closer together. Stores come from a pool:
 * most connections are silent most of the time, and a silent one should hold no
 * memory. Knows nothing of states.
 */
import { Backlog } from "./backlog.ts";
import type { Limits } from "./limits.ts";
import type { Link } from "./link.ts";
import { type Key, type Span, Spans } from "./spans.ts";

/** The limits that act on what is sent. */
export type OutboxLimits = Pick<Limits, "sendLimitBytes" | "sendOverflow" | "unsentTimeoutMs">;

/** Bytes on their way out, in the order they were sent, under a limit. */
export class Outbox {
  /** The most that ever waited, in bytes. */
  peakBytes = 0;
  /** Messages that were ever dropped to make room, and their bytes. */
  droppedMessages = 0;
  droppedBytes = 0;

  readonly #link: Link;
  readonly #pool: StorePool;
  readonly #limits: OutboxLimits;
  readonly #backlog: Backlog;
  #store: Uint8Array | undefined;
  /** Where in the store what waits begins: behind what was dropped. */
  #from = 0;
  #storedBytes = 0;
  #inLinkBytes = 0;
  /** All that ever left, in bytes. */
  #goneBytes = 0;
  #refused = false;
  /** Where the messages that may be replaced or dropped stand in the store. */
  #spans: Spans | undefined;

  constructor(link: Link, pool: StorePool, limits: OutboxLimits) {
    this.#link = link;
    this.#pool = pool;
    this.#limits = limits;
    this.#backlog = new Backlog(limits.unsentTimeoutMs / MARKS);
  }

  /** Bytes that wait for the flush. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Bytes that have not left: those that wait here, and those in the link. */
  get pendingBytes(): number {
    return this.#storedBytes + this.#inLinkBytes;
  }

  /** Since when the oldest byte that was flushed waits, in polled time; `Infinity` when none does. */
  get oldestMs(): number {
    return this.#backlog.oldestMs;
  }

  /** Whether bytes were refused and nobody was told of room since. */
  get owesRoomNews(): boolean {
    return this.#refused;
  }

  /** Whether bytes were refused and half of the limit is free again; says so once. */
  takeRoomNews(): boolean {
    if (!this.#refused || this.pendingBytes > this.#limits.sendLimitBytes / 2) return false;
    this.#refused = false;
    return true;
  }

  /**
   * Copies `bytes` behind what waits, or over the message of the same `key`
   * where one waits. `"refused"`, and nothing is copied, when they do not fit
   * under the limit now, and no room may be made.
   *
   * @throws RangeError when they never could
   */
  queue(bytes: Uint8Array, key?: Key): "queued" | "replaced" | "refused" {
    const { sendLimitBytes } = this.#limits;
    if (bytes.length > sendLimitBytes) {
      throw new RangeError(
        `message: ${bytes.length} bytes can never fit under sendLimitBytes, ${sendLimitBytes}`,
      );
    }
    if (this.#mayDrop && this.#inLinkBytes + bytes.length <= sendLimitBytes) {
      while (this.#pendingWith(bytes, key) > sendLimitBytes) this.#dropOldest();
    }
    const pending = this.#pendingWith(bytes, key);
    if (pending > sendLimitBytes) {
      this.#refused = true;
      return "refused";
    }
    if (pending > this.peakBytes) this.peakBytes = pending;
    const old = this.#find(key);
    if (old !== undefined && key !== undefined) this.#overwrite(key, old, bytes);
    else if (key !== undefined || this.#mayDrop) this.#appendFor(key ?? {}, bytes);
    else this.#append(bytes);
    return old === undefined ? "queued" : "replaced";
  }

  /**
   * Writes everything that waits here to the link, at once. While the link is
   * behind, it waits on, unless it is the last or a large batch that nothing
   * can replace.
   */
  flush(isLast: boolean): void {
    const store = this.#store;
    if (store === undefined || (!isLast && this.#shouldWait)) return;
    const length = this.#storedBytes;
    const bytes = store.subarray(this.#from, this.#from + length);
    this.#forget();
    if (this.#link.write(bytes)) {
      this.#left(length);
      this.#pool.giveBack(store);
    } else this.#inLinkBytes += length; // and the store is the link's now
  }

  /** The frame's time, for the age of what was flushed and has not left. */
  mark(nowMs: number): void {
    this.#backlog.mark(this.#goneBytes + this.pendingBytes, nowMs);
  }

  /** So many of the bytes in the link have gone. */
  drained(sizeBytes: number): void {
    this.#inLinkBytes -= sizeBytes;
    this.#left(sizeBytes);
  }

  /** Forgets what waits here. */
  clear(): void {
    if (this.#store !== undefined) this.#pool.giveBack(this.#store);
    this.#forget();
  }

  get #mayDrop(): boolean {
    return this.#limits.sendOverflow === "drop-oldest";
  }

  /** The link is behind, and what waits here gains by waiting. */
  get #shouldWait(): boolean {
    if (this.#inLinkBytes === 0) return false;
    return this.#storedBytes < BATCH_BYTES || this.#spans?.isEmpty === false;
  }

  #find(key: Key | undefined): Readonly<Span> | undefined {
    return key === undefined ? undefined : this.#spans?.find(key);
  }

  /** What would wait with these bytes, where they may replace others. */
  #pendingWith(bytes: Uint8Array, key: Key | undefined): number {
    return this.pendingBytes + bytes.length - (this.#find(key)?.length ?? 0);
  }

  /** Forgets the oldest message that the link has not been given. */
  #dropOldest(): void {
    const length = this.#spans?.shift() ?? 0;
    this.#from += length;
    this.#storedBytes -= length;
    this.droppedMessages++;
    this.droppedBytes += length;
  }

  #left(sizeBytes: number): void {
    this.#goneBytes += sizeBytes;
    this.#backlog.pass(this.pendingBytes === 0 ? Infinity : this.#goneBytes);
  }

  #append(bytes: Uint8Array): void {
    const store = this.#roomFor(this.#storedBytes + bytes.length);
    store.set(bytes, this.#from + this.#storedBytes);
    this.#storedBytes += bytes.length;
  }

  #appendFor(key: Key, bytes: Uint8Array): void {
    this.#spans ??= new Spans();
    this.#append(bytes); // which may move the others, and then tells them
    this.#spans.append(key, this.#from + this.#storedBytes - bytes.length, bytes.length);
  }

  /** Puts `bytes` where the message at `old` stands; what stands behind it moves when it must. */
  #overwrite(key: Key, old: Readonly<Span>, bytes: Uint8Array): void {
    const more = bytes.length - old.length;
    const store = this.#roomFor(this.#storedBytes + more);
    const { start, length } = old; // as they are now
    if (more !== 0) {
      store.copyWithin(start + bytes.length, start + length, this.#from + this.#storedBytes);
      this.#spans?.resize(key, bytes.length);
    }
    store.set(bytes, start);
    this.#storedBytes += more;
  }

  /** The store, with room for so many bytes from `#from` on. */
  #roomFor(needed: number): Uint8Array {
    const store = (this.#store ??= this.#pool.borrow());
    if (this.#from + needed <= store.length) return store;
    const waits = store.subarray(this.#from, this.#from + this.#storedBytes);
    // Room that was dropped is used again once it is half of the store, so each byte moves once or twice.
    const isWide = needed <= store.length && 2 * this.#from >= store.length;
    const next = isWide ? store : new Uint8Array(Math.max(needed, store.length * 2));
    next.set(waits);
    this.#spans?.moveBy(-this.#from);
    this.#from = 0;
    if (next !== store) this.#pool.giveBack(store);
    return (this.#store = next);
  }

  #forget(): void {
    this.#store = undefined;
    this.#from = 0;
    this.#storedBytes = 0;
    this.#spans?.clear();
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

/**
 * What is worth giving to a link that is behind: 64 KiB, some system calls'
 * worth. Less would lie there in a store of its own, a thousand bytes for a
 * message of twenty; more may wait for a frame too long.
 */
const BATCH_BYTES = 65_536;
/** What a game says to one peer in one frame mostly fits; more grows by doubling. */
const STORE_BYTES = 1_024;
/** 4 MiB at the most: enough for 4,096 connections that send in the same frame. */
const KEPT_STORES = 4_096;
/** How many marks tell the age of what is unsent: right to a second in a minute. */
const MARKS = 64;
