/**
 * The game's side of datagrams: messages that arrive whole or not at all, from
 * any peer. Decides when they become visible, and which are dropped.
 *
 *     link ──▶ ingress: decode ──▶ arriving ┊ poll ──▶ ready ──▶ tryRecvFrom ──▶ game
 *     link ◀── flush, one each ◀── outgoing ◀── encode ◀── trySendTo ◀──────────┘
 *
 * Frames work as for streams. But datagrams have no backpressure, so messages
 * over the limit are dropped, the oldest first, and counted.
 */
import { wholeNumber } from "../../check.ts";
import type { Codec } from "../../codec/codec.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { DatagramContext } from "../frame/poll-context.ts";
import { type Counters, type DatagramStats, datagramCounters } from "../frame/stats.ts";
import type { Limits } from "../limits/limits.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import { type Datagram, DatagramIngress } from "./datagram-ingress.ts";

/** The state of a datagram socket; it only moves forward. */
export type DatagramState = "starting" | "open" | "closed";

/** A socket for datagrams. Made by `poller.bind`. */
export class DatagramSocket<In, Out = In> {
  readonly #context: DatagramContext;
  readonly #link: DatagramLink;
  readonly #codec: Codec<In, Out>;
  readonly #limits: Limits;
  readonly #maxBytes: number;
  readonly #counters: Counters<DatagramStats> = datagramCounters();
  readonly #ingress: DatagramIngress<In>;
  // Separate from the arriving queue, which drops messages between polls: a visible one must not disappear.
  readonly #ready = new FrameQueue<Datagram<In>>();
  #outgoing: { readonly bytes: Uint8Array; readonly to: Destination | undefined }[] = [];
  #pendingBytes = 0;
  #state: DatagramState = "starting";
  #address: Address | undefined;
  #remoteAddress: Address | undefined;
  #closeReason: CloseReason | undefined;
  #lastFailure: CloseReason | undefined;
  #isClosing = false;
  /** Whether it is in the context's list for the next poll. */
  #isDirty = false;

