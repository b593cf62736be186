/**
 * Datagrams: messages that come whole or not at all, from anybody.
 *
 *     link ──▶ intake: decode ──▶ arriving ┊ poll ──▶ ready ──▶ tryRecvFrom ──▶ game
 *     link ◀── flush, one each ◀── outgoing ◀── encode ◀── trySendTo ◀──────────┘
 *
 * The same frames as for streams, with one difference: nobody can be held
 * back, so what does not fit is lost, the oldest first, and counted.
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

/** Where a datagram socket is in its life; it only moves forward. */
export type DatagramState = "starting" | "open" | "closed";

/** A place where datagrams arrive and leave. Made by `poller.bind`. */
export class DatagramSocket<In, Out = In> {
  readonly #context: DatagramContext;
  readonly #link: DatagramLink;
  readonly #codec: Codec<In, Out>;
  readonly #limits: Limits;
  readonly #maxBytes: number;
  readonly #counters: Counters<DatagramStats> = datagramCounters();
  readonly #intake: DatagramIngress<In>;
  // A box of its own beside the arriving one: what is dropped between polls must not be seen already.
  readonly #ready = new FrameQueue<Datagram<In>>();
  #outgoing: { readonly bytes: Uint8Array; readonly to: Destination | undefined }[] = [];
  #pendingBytes = 0;
  #state: DatagramState = "starting";
  #address: Address | undefined;
  #remoteAddress: Address | undefined;
  #closeReason: CloseReason | undefined;
  #lastFailure: CloseReason | undefined;
  #isClosing = false;
  /** Whether it is on the context's list for the next poll. */
  #filed = false;

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
    this.#intake = new DatagramIngress(rules, () => this.#file());
    link.attach(this.#intake);
  }

  /** `starting` until the place is taken, `closed` when it could not be, or after `close()`. */
  get state(): DatagramState {
    return this.#state;
  }

  /** Where it is, with the port the system chose when 0 was asked for; `undefined` while starting. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** The peer it is connected to; `undefined` when it is not, and while starting. */
  get remoteAddress(): Address | undefined {
    return this.#remoteAddress;
  }

  /** Why it is closed; `undefined` until then. */
  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /**
   * The last failure that the network has reported, such as that nobody
   * listens where a datagram went; `undefined` while there was none. The socket
   * lives on.
   */
  get lastFailure(): CloseReason | undefined {
    return this.#lastFailure;
  }

  /** Bytes that were sent and have not left this process, as of this frame. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** What was counted so far. */
  get stats(): DatagramStats {
    return this.#counters;
  }

  /** The next datagram of this frame and where it came from, or `undefined`: the usual case. */
  tryRecvFrom(): Datagram<In> | undefined {
    return this.#ready.take();
  }

  /** The next message of this frame, wherever it came from, or `undefined`: the usual case. */
  tryRecv(): In | undefined {
    return this.#ready.take()?.message;
  }

  /**
   * Queues a message for the next flush, as one datagram to `to`. `false` when
   * the socket is closed, or the send limit has no room now. `true` is no
   * promise that it arrives.
   *
   * @throws TypeError or RangeError when the codec cannot carry `message`
   * @throws RangeError when it is over `maxDatagramBytes`
   */
  trySendTo(message: Out, to: Destination): boolean {
    wholeNumber("to.port", to.port, 1, 65_535);
    return this.#queue(message, to);
  }

  /**
   * Like {@link trySendTo}, to the peer that the socket is connected to.
   *
   * @throws Error when it is open and not connected
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
   * @param group the group's address in numbers
   * @param onInterface the address of the interface to hear it on; the system's choice by default
   * @throws Error when the socket is not open, or the system refuses, with its `code`
   */
  join(group: string, onInterface?: string): void {
    this.#requireOpen("join");
    this.#link.join(group, onInterface);
  }

  /** Undoes {@link join}; throws as it does. */
  leave(group: string, onInterface?: string): void {
    this.#requireOpen("leave");
    this.#link.leave(group, onInterface);
  }

  /** Sends what is queued and frees the place. `state` is `"closed"` in a later frame. */
  close(): void {
    if (this.#isClosing || this.#state === "closed") return;
    this.#isClosing = true;
    if (this.#intake.state !== "starting" || this.#outgoing.length === 0) this.#closeLink();
  }

  // What follows is for the poller alone.

  /** Gives each queued datagram to the link. @internal */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    if (this.#intake.state === "starting") {
      this.#context.queueFlush(this); // its place is not there yet
      return;
    }
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (this.#intake.state === "closed") return; // there is no place to send from
    for (const { bytes, to } of outgoing) this.#link.send(bytes, to);
  }

  /** Turns what the link filed into what the game sees. @internal */
  update(): void {
    const intake = this.#intake;
    this.#filed = false;
    this.#pendingBytes -= intake.sentBytes;
    intake.sentBytes = 0;
    this.#counters.failed = intake.failures;
    this.#counters.malformed = intake.malformed;
    this.#lastFailure = intake.lastFailure;
    this.#address = intake.local;
    this.#remoteAddress = intake.remote;
    this.#show();
    this.#counters.dropped = intake.dropped;
    if (this.#isClosing && this.#state === "starting" && intake.state === "open") this.#closeLink();
    if (this.#state === "closed") return;
    this.#state = intake.state;
    if (this.#state !== "closed") return;
    this.#closeReason = intake.reason;
    this.#outgoing = [];
    this.#context.removeSource(this);
  }

  #closeLink(): void {
    this.flush();
    this.#link.close();
  }

  #queue(message: Out, to: Destination | undefined): boolean {
    if (this.#isClosing || this.#state === "closed") return false;
    const bytes = this.#codec.encode(message).slice(); // the codec lends, and the link keeps
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

  /** Lets everything cross into this frame; what the game has left too long goes, the oldest first. */
  #show(): void {
    const { arriving } = this.#intake;
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
      this.#intake.dropped++;
    }
  }

  #requireOpen(call: string): void {
    if (this.#state !== "open") throw new Error(`${call}: the socket is ${this.#state}, not open`);
  }

  #file(): void {
    if (this.#filed) return;
    this.#filed = true;
    this.#context.markSourceDirty(this);
  }
}

/** A datagram socket, whatever its messages are. */
export type AnyDatagramSocket = DatagramSocket<unknown, never>;

/** What IPv4 and UDP leave of 65,535 bytes (RFC 768, RFC 791). */
export const MAX_DATAGRAM_BYTES = 65_507;
