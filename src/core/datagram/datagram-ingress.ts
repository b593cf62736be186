/**
 * The world's side of a datagram socket. As for connections, every word from
 * the transport is filed here, between frames, and nothing else happens.
 *
 *     link ── bound, received, sent, failed, closed ──▶ intake ┊ poll ▶ datagram socket
 *
 * A datagram is decoded by itself: a stream of one, with its end behind it.
 * One that is bad, or holds no message, is dropped whole, and counted: it may be
 * from anybody.
 */
import type { Codec } from "../../codec/codec.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents } from "../../port/datagram-link.ts";
import { FrameQueue } from "../storage/frame-queue.ts";

/** A message and where it came from. */
export interface Datagram<In> {
  readonly message: In;
  readonly from: Address;
}

/** What decides what is taken in. */
export interface DatagramRules<In> {
  readonly codec: Pick<Codec<In, never>, "decoder">;
  /** What may wait, in bytes, weights included. */
  readonly limitBytes: number;
  /** The longest datagram, in bytes. */
  readonly maxDatagramBytes: number;
}

/** What has arrived for one datagram socket since it last looked. */
export class DatagramIngress<In> implements DatagramEvents {
  readonly arriving: FrameQueue<Datagram<In>> = new FrameQueue();
  state: "starting" | "open" | "closed" = "starting";
  local: Address | undefined;
  remote: Address | undefined;
  reason: CloseReason | undefined;
  lastFailure: CloseReason | undefined;
  /** Bytes that have left the link. */
  sentBytes = 0;
  dropped = 0;
  malformed = 0;
  failures = 0;

  readonly #rules: DatagramRules<In>;
  readonly #notify: () => void;

  /** @param notify called at every news */
  constructor(rules: DatagramRules<In>, notify: () => void) {
    this.#rules = rules;
    this.#notify = notify;
  }

  bound(local: Address | undefined, remote: Address | undefined): void {
    this.state = "open";
    this.local = local;
    this.remote = remote;
    this.#notify();
  }

  received(bytes: Uint8Array, from: Address): void {
    const messages = this.#decode(bytes);
    if (messages === undefined || messages.length === 0) this.malformed++;
    else for (const [message, sizeBytes] of messages) this.#put({ message, from }, sizeBytes);
    this.#notify();
  }

  sent(sizeBytes: number): void {
    this.sentBytes += sizeBytes;
    this.#notify();
  }

  failed(reason: CloseReason): void {
    this.failures++;
    this.lastFailure = reason;
    this.#notify();
  }

  closed(reason: CloseReason): void {
    this.state = "closed";
    this.reason ??= reason;
    this.#notify();
  }

  /** The messages of one datagram, or `undefined` when it is a bad one. */
  #decode(bytes: Uint8Array): [message: In, sizeBytes: number][] | undefined {
    if (bytes.length > this.#rules.maxDatagramBytes) return undefined;
    const messages: [In, number][] = [];
    try {
      const decoder = this.#rules.codec.decoder();
      decoder.decode(bytes, { put: (message, sizeBytes) => void messages.push([message, sizeBytes]) });
      decoder.end?.();
      return messages;
    } catch {
      return undefined;
    }
  }

  /** Files a message; over the limit the oldest that the game does not see yet goes. */
  #put(datagram: Datagram<In>, sizeBytes: number): void {
    this.arriving.put(datagram, sizeBytes);
    while (this.arriving.weightBytes > this.#rules.limitBytes) {
      this.arriving.latch(1);
      this.arriving.take();
      this.dropped++;
    }
  }
}
