/**
 * The game's side of datagrams: messages that arrive whole or not at all, from
 * any peer. Decides when they become visible, and which are dropped.
 *
 *     link ──▶ ingress: decode ──▶ arriving ┊ poll ──▶ ready ──▶ tryRecvFrom ──▶ game
 *     link ◀── flush, one each ◀─── outbox ◀─── encode ◀── trySendTo ◀──────────┘
 *
 * Frames work as for streams. But datagrams have no backpressure, so messages
 * over the limit are dropped, the oldest first, and counted.
 */
import { type Codec, encodeWholeBy } from "../../codec/codec.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { Deadline } from "../frame/deadlines.ts";
import type { DatagramContext } from "../frame/poll-context.ts";
import { type Counters, type DatagramStats, datagramCounters } from "../frame/stats.ts";
import type { Limits } from "../limits/limits.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import { DatagramFacts } from "./datagram-facts.ts";
import { type Datagram, DatagramIngress } from "./datagram-ingress.ts";
import { checkDestination, DatagramOutbox } from "./datagram-outbox.ts";
import { type DatagramState, Memberships } from "./memberships.ts";

/** A socket for datagrams. Made by `poller.bind`. */
// Implements `Source`, `Closing` and others structurally, as those members are stripped from the typings.
export class DatagramSocket<In, Out = In> extends DatagramFacts {
  /** A field for the `DeadlineHeap`, which alone reads and writes it. @internal */
  deadline: Deadline<unknown> | undefined;
  readonly #context: DatagramContext<AnyDatagramSocket>;
  readonly #link: DatagramLink;
  readonly #codec: Codec<In, Out>;
  readonly #limits: Limits;
  readonly #maxBytes: number;
  readonly #counters: Counters<DatagramStats> = datagramCounters();
  readonly #ingress: DatagramIngress<In>;
  readonly #outbox: DatagramOutbox;
  readonly #memberships: Memberships;
  // Separate from the arriving queue, which drops messages between polls: a visible one must not disappear.
  #ready = new FrameQueue<Datagram<In>>();
  #state: DatagramState = "starting";
  #closeReason: CloseReason | undefined;
  /** Whether the game has read why it is closed. @internal */
  isReasonRead = false;
  #lastFailure: CloseReason | undefined;
  #isClosing = false;
  #isDirty = false;

