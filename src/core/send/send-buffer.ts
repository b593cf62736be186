/**
 * The send buffer: the bytes to one peer that wait for the flush, in the order
 * of sending, and the positions of the messages that can still be replaced or
 * dropped.
 *
 *     append, replace ──▶ bytes ── writeTo: one write ──▶ link
 *     dropFirst ────────▶ ┘
 *
 * Its memory comes from a pool, and returns to it with the write. Knows no limit
 * and no peer; the time of a replacement is its caller's.
 */
import type { Link } from "../../port/link.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import { type ChainedSpan, KeyedSpans, type MessageKey, type Span } from "./keyed-spans.ts";

/** The send buffer of one connection. */
export class SendBuffer {
  /** The number of waiting bytes. */
  length = 0;

  readonly #pool: BufferPool;
  #bytes: Uint8Array | undefined;
  /** The position of the first waiting byte; above 0 after messages were dropped. */
  #startOffset = 0;
  /** The messages that can be replaced or dropped. */
  #spans: KeyedSpans | undefined;
  /** The number of messages without a key that were appended. */
  #epoch = 0;
  /** Whether a message was replaced where it stands. */
  #hasReplaced = false;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Whether nothing was appended since the last write; a message of 0 bytes counts. */
  get isEmpty(): boolean {
    return this.#bytes === undefined;
  }

  /** Whether a waiting message could still be replaced or dropped. */
  get isChangeable(): boolean {
    return this.#spans?.isEmpty === false;
  }

  /** The waiting message of `key`; `undefined` when there is none. Valid until the next change. */
  find(key: MessageKey): Readonly<Span> | undefined {
    return this.#spans?.find(key);
  }

  /** The number of bytes that wait ahead of a message. */
  bytesAhead({ start }: Readonly<Span>): number {
    return start - this.#startOffset;
  }

  /** Appends a message that later keyed messages stay behind. */
  append(bytes: Uint8Array): void {
    this.#epoch++;
    this.#copy(bytes);
  }

  /** The same, for a message that {@link dropFirst} may drop. */
  appendDroppable(bytes: Uint8Array): void {
    this.#epoch++;
    this.appendKeyed({}, bytes); // a new object is a key that no other message has
  }

  /** Appends a message that a later one of the same `key` can replace. No other message of that key may wait. */
  appendKeyed(key: MessageKey, bytes: Uint8Array): void {
    this.#copy(bytes); // this may move the other messages and their spans
    this.#spans ??= new KeyedSpans();
    const start = this.#startOffset + this.length - bytes.length;
    this.#spans.append(key, { start, length: bytes.length, epoch: this.#epoch });
  }

  /**
   * Replaces `old`, the message of `key`, with `bytes`: in place, or at the end if a
   * message without a key follows it. Returns whether it was in place.
   */
  replace(key: MessageKey, old: Readonly<Span>, bytes: Uint8Array, nowMs: number): boolean {
    const isInPlace = old.epoch === this.#epoch;
    if (isInPlace) this.#overwrite(old, bytes, nowMs);
    else this.#move(key, old, bytes);
    return isInPlace;
  }

  /** Whether a waiting message was replaced in place. */
  get hasReplaced(): boolean {
    return this.#hasReplaced;
  }

  /** The first of the messages that can be replaced or dropped, with those behind it. */
  get firstSpan(): ChainedSpan | undefined {
    return this.#spans?.first;
  }

  /** Drops the first of the messages that can be dropped. Returns its length; 0 when there is none. */
  dropFirst(): number {
    const length = this.#spans?.shift() ?? 0;
    this.#startOffset += length;
    this.length -= length;
    return length;
  }

  /** Writes all waiting bytes to `link`, and empties the buffer. Returns `false` when the link keeps the bytes. */
  writeTo(link: Pick<Link, "write">): boolean {
    const bytes = this.#bytes;
    if (bytes === undefined) return true;
    const waiting = bytes.subarray(this.#startOffset, this.#startOffset + this.length);
    this.#forget();
    const hasGone = link.write(waiting);
    if (hasGone) this.#pool.release(bytes); // otherwise the link owns it now
    return hasGone;
  }

  /** Drops all waiting bytes. */
  clear(): void {
    if (this.#bytes !== undefined) this.#pool.release(this.#bytes);
    this.#forget();
  }

  /** Overwrites a message in place; moves the bytes behind it when the length differs. */
  #overwrite(old: Readonly<Span>, bytes: Uint8Array, nowMs: number): void {
    const more = bytes.length - old.length;
    const buffer = this.#roomFor(this.length + more);
    const { start, length } = old; // read after `#roomFor`, which may have moved them
    if (more !== 0) {
      buffer.copyWithin(start + bytes.length, start + length, this.#startOffset + this.length);
    }
    this.#spans?.replace(old, bytes.length, nowMs);
    this.#hasReplaced = true;
    buffer.set(bytes, start);
    this.length += more;
  }

  #move(key: MessageKey, { start, length }: Readonly<Span>, bytes: Uint8Array): void {
    this.#bytes?.copyWithin(start, start + length, this.#startOffset + this.length);
    this.#spans?.remove(key);
    this.length -= length;
    this.appendKeyed(key, bytes);
  }

  #copy(bytes: Uint8Array): void {
    const buffer = this.#roomFor(this.length + bytes.length);
    buffer.set(bytes, this.#startOffset + this.length);
    this.length += bytes.length;
  }

  /**
   * Returns the buffer, with room for `needed` bytes. Dropped space is reused once it
   * is half of the buffer, so a byte moves at most twice.
   */
  #roomFor(needed: number): Uint8Array {
    const buffer = (this.#bytes ??= this.#pool.acquire(needed));
    const start = this.#startOffset;
    if (start + needed <= buffer.length) return buffer;
    const mayStay = needed <= buffer.length && 2 * start >= buffer.length;
    const next = mayStay ? buffer : this.#pool.acquire(Math.max(needed, buffer.length * 2));
    next.set(buffer.subarray(start, start + this.length));
    if (!mayStay) this.#pool.release(buffer);
    this.#spans?.moveBy(-start);
    this.#startOffset = 0;
    return (this.#bytes = next);
  }

  #forget(): void {
    this.#bytes = undefined;
    this.#startOffset = 0;
    this.length = 0;
    this.#hasReplaced = false;
    this.#spans?.clear();
  }
}
