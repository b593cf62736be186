/**
 * The outbox: what the game sends to one peer, under a limit, and the account of
 * what the link has not sent yet.
 *
 *     trySend ──── push ──▶ send buffer ─────┐ flush: one write ──▶ link ── drained ──▶ gone
 *     broadcast ── push ──▶ broadcast part ──┘
 *
 * A link that is behind is not given more: a message that waits here can still be
 * replaced by a newer one, and lies closer to the others. The parts that only
 * some connections need are passed in. Knows no states.
 */
import type { Link } from "../../port/link.ts";
import type { BroadcastBuffer } from "./broadcast-buffer.ts";
import type { BroadcastPart } from "./broadcast-part.ts";
import type { MessageKey, Span } from "./keyed-spans.ts";
import type { SendBuffer } from "./send-buffer.ts";
import type { UnsentAge } from "./unsent-age.ts";

/** What an outbox is made of. */
export interface OutboxParts {
  readonly link: Link;
  readonly buffer: SendBuffer;
  /** The most that may wait, here and in the link, in bytes. */
  readonly limitBytes: number;
  /** Keeps the age of what was flushed, where somebody asks for it. */
  readonly age?: UnsentAge | undefined;
  /** Takes broadcasts, where they are shared. Not together with `onDrop`. */
  readonly part?: BroadcastPart | undefined;
  /** Called for each message that is dropped. Where it is given, the oldest messages make room for a new one. */
  readonly onDrop?: (() => void) | undefined;
}

/** Bytes on their way out, in the order they were sent, under a limit. */
export class Outbox {
  /** The most that ever waited, in bytes. */
  peakBytes = 0;
  /** By how much the last message that replaced another was longer, in bytes. */
  grownBytes = 0;

  readonly #link: Link;
  readonly #buffer: SendBuffer;
  readonly #limitBytes: number;
  readonly #age: UnsentAge | undefined;
  readonly #part: BroadcastPart | undefined;
  readonly #onDrop: (() => void) | undefined;
  #inLinkBytes = 0;
  #refused = false;

  constructor({ link, buffer, limitBytes, age, part, onDrop }: OutboxParts) {
    this.#link = link;
    this.#buffer = buffer;
    this.#limitBytes = limitBytes;
    this.#age = age;
    this.#part = part;
    this.#onDrop = onDrop;
  }

  /** Bytes that wait for the flush. */
  get storedBytes(): number {
    return this.#buffer.length + (this.#part?.length ?? 0);
  }

  /** Bytes that have not left: those that wait here, and those in the link. */
  get pendingBytes(): number {
    return this.storedBytes + this.#inLinkBytes;
  }

  /** Whether bytes were refused and half of the limit is free again. */
  get hasDrained(): boolean {
    return this.#refused && this.pendingBytes <= this.#limitBytes / 2;
  }

  /** The same; says so once. */
  takeDrained(): boolean {
    const { hasDrained } = this;
    if (hasDrained) this.#refused = false;
    return hasDrained;
  }

