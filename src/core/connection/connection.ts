/**
 * The game's side of a connection: what a frame shows of one peer.
 *
 *     link ──▶ intake ┊ poll: latch, settle ──▶ state, messages ──▶ tryRecv ──▶ game
 *     link ◀── outbox ◀── flush ◀────────────── encode ◀─────────── trySend ◀────┘
 *
 * Joins the two rows, and decides what a caller may ask. `rooms.ts` lists the
 * rooms in which the rest is decided.
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
import { checkKey, type MessageKey } from "../send/keyed-spans.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { ConnectionState } from "./phase.ts";
import type { Rooms, RoomsMaker } from "./rooms.ts";

/** One peer. Made by `poller.connect` and given by `listener.tryAccept`. */
export class Connection<In, Out = In> {
  /** A number of its own among all connections of its poller, counted from 1. */
  readonly id: number;

  /** What it is made of, for the poller and the listener. @internal */
  readonly rooms: Rooms<AnyConnection, In, Out>;
  // Also in the rooms; here, as they are all that a frame needs of most connections, and each step counts.
  /** @internal */
  readonly inbox: Inbox<In>;
  /** @internal */
  readonly books: TrafficRecorder;
  /** Whether the next frames have nothing to do here but to show what is heard. @internal */
  isCalm = false;
  /** The listener that it came through. @internal */
  readonly listener: ParentListener<AnyConnection> | undefined;
  /** For its poller. @internal */
  deadline: Deadline<unknown> | undefined;
  readonly #context: PollContext<AnyConnection>;
  /** What the link says of itself, as of the frame. A guest's link knew it all when it came. */
  #facts: LinkFacts;
  /** What is new here for the next poll: nothing, or one of these or both. */
  #news = 0;
  #heardMs = 0;

  /** @internal */
  constructor(
    context: PollContext<AnyConnection>,
    listener: ParentListener<AnyConnection> | undefined,
    link: Link,
    codec: Codec<In, Out>,
    makeRooms: RoomsMaker,
  ) {
    this.id = context.register(this);
    this.listener = listener;
    this.#context = context;
    this.rooms = makeRooms({ context, listener, member: this }, link, codec);
    this.inbox = this.rooms.intake.inbox;
    this.books = this.rooms.books;
    this.#facts = listener === undefined ? NO_FACTS : link;
    link.attach(this.rooms.intake);
  }

  /** Where it is in its life. Changes in `poll()`, and by `close()` and `abort()`. */
  get state(): ConnectionState {
    return this.rooms.life.state;
  }

  /** Why it is over; `undefined` until `state` is `"closed"`. */
  get closeReason(): CloseReason | undefined {
    return this.rooms.life.closeReason;
  }

  /** This end's address; `undefined` while connecting. */
  get localAddress(): Address | undefined {
    return this.#facts.localAddress;
  }

  /** The peer's address, also after the close; `undefined` while connecting. */
  get remoteAddress(): Address | undefined {
    return this.#facts.remoteAddress;
  }

  /** Addresses of the name that were tried and did not answer; empty while connecting. */
  get failedAttempts(): readonly FailedAttempt[] {
    return this.#facts.failedAttempts ?? [];
  }

  /** How it is encrypted, once it is open; `undefined` where it is not. */
  get security(): Security | undefined {
    return this.#facts.security;
  }

  /** Whether the peer has finished sending and its last message was taken, as of this frame. */
  get recvEnded(): boolean {
    return this.rooms.life.recvEnded;
  }

  /** Bytes that were sent and have not left this process, as of this frame. */
  get pendingBytes(): number {
    return this.rooms.outbox.pendingBytes;
  }

  /** What was counted so far. */
  get stats(): ConnectionStats {
    return this.books.own;
  }

  /**
   * The next message of this frame. `undefined` when it has no more, which is
   * not an error and the usual case; nothing else is ever meant by it. What is
   * not taken waits for the next frame.
   */
  tryRecv(): In | undefined {
    return this.rooms.receiving.tryRecv();
  }

  /**
   * The newest message of this frame; those before it are taken too, and counted
   * as skipped. `undefined` when there is none, as with {@link tryRecv}. For
   * streams of positions, where only the last one matters.
   */
  tryRecvLatest(): In | undefined {
    return this.rooms.receiving.tryRecvLatest();
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
    return this.rooms.sending.trySend(message);
  }

