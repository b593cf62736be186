/**
 * The game's side of a connection: one peer's state and messages, as of a frame.
 *
 *     link ──▶ ingress ┊ poll: latch, update ──▶ state, messages ──▶ tryRecv ──▶ game
 *     link ◀── outbox ◀── flush ◀──────────────── encode ◀────────── trySend ◀────┘
 *
 * Decides which calls are allowed, and connects the two rows. The parts in
 * `assembly.ts` decide the rest.
 */
import type { Codec } from "../../codec/codec.ts";
import type { CloseReason, Goodbye } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { Deadline } from "../frame/deadlines.ts";
import { CHANGED, type ParentListener, type PollContext, RECEIVED } from "../frame/poll-context.ts";
import type { ConnectionStats } from "../frame/stats.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { Receiver } from "../receive/receiver.ts";
import { checkKey, type MessageKey } from "../send/keyed-spans.ts";
import type { Outbox } from "../send/outbox.ts";
import type { Replies } from "../send/replies.ts";
import type { Sender } from "../send/sender.ts";
import type { ConnectionFactory } from "./assembly.ts";
import { ConnectionFacts } from "./connection-facts.ts";
import { checkedGoodbye } from "./goodbye.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { PeerMonitor } from "./peer-monitor.ts";
import type { ConnectionState, Membership } from "./phase.ts";

/** One peer. Made by `poller.connect` and given by `listener.tryAccept`. */
export class Connection<In, Out = In, Data = undefined> extends ConnectionFacts {
  /** A number of its own among all connections of its poller, counted from 1. */
  readonly id: number;
  /** The game's own state of this connection, which the option `data` has made; `undefined` without it. */
  readonly data: Data = undefined as Data;

  /** The listener that accepted it; `undefined` for a connection made by `connect`. @internal */
  readonly listener: ParentListener<AnyConnection> | undefined;
  /** @internal */ readonly receiver: Receiver<AnyConnection, In>;
  /** @internal */ readonly sender: Sender<AnyConnection, Out>;
  /** @internal */ readonly lifecycle: Lifecycle<AnyConnection>;
  /** @internal */ readonly outbox: Outbox;
  /** Whether the next frames only need a latch, and no update, as long as nothing but bytes arrives. @internal */
  receiveOnly = false;
  /** What its listener knows of it, which alone reads and writes it. @internal */
  membership: Membership = "waiting";
  /** A field for the `DeadlineHeap`, which alone reads and writes it. @internal */
  deadline: Deadline<unknown> | undefined;

  readonly #context: PollContext<AnyConnection>;
  readonly #link: Link;
  readonly #ingress: Ingress<AnyConnection, In>;
  readonly #stats: ConnectionStats;
  readonly #monitor: PeerMonitor<AnyConnection> | undefined;
  readonly #replies: Replies<AnyConnection> | undefined;
  /** Whether the last update has left nothing but received bytes to show, accepted or not. */
  #isQuiet = false;
  #changes = 0; // since the last frame: none, RECEIVED, CHANGED or both
  /** Whether `open` was told, or there is an accept instead. */
  #isKnown: boolean;
  #lastReceivedMs = 0;

  /** @internal */
  constructor(
    context: PollContext<AnyConnection>,
    listener: ParentListener<AnyConnection> | undefined,
    link: Link,
    codec: Codec<In, Out>,
    makeParts: ConnectionFactory,
  ) {
    super(link, listener !== undefined);
    this.listener = listener;
    this.#isKnown = listener !== undefined;
    this.#context = context;
    this.#link = link;
    const parts = makeParts<AnyConnection, In, Out>({ context, listener, member: this }, link, codec);
    this.id = context.register(this); // after the codec's part of this, which may throw
    this.receiver = parts.receiver;
    this.sender = parts.sender;
    this.lifecycle = parts.lifecycle;
    this.#ingress = parts.ingress;
    this.outbox = parts.outbox;
    this.#stats = parts.stats;
    this.#monitor = parts.monitor;
    this.#replies = parts.replies;
    link.attach(parts.ingress);
  }

  /** The state of the connection. Changes in `poll()`, and by `end()`, `close()` and `abort()`. */
  get state(): ConnectionState {
    return this.lifecycle.state;
  }

  /** Why it ends, from `"closing"` on; of an orderly ending that fails, `"closed"` has the failure instead. */
  get closeReason(): CloseReason | undefined {
    return this.lifecycle.closeReason;
  }

  /** Whether the peer has finished sending and its last message was taken, as of this frame. */
  get recvEnded(): boolean {
    return this.lifecycle.recvEnded;
  }

  /** Bytes that were sent and have not left this process yet, as of this frame. */
  get pendingBytes(): number {
    return this.outbox.pendingBytes;
  }

  /** The statistics of this connection so far. */
  get stats(): ConnectionStats {
    return this.#stats;
  }

  /**
   * The next message of this frame. `undefined` when there are no more, which is no error,
   * the usual case, and all that it means. What is not taken waits for the next frame.
   */
  tryRecv(): In | undefined {
    return this.receiver.tryRecv();
  }

  /**
   * The newest message of this frame, for streams such as positions; earlier ones are taken
   * too, and counted as skipped. `undefined` when there is none, as with {@link tryRecv}.
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
   * Like {@link trySend}, for messages that the next one of their kind outdates, such as positions: when a
   * message of the same `key` has not left yet, this one takes its place, and the order of all others stays.
   * A peer that keeps up gets every message; a slow one gets the newest when it has room.
   *
   * It never passes a message that {@link trySend} sent before it: with such a message between the two, the
   * old one is removed and this one is appended. `false`, and the old one stays, when {@link trySend} answers so.
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
   * Holds its messages back until {@link release}: `tryRecv` returns `undefined`, and they
   * wait. The limits apply. The end is seen after the last message is taken.
   */
  hold(): void {
    this.receiver.hold();
  }

