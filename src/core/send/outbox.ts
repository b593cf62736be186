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

import type { Link } from "../../port/link.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import type { BroadcastBuffer } from "./broadcast-buffer.ts";
import { KeyedSpans, type MessageKey, type Span } from "./keyed-spans.ts";

/** Bytes on their way out, in the order they were sent, under a limit. */
export class Outbox {
  /** The most that ever waited, in bytes. */
  peakBytes = 0;

  readonly #link: Link;
  protected readonly pool: BufferPool;
  protected readonly limitBytes: number;
  protected store: Uint8Array | undefined;
  /** Bytes that wait for the flush. */
  storedBytes = 0;
  /** Where in the store they begin: further on where some were dropped. */
  protected from = 0;
  /** By how much the last message that replaced another was longer. */
  grownBytes = 0;
  protected inLinkBytes = 0;
  #refused = false;
  /** Where the messages that may be replaced stand in the store. */
  protected spans: KeyedSpans | undefined;
  /** How many messages without a key were queued. */
  #epoch = 0;

  constructor(link: Link, pool: BufferPool, limitBytes: number) {
    this.#link = link;
    this.pool = pool;
    this.limitBytes = limitBytes;
  }

  /** Bytes that have not left: those that wait here, and those in the link. */
  get pendingBytes(): number {
    return this.storedBytes + this.inLinkBytes;
  }

  /** Whether bytes were refused and half of the limit is free again. */
  get hasDrained(): boolean {
    return this.#refused && this.pendingBytes <= this.limitBytes / 2;
  }

  /** The same; says so once. */
  takeDrained(): boolean {
    const hasDrained = this.hasDrained;
    if (hasDrained) this.#refused = false;
    return hasDrained;
  }

  /**
   * Copies `bytes` behind what waits. Where a message of the same `key` waits it
   * goes: these take its place, or the end, where a message without a key
   * stands between. `"refused"`, and nothing is copied, when they do not fit
   * under the limit now.
   *
   * @param run where these bytes go round, when they do: a copy may be saved
   * @throws RangeError when they never could
   */
  queue(bytes: Uint8Array, key?: MessageKey, run?: BroadcastBuffer): Outcome {
    if (bytes.length > this.limitBytes) {
      throw new RangeError(
        `message: ${bytes.length} bytes can never fit under sendLimitBytes, ${this.limitBytes}`,
      );
    }
    const old = key === undefined ? undefined : this.spans?.find(key);
    const pending = this.pendingBytes + bytes.length - (old?.length ?? 0);
    if (pending > this.limitBytes) {
      this.#refused = true;
      return "refused";
    }
    if (pending > this.peakBytes) this.peakBytes = pending;
    if (key === undefined) this.append(bytes, run);
    else if (old === undefined) this.#appendFor(key, bytes);
    else if (old.epoch === this.#epoch) this.#overwrite(key, old, bytes);
    else this.#move(key, old, bytes);
    return old === undefined ? "queued" : "replaced";
  }

  /**
   * Writes everything that waits here to the link, at once. While the link is
   * behind, it waits on, unless it is the last or a large batch that nothing
   * can replace.
   */
  flush(isLast: boolean): void {
    const store = this.store;
    if (store === undefined || (!isLast && this.#shouldWait)) return;
    const hasGone = this.write(store.subarray(this.from, this.from + this.storedBytes));
    if (hasGone) this.pool.release(store); // else it is the link's now
  }

  /** So many of the bytes in the link have gone. */
  drained(sizeBytes: number): void {
    this.inLinkBytes -= sizeBytes;
    this.left(sizeBytes);
  }

  /** Forgets what waits here. */
  clear(): void {
    if (this.store !== undefined) this.pool.release(this.store);
    this.#forget();
  }

  /** Gives the link all that waits here, `bytes`; `false` when it keeps them. */
  protected write(bytes: Uint8Array): boolean {
    this.#forget();
    const hasGone = this.#link.write(bytes);
    if (hasGone) this.left(bytes.length);
    else this.inLinkBytes += bytes.length;
    return hasGone;
  }

  /** So many bytes have gone. */
  protected left(_sizeBytes: number): void {}

  /** The link is behind, and what waits here gains by waiting. */
  get #shouldWait(): boolean {
    if (this.inLinkBytes === 0) return false;
    return this.storedBytes < BATCH_BYTES || this.spans?.isEmpty === false;
  }

  /** Puts a message without a key behind all others. */
  protected append(bytes: Uint8Array, _run?: BroadcastBuffer): void {
    this.#epoch++;
    this.#copy(bytes);
  }

  /** Keeps in mind where the last message stands, of so many bytes. */
  protected span(key: MessageKey, length: number): void {
    this.spans ??= new KeyedSpans();
    this.spans.append(key, { start: this.from + this.storedBytes - length, length, epoch: this.#epoch });
  }

  #appendFor(key: MessageKey, bytes: Uint8Array): void {
    this.#copy(bytes); // which may move the others, and then tells them
    this.span(key, bytes.length);
  }

  #copy(bytes: Uint8Array): void {
    const store = this.roomFor(this.storedBytes + bytes.length);
    store.set(bytes, this.from + this.storedBytes);
    this.storedBytes += bytes.length;
  }

  /** Puts `bytes` where the message at `old` stands; what stands behind it moves when it must. */
  #overwrite(key: MessageKey, old: Readonly<Span>, bytes: Uint8Array): void {
    const more = bytes.length - old.length;
    const store = this.roomFor(this.storedBytes + more);
    const { start, length } = old; // as they are now
    if (more !== 0) {
      store.copyWithin(start + bytes.length, start + length, this.from + this.storedBytes);
      this.spans?.resize(key, bytes.length);
    }
    store.set(bytes, start);
    this.storedBytes += more;
    this.grownBytes = more;
  }

  /** Takes the message at `old` out, and puts `bytes` behind all others. */
  #move(key: MessageKey, { start, length }: Readonly<Span>, bytes: Uint8Array): void {
    this.store?.copyWithin(start, start + length, this.from + this.storedBytes);
    this.spans?.remove(key);
    this.storedBytes -= length;
    this.grownBytes = bytes.length - length;
    this.#appendFor(key, bytes);
  }

  /** The store, with room for so many bytes. */
  protected roomFor(needed: number): Uint8Array {
    const store = (this.store ??= this.pool.acquire(needed));
    if (needed <= store.length) return store;
    const larger = this.pool.acquire(needed);
    larger.set(store.subarray(0, this.storedBytes));
    this.pool.release(store);
    return (this.store = larger);
  }

  #forget(): void {
    this.store = undefined;
    this.from = 0;
    this.storedBytes = 0;
    this.spans?.clear();
  }
}

/** What became of a message that was to be queued. */
export type Outcome = "queued" | "replaced" | "refused";

/**
 * What is worth giving to a link that is behind: 64 KiB, some system calls'
 * worth. Less would lie there in a store of its own, a thousand bytes for a
 * message of twenty; more may wait for a frame too long.
 */
const BATCH_BYTES = 65_536;