  /** @internal */
  constructor(
    context: DatagramContext,
    link: DatagramLink,
    codec: Codec<In, Out>,
    limits: Limits,
    maxDatagramBytes: number,
  ) {
    this.#context = context;
    this.#link = link;
    this.#codec = codec;
    this.#limits = limits;
    this.#maxBytes = maxDatagramBytes;
    const rules = { codec, limitBytes: limits.receiveLimitBytes, maxDatagramBytes };
    this.#ingress = new DatagramIngress(rules, () => this.#markDirty());
    link.attach(this.#ingress);
  }

  /** `starting` until the socket is bound; `closed` when that has failed, or after `close()`. */
  get state(): DatagramState {
    return this.#state;
  }

  /** Its address, with the real port when port 0 was asked for; `undefined` while starting. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** The address of the peer it is connected to; `undefined` if there is none, and while starting. */
  get remoteAddress(): Address | undefined {
    return this.#remoteAddress;
  }

  /** Why it has closed; `undefined` until then. */
  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /**
   * Returns `undefined` while no datagram has failed; otherwise the last failure
   * that the network has reported, for example that nobody listens at the
   * destination. The socket stays open.
   */
  get lastFailure(): CloseReason | undefined {
    return this.#lastFailure;
  }

  /** How many bytes were queued and have not left this process, as of this frame. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The counters of this socket. */
  get stats(): DatagramStats {
    return this.#counters;
  }

  /** Returns `undefined` when this frame has no more datagrams, which is the usual case; otherwise the next one. */
  tryRecvFrom(): Datagram<In> | undefined {
    return this.#ready.take();
  }

  /** Like {@link tryRecvFrom}, but returns only the message. */
  tryRecv(): In | undefined {
    return this.#ready.take()?.message;
  }

  /**
   * Queues a message for the next flush, as one datagram to `to`. Returns `false`
   * when the socket is closed, or while the send limit is reached. `true` does
   * not mean that the datagram arrives.
   *
   * @throws TypeError or RangeError when the codec cannot encode `message`, or `to.port` is no port
   * @throws RangeError when the datagram is over `maxDatagramBytes`
   */
  trySendTo(message: Out, to: Destination): boolean {
    wholeNumber("to.port", to.port, 1, 65_535);
    return this.#queue(message, to);
  }

  /**
   * Like {@link trySendTo}, to the peer that the socket is connected to.
   *
   * @throws Error when the socket is open and not connected
   */
  trySend(message: Out): boolean {
    if (this.#state === "open" && this.#remoteAddress === undefined) {
      throw new Error("trySend: this socket is not connected; use trySendTo");
    }
    return this.#queue(message, undefined);
  }

  /**
   * Joins a multicast group.
   *
   * @param group the numeric address of the group
   * @param onInterface the address of the interface to receive on; the system's choice by default
   * @throws Error when the socket is not open, or the system fails; the latter has a `code`
   */
  join(group: string, onInterface?: string): void {
    this.#requireOpen("join");
    this.#link.join(group, onInterface);
  }

  /** Undoes {@link join}, and throws in the same cases. */
  leave(group: string, onInterface?: string): void {
    this.#requireOpen("leave");
    this.#link.leave(group, onInterface);
  }

  /** Sends the queued datagrams and frees the address. `state` is `"closed"` in a later frame. */
  close(): void {
    if (this.#isClosing || this.#state === "closed") return;
    this.#isClosing = true;
    if (this.#ingress.state !== "starting" || this.#outgoing.length === 0) this.#closeLink();
  }

  // The rest is for the poller only.

  /** Whether datagrams of this frame were not taken. @internal */
  get hasLeftovers(): boolean {
    return this.#ready.ready > 0;
  }

  /** Gives each queued datagram to the link. @internal */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    if (this.#ingress.state === "starting") {
      this.#context.queueFlush(this); // the link is not bound yet
      return;
    }
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (this.#ingress.state === "closed") return; // the datagrams are dropped with the socket
    for (const { bytes, to } of outgoing) this.#link.send(bytes, to);
  }

  /** Makes the events since the last poll visible to the game. @internal */
  update(): void {
    const ingress = this.#ingress;
    this.#isDirty = false;
    this.#pendingBytes -= ingress.sentBytes;
    ingress.sentBytes = 0;
    this.#counters.failed = ingress.failures;
    this.#counters.malformed = ingress.malformed;
    this.#lastFailure = ingress.lastFailure;
    this.#address = ingress.local;
    this.#remoteAddress = ingress.remote;
    this.#latch();
    this.#counters.dropped = ingress.dropped;
    if (this.#isClosing && this.#state === "starting" && ingress.state === "open") this.#closeLink();
    if (this.#state === "closed") return;
    this.#state = ingress.state;
    if (this.#state !== "closed") return;
    this.#closeReason = ingress.reason;
    this.#outgoing = [];
    this.#context.removeSource(this);
  }

  #closeLink(): void {
    this.flush();
    this.#link.close();
  }

  #queue(message: Out, to: Destination | undefined): boolean {
    if (this.#isClosing || this.#state === "closed") return false;
    const bytes = new Uint8Array(this.#codec.encode(message)); // the codec lends the bytes, and the link keeps them
    if (bytes.length > this.#maxBytes) {
      throw new RangeError(`message: ${bytes.length} bytes are over maxDatagramBytes, ${this.#maxBytes}`);
    }
    if (this.#pendingBytes + bytes.length > this.#limits.sendLimitBytes) {
      this.#counters.refusedMessages++;
      this.#context.counters.refusedMessages++;
      return false;
    }
    if (this.#outgoing.length === 0) this.#context.queueFlush(this);
    this.#outgoing.push({ bytes, to });
    this.#pendingBytes += bytes.length;
    for (const counters of [this.#counters, this.#context.counters]) {
      counters.sentMessages++;
      counters.sentBytes += bytes.length;
    }
    return true;
  }

  /** Makes all messages visible in this frame; over the limit, drops the oldest ones that the game has not taken. */
  #latch(): void {
    const { arriving } = this.#ingress;
    const count = arriving.latch();
    const bytes = arriving.latchedBytes;
    for (const counters of [this.#counters, this.#context.counters]) {
      counters.receivedMessages += count;
      counters.receivedBytes += bytes;
    }
    while (arriving.ready > 0) {
      const sizeBytes = arriving.nextBytes;
      this.#ready.put(arriving.take() as Datagram<In>, sizeBytes);
    }
    this.#ready.latch();
    while (this.#ready.weightBytes > this.#limits.receiveLimitBytes) {
      this.#ready.take();
      this.#ingress.dropped++;
    }
  }

  #requireOpen(call: string): void {
    if (this.#state !== "open") throw new Error(`${call}: the socket is ${this.#state}, not open`);
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#context.markSourceDirty(this);
  }
}

/** The largest payload: 65,535 bytes without the headers of IPv4 and UDP (RFC 768, RFC 791). */
export const MAX_DATAGRAM_BYTES = 65_507;
