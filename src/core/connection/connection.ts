/**
 * The game's side of a connection: what a frame shows of one peer.
 *
 *     link ──▶ ingress ┊ poll: latch, update ──▶ state, messages ──▶ tryRecv ──▶ game
 *     link ◀── outbox ◀── flush ◀──────────────── encode ◀────────── trySend ◀────┘
 *
 * Joins the two rows, and decides what a caller may ask. `assembly.ts` has the
 * parts in which the rest is decided.
 */
import type { Codec } from "../../codec/codec.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link } from "../../port/link.ts";
import type { Security } from "../../port/security.ts";
import type { Deadline } from "../frame/deadlines.ts";
import { CHANGED, type ParentListener, type PollContext, RECEIVED } from "../frame/poll-context.ts";
import type { ConnectionStats } from "../frame/stats.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { Receiver } from "../receive/receiver.ts";
import { checkKey, type MessageKey } from "../send/keyed-spans.ts";
import type { Outbox } from "../send/outbox.ts";
import type { Sender } from "../send/sender.ts";
import type { ConnectionFactory } from "./assembly.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { PeerMonitor } from "./peer-monitor.ts";
import type { ConnectionState } from "./phase.ts";

/** One peer. Made by `poller.connect` and given by `listener.tryAccept`. */
export class Connection<In, Out = In> {
  /** A number of its own among all connections of its poller, counted from 1. */
  readonly id: number;

  // For the poller and the listener.
  /** The listener that it came through. @internal */
  readonly listener: ParentListener<AnyConnection> | undefined;
  /** @internal */
  readonly receiver: Receiver<AnyConnection, In>;
  /** @internal */
  readonly sender: Sender<AnyConnection, Out>;
  /** @internal */
  readonly lifecycle: Lifecycle<AnyConnection>;
  /** @internal */
  readonly outbox: Outbox;
  /** Whether the next frames have nothing to do here but to show what is received. @internal */
  receiveOnly = false;
  /** Kept here by whoever counts its deadline down. @internal */
  deadline: Deadline<unknown> | undefined;

  readonly #context: PollContext<AnyConnection>;
  readonly #link: Link;
  readonly #ingress: Ingress<AnyConnection, In>;
  readonly #recorder: TrafficRecorder;
  readonly #monitor: PeerMonitor<AnyConnection> | undefined;
  /** What the link says of itself, as of the frame. An incoming link knew it all when it came. */
  #linkInfo: LinkInfo;
  /** What is new here for the next poll: nothing, RECEIVED, CHANGED or both. */
  #changes = 0;
  #lastReceivedMs = 0;

  /** @internal */
  constructor(
    context: PollContext<AnyConnection>,
    listener: ParentListener<AnyConnection> | undefined,
    link: Link,
    codec: Codec<In, Out>,
    makeParts: ConnectionFactory,
  ) {
    this.id = context.register(this);
    this.listener = listener;
    this.#context = context;
    this.#link = link;
    const parts = makeParts<AnyConnection, In, Out>({ context, listener, member: this }, link, codec);
    this.receiver = parts.receiver;
    this.sender = parts.sender;
    this.lifecycle = parts.lifecycle;
    this.#ingress = parts.ingress;
    this.outbox = parts.outbox;
    this.#recorder = parts.recorder;
    this.#monitor = parts.monitor;
    this.#linkInfo = listener === undefined ? NO_INFO : link;
    link.attach(parts.ingress);
  }

  /** Where it is in its life. Changes in `poll()`, and by `close()` and `abort()`. */
  get state(): ConnectionState {
    return this.lifecycle.state;
  }

  /** Why it is over; `undefined` until `state` is `"closed"`. */
  get closeReason(): CloseReason | undefined {
    return this.lifecycle.closeReason;
  }

  /** This end's address; `undefined` while connecting. */
  get localAddress(): Address | undefined {
    return this.#linkInfo.localAddress;
  }

  /** The peer's address, also after the close; `undefined` while connecting. */
  get remoteAddress(): Address | undefined {
    return this.#linkInfo.remoteAddress;
  }

  /** Addresses of the name that were tried and did not answer; empty while connecting. */
  get failedAttempts(): readonly FailedAttempt[] {
    return this.#linkInfo.failedAttempts ?? [];
  }

  /** How it is encrypted, once it is open; `undefined` where it is not. */
  get security(): Security | undefined {
    return this.#linkInfo.security;
  }

  /** Whether the peer has finished sending and its last message was taken, as of this frame. */
  get recvEnded(): boolean {
    return this.lifecycle.recvEnded;
  }

  /** Bytes that were sent and have not left this process, as of this frame. */
  get pendingBytes(): number {
    return this.outbox.pendingBytes;
  }

  /** What was counted so far. */
  get stats(): ConnectionStats {
    return this.#recorder.own;
  }

  /**
   * The next message of this frame. `undefined` when it has no more, which is
   * not an error and the usual case; nothing else is ever meant by it. What is
   * not taken waits for the next frame.
   */
  tryRecv(): In | undefined {
    return this.receiver.tryRecv();
  }

  /**
   * The newest message of this frame; those before it are taken too, and counted
   * as skipped. `undefined` when there is none, as with {@link tryRecv}. For
   * streams of positions, where only the last one matters.
   */
  tryRecvLatest(): In | undefined {
    return this.receiver.tryRecvLatest();
  }

