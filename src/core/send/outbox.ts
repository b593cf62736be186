/**
 * The outbox: the bytes that the game sends to one peer, under a limit, and the
 * count of bytes that the link has not sent yet.
 *
 *     trySend ──── push ──▶ send buffer ─────┐ flush: one write ──▶ link ── drained ──▶ gone
 *     broadcast ── push ──▶ broadcast part ──┘
 *
 * A link that is behind gets no more bytes: a message that waits here can still be
 * replaced by a newer one, and shares one buffer with the others. The parts that
 * only some connections need are passed in. Does not know the connection's phase.
 */
import type { Link } from "../../port/link.ts";
import type { BroadcastBuffer } from "./broadcast-buffer.ts";
import type { BroadcastPart } from "./broadcast-part.ts";
import type { MessageKey, Span } from "./keyed-spans.ts";
import type { SendBuffer } from "./send-buffer.ts";
import type { UnsentAge } from "./unsent-age.ts";

/** The parts of an outbox. */
export interface OutboxParts {
  readonly link: Link;
  readonly buffer: SendBuffer;
  /** The most bytes that may wait, here and in the link. */
  readonly limitBytes: number;
  /** Measures the age of flushed bytes; only with a peer monitor. */
  readonly age?: UnsentAge | undefined;
  /** Keeps broadcasts in the shared buffer; never together with `onDrop`. */
  readonly part?: BroadcastPart | undefined;
  /** Called for each dropped message. With it, the oldest messages are dropped to make room for a new one. */
  readonly onDrop?: (() => void) | undefined;
}

/** The outbox of one connection. */
export class Outbox {
  /** The most bytes that ever waited. */
  peakBytes = 0;
  /** The bytes by which the last replacing message was longer than the one it replaced. */
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

  /** The bytes that wait for the flush. */
  get storedBytes(): number {
    return this.#buffer.length + (this.#part?.length ?? 0);
  }

  /** The bytes that have not left: those that wait here, and those in the link. */
  get pendingBytes(): number {
    return this.storedBytes + this.#inLinkBytes;
  }

  /** Whether a message was refused, and half of the limit is free again. */
  get hasDrained(): boolean {
    return this.#refused && this.pendingBytes <= this.#limitBytes / 2;
  }

  /** Returns {@link hasDrained}, and resets it. */
  takeDrained(): boolean {
    const { hasDrained } = this;
    if (hasDrained) this.#refused = false;
    return hasDrained;
  }

  /**
   * Appends a message. A waiting message of the same `key` is replaced: in place,
   * or at the end if a message without a key follows it. `"refused"`, and nothing
   * is copied, when the message does not fit under the limit now.
   *
   * @param broadcast the buffer whose current message this is, which may save a copy
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
   * Writes all waiting bytes to the link. While the link is behind, the bytes keep
   * waiting, unless they are the last ones or a large batch without replaceable messages.
   */
  flush(isLast: boolean): void {
    const from = this.#part?.isEmpty === false ? this.#part : this.#buffer;
    if (from.isEmpty || (!isLast && this.#shouldWait)) return;
    const sizeBytes = from.length;
    this.#renewAges();
    if (from.writeTo(this.#link)) {
      this.#age?.onBytesLeft(sizeBytes);
      return;
    }
    this.#inLinkBytes += sizeBytes;
    this.copyOutOfBroadcast(); // a broadcast during the write would wait for long
  }

  /** Counts `sizeBytes` bytes that have left the link. */
  drained(sizeBytes: number): void {
    this.#inLinkBytes -= sizeBytes;
    this.#age?.onBytesLeft(sizeBytes);
    if (this.#inLinkBytes === 0) this.#renewAges();
  }

  /** Copies the broadcast part into the outbox's own buffer, so that the broadcast buffer is free. */
  copyOutOfBroadcast(): void {
    this.#part?.moveTo(this.#buffer);
  }

  /** Drops all waiting bytes. */
  clear(): void {
    this.#part?.clear();
    this.#buffer.clear();
  }

  /** Whether the link is behind, and the waiting bytes should wait longer: a small batch, or replaceable messages. */
  get #shouldWait(): boolean {
    if (this.#inLinkBytes === 0) return false;
    return this.storedBytes < BATCH_BYTES || this.#buffer.isChangeable;
  }

  /** Keeps a broadcast in the shared buffer if only broadcasts wait and the link is not behind. */
  #share(broadcast: BroadcastBuffer, bytes: Uint8Array): boolean {
    const part = this.#part;
    if (part === undefined || !this.#buffer.isEmpty || this.#inLinkBytes > 0) return false;
    return part.append(broadcast, bytes);
  }

  #replace(key: MessageKey, old: Readonly<Span>, bytes: Uint8Array): void {
    const { length } = old;
    const bytesAhead = this.#inLinkBytes + this.#buffer.bytesAhead(old);
    const isInPlace = this.#buffer.replace(key, old, bytes, this.#age?.nowMs ?? 0);
    this.grownBytes = bytes.length - length;
    if (isInPlace) this.#age?.onBytesReplaced(bytesAhead, length, bytes.length);
    else this.#age?.onBytesDropped(bytesAhead, length);
  }

  /** Has replaced messages start with age 0; only now, as bytes in the link are older than any that wait here. */
  #renewAges(): void {
    if (this.#buffer.hasReplaced) this.#age?.renew(this.#buffer, this.#inLinkBytes);
  }

  /** Drops the oldest messages until `bytes` fit; drops none when they cannot fit. */
  #makeRoom(bytes: Uint8Array, key: MessageKey | undefined): void {
    if (this.#inLinkBytes + bytes.length > this.#limitBytes) return;
    while (this.#pendingWith(bytes, key) > this.#limitBytes) {
      const length = this.#buffer.dropFirst();
      this.#age?.onBytesDropped(this.#inLinkBytes, length);
      this.#onDrop?.();
    }
  }

  /** The bytes that would wait if `bytes` were pushed, and replaced the message of `key`. */
  #pendingWith(bytes: Uint8Array, key: MessageKey | undefined): number {
    const old = key === undefined ? undefined : this.#buffer.find(key);
    return this.pendingBytes + bytes.length - (old?.length ?? 0);
  }
}

/** The outcome of a push. */
export type Outcome = "queued" | "replaced" | "refused";

/**
 * The smallest batch for a link that is behind: 64 KiB, the work of a few system calls.
 * The link would keep each smaller write in a buffer of its own: 1,000 bytes for a
 * message of 20. With a larger minimum, messages would wait too long.
 */
const BATCH_BYTES = 65_536;