  /** Undoes {@link hold}: shows the messages of this frame again; the next frame shows the rest. */
  release(): void {
    this.receiver.release();
  }

  /**
   * Finishes sending and keeps receiving: queued messages leave, then the end of the
   * stream. `state` is `"closing"` until the peer has finished too; there is no deadline,
   * so call `close()` when that takes too long. Does nothing when this side has finished.
   */
  end(): void {
    this.lifecycle.end();
  }

  /**
   * Closes the connection: queued messages leave first, then the end of the stream, within
   * the close deadline. Messages not taken, and bytes that still arrive, are dropped.
   * `state` is `"closing"` at once and `"closed"` in a later frame, unless it is already.
   *
   * @param goodbye why, for the peer: its `closeReason.goodbye`, over a WebSocket and a
   *   session. Other transports cannot take it along; it is in this side's reason alone then
   * @throws TypeError when `goodbye`, its `code` or its `text` is of a wrong kind
   * @throws RangeError when the `code` is none that the transport carries, or the `text` has
   *   more than 123 bytes in UTF-8
   */
  close(goodbye?: Goodbye): void {
    this.lifecycle.close(goodbye === undefined ? undefined : checkedGoodbye(goodbye, this.#link));
  }

  /**
   * Drops everything now, in both directions; the peer sees a reset where the
   * transport has one. `state` is `"closed"` at once.
   */
  abort(): void {
    this.lifecycle.abort();
  }

  // All members below are for the poller, the listener and the parts alone.

  /** The time of the last frame that received bytes from the peer, rounded up to a millisecond. @internal */
  get lastReceivedMs(): number {
    return this.#changes & RECEIVED ? this.#context.polledMs : this.#lastReceivedMs;
  }

  /** Sends the queued bytes in one write, and after the last of them the end of the stream. @internal */
  flush(): void {
    this.lifecycle.flush();
    this.#monitor?.handleFlush();
    if (this.outbox.hasDrained) this.markDirty();
  }

  /** Returns the flags of the changes since the last frame, and clears them. @internal */
  takeChanges(): number {
    const changes = this.#changes;
    // Rounded up to a whole number, as V8 would store a fraction in memory of its own, which costs an access.
    if (changes & RECEIVED) this.#lastReceivedMs = Math.ceil(this.#context.polledMs);
    this.#changes = 0;
    return changes;
  }

  /** Shows the queued changes to the game, after the latch. Returns whether there is something new for the game. @internal */
  update(): boolean {
    const { lifecycle } = this;
    this.takeChanges();
    this.#monitor?.reportLosses();
    this.receiver.update();
    this.#noteDrained();
    this.#replies?.queue();
    const { isPending, state } = lifecycle;
    const hasOpened = !isPending && lifecycle.tryOpen();
    if (hasOpened && state === "connecting") this.#isKnown = true;
    if (this.hasLineChanged(this.#ingress)) this.#tellLine();
    const moved = !isPending && (lifecycle.advance() || hasOpened);
    this.#isQuiet = this.#monitor?.update() === true;
    this.receiveOnly = this.#isQuiet && !isPending;
    if (moved && this.listener === undefined) this.copyInfo();
    const hasDrained = lifecycle.isOpen && this.outbox.takeDrained();
    if (hasDrained) this.#context.emit("drain", this);
    return !isPending && (moved || hasDrained || this.receiver.ready > 0);
  }

  /**
   * The game accepts it. What the last update has found still holds, so the next frame need
   * not be another one: for 1,000 that come at once, it took 4.5 ms of code that is still cold. @internal
   */
  accept(): void {
    this.lifecycle.accept();
    this.receiveOnly = this.#isQuiet && !this.outbox.hasDrained;
  }

  /** Its deadline has passed. @internal */
  handleTimeout(): void {
    this.#noteDrained(); // bytes that left before the deadline count
    if (this.#monitor?.handleTimeout() !== true) this.lifecycle.handleTimeout();
  }

  /** Has the next poll update this connection, for the reasons in `changes`. @internal */
  markDirty(changes: number = CHANGED): void {
    if (this.#changes === 0) this.#context.markDirty(this);
    this.#changes |= changes;
  }

  /** Has the next poll update this connection when this frame leaves messages behind. @internal */
  requeue(): void {
    if (this.#changes === 0 && this.receiver.hasLeftovers) this.markDirty();
  }

  /** Tells the game of an outage: after `open` and `accept`, if it was told of these, and before `close`. */
  #tellLine(): void {
    const { lifecycle, listener } = this;
    const before = this.remoteAddress;
    const mayTell = this.#isKnown && !lifecycle.isPending && lifecycle.state !== "closed";
    const events = this.showLine(this.#ingress, mayTell);
    if (before !== this.remoteAddress) listener?.move(before, this.remoteAddress);
    for (const event of events) this.#context.emit(event, this);
  }

  #noteDrained(): void {
    this.outbox.drained(this.#ingress.takeDrainedBytes());
  }
}

/** A connection with messages and data of any type. Nothing can be sent on it, as that needs the type. */
export type AnyConnection = Connection<unknown, never, unknown>;