  /** Takes the messages of this frame one by one, as {@link tryRecv} does. */
  *[Symbol.iterator](): Generator<In, void, undefined> {
    for (let message: In | undefined; (message = this.tryRecv()) !== undefined; ) yield message;
  }

  /**
   * Queues a message for the next flush. `false` when the connection is closing
   * or closed, or when the message does not fit under the send limit now; it is
   * then not sent at all, not even in half. While connecting, messages wait.
   *
   * @throws TypeError or RangeError when the codec cannot carry `message`
   * @throws RangeError when it could never fit under the send limit
   */
  trySend(message: Out): boolean {
    return this.sender.trySend(message);
  }

  /**
   * Like {@link trySend}, for what is outdated by the next of its kind, such as
   * positions: where a message of the same `key` has not left yet, this one
   * takes its place, and the order of all others stays. A peer that keeps up gets
   * every message; a slow one gets the newest when it has room.
   *
   * It never passes a message that {@link trySend} sent before it: with such a
   * message between the two, the old one goes and this one stands at the end. `false`,
   * and the old one stays, where {@link trySend} says `false`.
   *
   * @param key what the message is about: a name, a number or an object,
   *   compared as in a Map; the keys of each connection are its own
   * @throws TypeError when `key` is undefined or null
   * @throws as {@link trySend} does
   */
  trySendLatest(key: MessageKey, message: Out): boolean {
    checkKey(key);
    return this.sender.trySend(message, key);
  }

  /**
   * Holds its messages back, from now on, until {@link release}: `tryRecv`
   * answers `undefined`, and they wait. The link lives, its limits act, and an
   * end is seen once what came before it was taken.
   */
  hold(): void {
    this.receiver.hold();
  }

  /** Undoes {@link hold}: what this frame had is there again, the rest comes with the next. */
  release(): void {
    this.receiver.release();
  }

  /**
   * Finishes sending and goes on receiving: what was sent leaves, then the end of
   * the stream. `state` is `"closing"` until the peer has finished too; there is
   * no deadline, so call `close()` when the answer takes too long. Does nothing
   * when this side has finished already.
   */
  end(): void {
    this.lifecycle.end();
  }

  /**
   * Closes: what was sent leaves first, then the end of the stream,
   * within the close deadline. What was not taken is dropped, and so is what
   * still comes. `state` is `"closing"` at once and `"closed"` in a later frame.
   * Does nothing when it is closed already.
   */
  close(): void {
    this.lifecycle.close();
  }

  /**
   * Drops everything now, in both directions; the peer sees a reset where the
   * transport has one. `state` is `"closed"` at once.
   */
  abort(): void {
    this.lifecycle.abort();
  }

  // What follows is for the poller, the listener and the parts alone.

  /** When something came from the peer last: the time of the frame that shows it, rounded up to a millisecond. @internal */
  get lastReceivedMs(): number {
    return this.#changes & RECEIVED ? this.#context.polledMs : this.#lastReceivedMs;
  }

  /** Sends what is queued, in one write, and behind the last the end of the stream. @internal */
  flush(): void {
    this.lifecycle.flush();
    this.#monitor?.handleFlush();
    if (this.outbox.hasDrained) this.markDirty();
  }

  /** A frame looks here: answers what is new, and forgets it. @internal */
  takeChanges(): number {
    const changes = this.#changes;
    if (changes & RECEIVED) this.#lastReceivedMs = Math.ceil(this.#context.polledMs); // a fraction would be a step to memory of its own
    this.#changes = 0;
    return changes;
  }

  /** Turns what was queued into what the game sees, after the latch. Answers whether there is something to look at. @internal */
  update(): boolean {
    const { lifecycle } = this;
    this.takeChanges();
    this.#monitor?.reportLosses();
    this.receiver.update();
    this.#noteDrained();
    const { isPending } = lifecycle;
    const moved = !isPending && lifecycle.advance();
    this.receiveOnly = this.#monitor?.update() === true;
    if (moved) this.#copyLinkInfo();
    const hasDrained = lifecycle.isOpen && this.outbox.takeDrained();
    if (hasDrained) this.#context.emit("drain", this);
    return !isPending && (moved || hasDrained || this.receiver.ready > 0);
  }

  /** Its deadline has passed. @internal */
  handleTimeout(): void {
    this.#noteDrained(); // what left in time counts
    if (this.#monitor?.handleTimeout() !== true) this.lifecycle.handleTimeout();
  }

  /** Has the next poll look here, for this reason. @internal */
  markDirty(changes: number = CHANGED): void {
    if (this.#changes === 0) this.#context.markDirty(this);
    this.#changes |= changes;
  }

  /** Has the next poll look here when something of this frame is left for it. @internal */
  requeue(): void {
    if (this.#changes === 0 && this.receiver.hasLeftovers && this.state !== "closed") this.markDirty();
  }

  #copyLinkInfo(): void {
    if (this.listener !== undefined) return;
    const { localAddress, remoteAddress, security, failedAttempts } = this.#link;
    this.#linkInfo = { localAddress, remoteAddress, security, failedAttempts };
  }

  #noteDrained(): void {
    this.outbox.drained(this.#ingress.takeDrainedBytes());
  }
}

/** A connection, whatever its messages are. Nothing can be sent on it without knowing. */
export type AnyConnection = Connection<unknown, never>;

const NO_INFO: LinkInfo = {};

type LinkInfo = Partial<Pick<Link, "localAddress" | "remoteAddress" | "security" | "failedAttempts">>;