  /**
   * Like {@link trySend}, for what is outdated by the next of its kind, such as
   * positions: where a message of the same `key` has not left yet, this one
   * takes its place, and the order of all others stays. To a peer that keeps up
   * every message goes; to one that is slow, what is newest when it has room.
   *
   * It never passes what {@link trySend} sent before it: with such a message
   * between the two, the old one goes and this one stands at the end. `false`,
   * and the old one stays, where {@link trySend} says `false`.
   *
   * @param key what the message is about: a name, a number or an object,
   *   compared as in a Map; the keys of each connection are its own
   * @throws TypeError when `key` is undefined or null
   * @throws as {@link trySend} does
   */
  trySendLatest(key: MessageKey, message: Out): boolean {
    checkKey(key);
    return this.rooms.sending.trySend(message, key);
  }

  /**
   * Holds its messages back, from now on, until {@link release}: `tryRecv`
   * answers `undefined`, and they wait. The link lives, its limits act, and an
   * end is seen once what came before it was taken.
   */
  hold(): void {
    this.rooms.receiving.hold();
  }

  /** Undoes {@link hold}: what this frame had is there again, the rest comes with the next. */
  release(): void {
    this.rooms.receiving.release();
  }

  /**
   * Finishes sending and goes on hearing: what was sent leaves, then the end of
   * the stream. `state` is `"closing"` until the peer has finished too; there is
   * no deadline, so call `close()` when the answer takes too long. Does nothing
   * when this side has finished already.
   */
  end(): void {
    this.rooms.life.end();
  }

  /**
   * Says goodbye: what was sent leaves first, then the end of the stream,
   * within the close deadline. What was not taken is dropped, and so is what
   * still comes. `state` is `"closing"` at once and `"closed"` in a later frame.
   * Does nothing when it is closed already.
   */
  close(): void {
    this.rooms.life.close();
  }

  /**
   * Drops everything now, in both directions; the peer sees a reset where the
   * transport has one. `state` is `"closed"` at once.
   */
  abort(): void {
    this.rooms.life.abort();
  }

  // What follows is for the poller, the listener and the rooms alone.

  /** When something came from the peer last: the time of the frame that shows it, rounded up to a millisecond. @internal */
  get heardMs(): number {
    return this.#news & RECEIVED ? this.#context.polledMs : this.#heardMs;
  }

  /** Sends what is queued, in one write, and behind the last the end of the stream. @internal */
  flush(): void {
    this.rooms.life.flush();
    this.rooms.guard?.flushed();
    if (this.rooms.outbox.hasDrained) this.file();
  }

  /** A frame looks here: answers what is new, and forgets it. @internal */
  see(): number {
    const news = this.#news;
    if (news & RECEIVED) this.#heardMs = Math.ceil(this.#context.polledMs); // a fraction would be a step to memory of its own
    this.#news = 0;
    return news;
  }

  /**
   * Turns what was filed into what the game sees, after the latch. Answers
   * whether this frame has something to look at here. @internal
   */
  update(): boolean {
    this.see();
    this.rooms.receiving.settle();
    this.#noteDrained();
    const isInside = this.rooms.life.phase !== "at the door";
    const moved = isInside && this.rooms.life.advance();
    this.isCalm = this.rooms.guard?.look() === true;
    if (moved) this.#copyFacts();
    const hasRoom = this.rooms.life.phase === "open" && this.rooms.outbox.takeDrained();
    if (hasRoom) this.#context.emit("drain", this);
    return isInside && (moved || hasRoom || this.inbox.ready > 0);
  }

  /** Its deadline has passed. @internal */
  handleTimeout(): void {
    this.#noteDrained(); // what left in time counts
    this.rooms.life.expire();
  }

  /** Has the next poll look here, for this reason. @internal */
  file(what: typeof RECEIVED | typeof CHANGED = CHANGED): void {
    if (this.#news === 0) this.#context.markDirty(this);
    this.#news |= what;
  }

  /** Files it again when something of this frame is left for the next. @internal */
  refile(): void {
    const { inbox } = this;
    if (this.#news !== 0 || inbox.length === 0 || inbox.isHeld) return;
    if (this.state !== "closed") this.file();
  }

  #copyFacts(): void {
    if (this.listener !== undefined) return;
    const { localAddress, remoteAddress, security, failedAttempts } = this.rooms.link;
    this.#facts = { localAddress, remoteAddress, security, failedAttempts };
  }

  #noteDrained(): void {
    this.rooms.outbox.drained(this.rooms.intake.drainedBytes);
    this.rooms.intake.drainedBytes = 0;
  }
}

/** A connection, whatever its messages are. Nothing can be sent on it without knowing. */
export type AnyConnection = Connection<unknown, never>;

const NO_FACTS: LinkFacts = {};

type LinkFacts = Partial<Pick<Link, "localAddress" | "remoteAddress" | "security" | "failedAttempts">>;
