/**
 * The network's side of a datagram socket. As for connections, each event of the
 * link is only recorded here; its effects wait for the next `poll()`.
 *
 *     link ── bound, received, sent, failed, closed ──▶ ingress ┊ poll ┊ ▶ datagram socket
 *
 * Each datagram is decoded by itself, as a whole stream with its end. An invalid
 * datagram, or one without a message, is dropped and counted, and does not close
 * the socket: anybody may have sent it.
 */
import type { Codec } from "../../codec/codec.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramEvents } from "../../port/datagram-link.ts";
import { FrameQueue } from "../storage/frame-queue.ts";

/** A message, and the address of its sender. */
export interface Datagram<In> {
  readonly message: In;
  readonly from: Address;
}

/** The codec and the limits of incoming datagrams. */
interface DatagramRules<In> {
  readonly codec: Pick<Codec<In, never>, "decoder">;
  /** How much may wait, in bytes; each message counts as its size plus a fixed weight. */
  readonly limitBytes: number;
  /** The size of the longest datagram, in bytes. */
  readonly maxDatagramBytes: number;
}

/** The events of one datagram link since the last poll. */
export class DatagramIngress<In> implements DatagramEvents {
  readonly arriving: FrameQueue<Datagram<In>> = new FrameQueue();
  state: "starting" | "open" | "closed" = "starting";
  local: Address | undefined;
  remote: Address | undefined;
  reason: CloseReason | undefined;
  lastFailure: CloseReason | undefined;
  /** How many bytes have left the link since the last poll. */
  sentBytes = 0;
  dropped = 0;
  malformed = 0;
  failures = 0;

  readonly #rules: DatagramRules<In>;
  readonly #notify: () => void;

  /** @param notify called on every event */
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

  /** The messages of one datagram; `undefined` if it is invalid. */
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

  /** Queues a message; over the limit, drops the oldest messages that the game cannot see yet. */
  #put(datagram: Datagram<In>, sizeBytes: number): void {
    this.arriving.put(datagram, sizeBytes);
    while (this.arriving.weightBytes > this.#rules.limitBytes) {
      this.arriving.latch(1);
      this.arriving.take();
      this.dropped++;
    }
  }
}