  /**
   * Appends a message. Where one of the same `key` waits it goes: this one takes
   * its place, or the end, where a message without a key stands between.
   * `"refused"`, and nothing is copied, when it does not fit under the limit now.
   *
   * @param broadcast whose current message it is, if it is one: a copy may be saved
   * @throws RangeError when it could never fit
   */
  push(bytes: Uint8Array, key?: MessageKey, broadcast?: BroadcastBuffer): Outcome {
    if (bytes.length > this.#limitBytes) {
      throw new RangeError(
        `message: ${bytes.length} bytes can never fit under sendLimitBytes, ${this.#limitBytes}`,
      );
    }
    if (this.#onDrop !== undefined) this.#makeRoom(bytes, key);
    const old = key === undefined ? undefined : this.#buffer.find(key);
    const pending = this.pendingBytes + bytes.length - (old?.length ?? 0);
    if (pending > this.#limitBytes) {
      this.#refused = true;
      return "refused";
    }
    if (pending > this.peakBytes) this.peakBytes = pending;
    if (broadcast !== undefined && this.#share(broadcast, bytes)) return "queued";
    if (this.#part?.isEmpty === false) this.copyOutOfBroadcast();
    if (key !== undefined && old !== undefined) {
      this.#replace(key, old, bytes);
      return "replaced";
    }
    if (key !== undefined) this.#buffer.appendKeyed(key, bytes);
    else if (this.#onDrop === undefined) this.#buffer.append(bytes);
    else this.#buffer.appendDroppable(bytes);
    return "queued";
  }

  /**
   * Writes everything that waits here to the link. While the link is behind, it
   * waits on, unless it is the last or a large batch that nothing can replace.
   */
  flush(isLast: boolean): void {
    const from = this.#part?.isEmpty === false ? this.#part : this.#buffer;
    if (from.isEmpty || (!isLast && this.#shouldWait)) return;
    const sizeBytes = from.length;
    if (from.writeTo(this.#link)) this.#age?.onBytesLeft(sizeBytes, this.pendingBytes);
    else this.#inLinkBytes += sizeBytes;
  }

  /** So many of the bytes in the link have left. */
  drained(sizeBytes: number): void {
    this.#inLinkBytes -= sizeBytes;
    this.#age?.onBytesLeft(sizeBytes, this.pendingBytes);
  }

  /** What waits here lies in a buffer of its own from now on, and holds up no broadcast buffer. */
  copyOutOfBroadcast(): void {
    this.#part?.moveTo(this.#buffer);
  }

  /** Forgets what waits here. */
  clear(): void {
    this.#part?.clear();
    this.#buffer.clear();
  }

  /** The link is behind, and what waits here gains by waiting. */
  get #shouldWait(): boolean {
    if (this.#inLinkBytes === 0) return false;
    return this.storedBytes < BATCH_BYTES || this.#buffer.isChangeable;
  }

  /** Leaves a broadcast where it is, where all that waits is such, and the link is not behind. */
  #share(broadcast: BroadcastBuffer, bytes: Uint8Array): boolean {
    const part = this.#part;
    if (part === undefined || !this.#buffer.isEmpty || this.#inLinkBytes > 0) return false;
    return part.append(broadcast, bytes);
  }

  #replace(key: MessageKey, old: Readonly<Span>, bytes: Uint8Array): void {
    const { length } = old;
    const bytesAhead = this.#inLinkBytes + this.#buffer.bytesAhead(old);
    this.#buffer.replace(key, old, bytes);
    this.grownBytes = bytes.length - length;
    this.#age?.onBytesDropped(bytesAhead, length, this.pendingBytes); // the message in its place is new
  }

  /** Drops the oldest messages until `bytes` fit, where that can make them fit. */
  #makeRoom(bytes: Uint8Array, key: MessageKey | undefined): void {
    if (this.#inLinkBytes + bytes.length > this.#limitBytes) return;
    while (this.#pendingWith(bytes, key) > this.#limitBytes) {
      const length = this.#buffer.dropFirst();
      this.#age?.onBytesDropped(this.#inLinkBytes, length, this.pendingBytes);
      this.#onDrop?.();
    }
  }

  /** How many bytes would wait with these, which replace the message of `key`. */
  #pendingWith(bytes: Uint8Array, key: MessageKey | undefined): number {
    const old = key === undefined ? undefined : this.#buffer.find(key);
    return this.pendingBytes + bytes.length - (old?.length ?? 0);
  }
}

/** What became of a message that was pushed. */
export type Outcome = "queued" | "replaced" | "refused";

/**
 * What is worth giving to a link that is behind: 64 KiB, some system calls'
 * worth. Less would lie there in a buffer of its own, a thousand bytes for a
 * message of twenty; more may wait for a frame too long.
 */
const BATCH_BYTES = 65_536;