  /** @internal */
  constructor(
    context: DatagramContext<AnyDatagramSocket>,
    link: DatagramLink,
    codec: Codec<In, Out>,
    limits: Limits,
    maxDatagramBytes: number,
  ) {
    super(context);
    this.#context = context;
    this.#link = link;
    this.#codec = codec;
    this.#limits = limits;
    this.#maxBytes = maxDatagramBytes;
    this.#outbox = new DatagramOutbox(limits.sendLimitBytes);
    const rules = { codec, limitBytes: limits.receiveLimitBytes, maxDatagramBytes };
    this.#ingress = new DatagramIngress(rules, () => this.#markDirty());
    this.#memberships = new Memberships(link);
    link.attach(this.#ingress);
  }

  /** `starting` until the socket is bound; `closed` when that has failed, or after `close()`. */
  get state(): DatagramState {
    return this.#state;
  }

  /** Why it has closed; `undefined` until then. */
  get closeReason(): CloseReason | undefined {
    this.isReasonRead = true;
    return this.#closeReason;
  }

  /**
   * Returns `undefined` while no datagram has failed; otherwise the last failure:
   * what the network has reported, for example that nobody listens at the
   * destination, or that a broker cannot be reached, also while starting; or, with the kind `protocol`, why a received datagram was dropped.
   * The socket stays open.
   */
  get lastFailure(): CloseReason | undefined {
    return this.#lastFailure;
  }

  /** How many bytes were queued and have not left this process, as of this frame. */
  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
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
   * not mean that the datagram arrives. Both arguments may be used again at once.
   *
   * @throws TypeError or RangeError when the codec cannot encode `message`, or `to` is no destination here
   * @throws RangeError when the datagram is over `maxDatagramBytes`
   */
  trySendTo(message: Out, to: Destination): boolean {
    checkDestination("to", to, this.#link);
    return this.#queue(message, to);
  }

  /**
   * Like {@link trySendTo}, to the peer that the socket is connected to.
   *
   * @throws Error when the socket is open and not connected
   */
  trySend(message: Out): boolean {
    if (this.#state === "open" && this.remoteAddress === undefined) {
      throw new Error("trySend: this socket is not connected; use trySendTo");
    }
    return this.#queue(message, undefined);
  }

  /**
   * Joins a multicast group, or a subject; while `state` is `"starting"`, as soon as the
   * socket is bound. If the system fails then, that is {@link lastFailure}.
   *
   * @param group the numeric address of the group; or a subject, in which `*` stands for one
   *   token and `>` at the end for one or more. However many match, a message comes once
   * @param onInterface of a group, the address of the interface to receive on, the system's
   *   choice by default; of a subject, a queue group, of which one member gets each message
   * @throws TypeError or RangeError when an argument is no text, or no subject here
   * @throws Error when the socket is closed, or the system fails; the latter has a `code`
   */
  join(group: string, onInterface?: string): void {
    this.#memberships.change({ call: "join", group, onInterface }, this.#state);
  }

  /** Undoes {@link join}, and throws in the same cases. */
  leave(group: string, onInterface?: string): void {
    this.#memberships.change({ call: "leave", group, onInterface }, this.#state);
  }

  /**
   * Sends the queued datagrams and frees the address. `state` is `"closed"` in a
   * later frame, at the latest `closeTimeoutMs` after the next poll: what has not been
   * sent then, for example as a name server does not answer, is dropped.
   */
  close(): void {
    if (this.#isClosing || this.#state === "closed") return;
    this.#isClosing = true;
    this.#context.beginDeadline(this, this.#limits.closeTimeoutMs);
    if (this.#ingress.state !== "starting" || this.#outbox.queued === 0) this.#closeLink();
  }

  /** Whether datagrams of this frame were not taken. @internal */
  get hasLeftovers(): boolean {
    return this.#ready.ready > 0;
  }

  /** Drops everything now, and frees the address. @internal */
  abort(): void {
    this.#abortWith(ABORTED);
  }

  /** The close deadline has passed. @internal */
  handleTimeout(): void {
    const message = `${this.#outbox.pendingCount} queued datagrams were not sent in time after the close`;
    this.#abortWith({ kind: "timeout", code: "closeTimeoutMs", message });
  }

  /** Gives each queued datagram to the link. @internal */
  flush(): void {
    if (this.#outbox.queued === 0) return;
    if (this.#ingress.state === "starting") {
      this.#context.queueFlush(this); // the link is not bound yet
      return;
    }
    const outgoing = this.#outbox.takeQueued();
    if (this.#ingress.state === "closed") return; // the datagrams are dropped with the socket
    for (const { bytes, to } of outgoing) this.#link.send(bytes, to);
    this.#link.flush?.();
  }

  /** Makes the events since the last poll visible to the game. @internal */
  update(): void {
    const ingress = this.#ingress;
    this.#isDirty = false;
    this.#outbox.remove(ingress.sentCount, ingress.sentBytes);
    ingress.sentCount = ingress.sentBytes = 0;
    this.#counters.failed = ingress.failures;
    this.#lastFailure = ingress.lastFailure;
    this.#counters.lost = ingress.lostCount;
    const changes = this.showFacts(ingress);
    this.#showMalformed();
    this.#latch();
    this.#counters.dropped = ingress.dropped;
    if (this.#isClosing && this.#state === "starting" && ingress.state === "open") this.#closeLink();
    if (this.#state === "closed") return;
    const isNew = this.#state === "starting" && ingress.state === "open";
    this.#state = ingress.state;
    if (isNew) this.#handleBound();
    for (const change of changes) this.#context.emitSocket(change, this);
    if (this.#state !== "closed") return;
    this.endFacts();
    this.#closeReason = ingress.reason;
    this.#outbox.clear();
    this.#context.setDeadline(this, Infinity);
    this.#context.emitSocket("unbind", this);
  }

  #closeLink(): void {
    this.flush();
    this.#link.close();
  }

  #abortWith(reason: CloseReason): void {
    if (this.#ingress.state === "closed") return;
    this.#isClosing = true;
    this.#ingress.closed(reason);
    this.#link.abort();
  }

  #queue(message: Out, to: Destination | undefined): boolean {
    if (this.#isClosing || this.#state === "closed") return false;
    const bytes = encodeWholeBy(this.#codec, message);
    if (bytes.length > this.#maxBytes) {
      throw new RangeError(`message: ${bytes.length} bytes are over maxDatagramBytes, ${this.#maxBytes}`);
    }
    if (!this.#outbox.tryPush(bytes, to)) {
      this.#counters.refusedMessages++;
      this.#context.counters.refusedMessages++;
      return false;
    }
    if (this.#outbox.queued === 1) this.#context.queueFlush(this);
    for (const counters of [this.#counters, this.#context.counters]) {
      counters.sentMessages++;
      counters.sentBytes += bytes.length;
    }
    return true;
  }

  #showMalformed(): void {
    const { malformed } = this.#ingress;
    if (malformed === undefined) return;
    this.#ingress.malformed = undefined;
    this.#counters.malformed += malformed.count;
    this.#context.emitMalformed(this, malformed);
  }

  /** Makes all messages visible in this frame; over the limit, drops the oldest ones that the game has not taken. */
  #latch(): void {
    const { arriving } = this.#ingress;
    const count = arriving.latch();
    for (const counters of [this.#counters, this.#context.counters]) {
      counters.receivedMessages += count;
      counters.receivedBytes += arriving.latchedBytes;
    }
    this.#ready = this.#ingress.showLatched(this.#ready);
  }

  #handleBound(): void {
    const failure = this.#memberships.apply();
    if (failure !== undefined) this.#lastFailure = this.#ingress.lastFailure = failure;
    this.#context.emitSocket("bind", this);
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#context.markSourceDirty(this);
  }
}

/** A datagram socket with messages of any type. Nothing can be sent on it, as that needs the type. */
export type AnyDatagramSocket = DatagramSocket<unknown, never>;

const ABORTED: CloseReason = { kind: "local", message: "this side dropped the socket" };
