/**
 * The send buffer: the bytes of one peer that wait for the flush, in the order
 * of sending, and the places of the messages that can still be replaced or
 * dropped.
 *
 *     append, replace ──▶ bytes ── writeTo: one write ──▶ link
 *     dropFirst ────────▶ ┘
 *
 * Its memory comes from a pool, and goes back with the write. Knows no limit, no
 * time and no peer.
 */
import type { Link } from "../../port/link.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import { KeyedSpans, type MessageKey, type Span } from "./keyed-spans.ts";

/** Bytes that wait for the flush. */
export class SendBuffer {
  /** Bytes that wait. */
  length = 0;

  readonly #pool: BufferPool;
  #bytes: Uint8Array | undefined;
  /** Where the waiting bytes begin: further on where some were dropped. */
  #startOffset = 0;
  /** The messages that can be replaced or dropped. */
  #spans: KeyedSpans | undefined;
  /** How many messages without a key were appended. */
  #epoch = 0;

  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  /** Whether nothing was appended since the last write; a message of 0 bytes counts. */
  get isEmpty(): boolean {
    return this.#bytes === undefined;
  }

  /** Whether a message that waits could still be replaced or dropped. */
  get isChangeable(): boolean {
    return this.#spans?.isEmpty === false;
  }

  /** The message of `key` that waits, if any. Good until the next change. */
  find(key: MessageKey): Readonly<Span> | undefined {
    return this.#spans?.find(key);
  }

  /** How many bytes wait in front of a message. */
  bytesAhead({ start }: Readonly<Span>): number {
    return start - this.#startOffset;
  }

  /** Appends a message that none with a key may pass. */
  append(bytes: Uint8Array): void {
    this.#epoch++;
    this.#copy(bytes);
  }

  /** The same, for a message that {@link dropFirst} may drop. */
  appendDroppable(bytes: Uint8Array): void {
    this.#epoch++;
    this.appendKeyed({}, bytes); // a key of its own, which nobody has
  }

  /** Appends a message that a later one of the same `key` can replace. None of that key waits. */
  appendKeyed(key: MessageKey, bytes: Uint8Array): void {
    this.#copy(bytes); // which may move the others, and their spans
    this.#spans ??= new KeyedSpans();
    const start = this.#startOffset + this.length - bytes.length;
    this.#spans.append(key, { start, length: bytes.length, epoch: this.#epoch });
  }

  /** Puts `bytes` in the place of `old`, the message of `key`; at the end, where a message without a key stands between. */
  replace(key: MessageKey, old: Readonly<Span>, bytes: Uint8Array): void {
    if (old.epoch === this.#epoch) this.#overwrite(key, old, bytes);
    else this.#move(key, old, bytes);
  }

  /** Drops the first of the messages that can be dropped, and answers its length; 0 when there is none. */
  dropFirst(): number {
    const length = this.#spans?.shift() ?? 0;
    this.#startOffset += length;
    this.length -= length;
    return length;
  }

  /** Writes all that waits to `link`, and forgets it. `false` when the link keeps the bytes. */
  writeTo(link: Pick<Link, "write">): boolean {
    const bytes = this.#bytes;
    if (bytes === undefined) return true;
    const waiting = bytes.subarray(this.#startOffset, this.#startOffset + this.length);
    this.#forget();
    const hasGone = link.write(waiting);
    if (hasGone) this.#pool.release(bytes); // else it is the link's now
    return hasGone;
  }

  /** Forgets what waits. */
  clear(): void {
    if (this.#bytes !== undefined) this.#pool.release(this.#bytes);
    this.#forget();
  }

  /** What stands behind the message moves when it must. */
  #overwrite(key: MessageKey, old: Readonly<Span>, bytes: Uint8Array): void {
    const more = bytes.length - old.length;
    const buffer = this.#roomFor(this.length + more);
    const { start, length } = old; // as they are now
    if (more !== 0) {
      buffer.copyWithin(start + bytes.length, start + length, this.#startOffset + this.length);
      this.#spans?.resize(key, bytes.length);
    }
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

  /** The buffer, with room for so many bytes. Room that was dropped is used again once it is half, so a byte moves twice at most. */
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
    this.#spans?.clear();
  }
}
