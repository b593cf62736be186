/**
 * The game's side of a connection: what a frame shows of one peer.
 *
 *     link ──▶ intake ┊ poll: latch, settle ──▶ state, messages ──▶ tryRecv ──▶ game
 *     link ◀── outbox ◀── flush ◀────────────── encode ◀─────────── trySend ◀────┘
 *
 * Joins the two rows: the messages of a frame, and what may be sent in it. How
 * it lives and ends is `lifeline.ts`; what the world says of it, `intake.ts`.
 */
import type { Codec } from "../codec/codec.ts";
import type { Desk, Home } from "./desk.ts";
import { Intake } from "./intake.ts";
import { Lifeline } from "./lifeline.ts";
import type { Limits } from "./limits.ts";
import type { Address, CloseReason, FailedAttempt, Link, Security } from "./link.ts";
import { Outbox } from "./outbox.ts";
import type { ConnectionState } from "./phase.ts";
import { type ConnectionStats, type Counters, connectionCounters, type TrafficStats } from "./stats.ts";

/** One peer. Made by `poller.connect` and given by `listener.tryAccept`. */
export class Connection<In, Out = In> {
  /** A number of its own among all connections of its poller, counted from 1. */
  readonly id: number;

  readonly #desk: Desk<AnyConnection>;
  readonly #home: Home<AnyConnection> | undefined;
  readonly #link: Link;
  readonly #codec: Codec<In, Out>;
  readonly #intake: Intake<In>;
  readonly #outbox: Outbox;
  readonly #counters: Counters<ConnectionStats> = connectionCounters();
  readonly #life: Lifeline<AnyConnection>;
  /** What the link says of itself, as of the frame. */
  #facts: LinkFacts = {};
  /** Whether it is on the desk's list for the next poll. */
  #filed = false;

  /** @internal */
  constructor(
    desk: Desk<AnyConnection>,
    home: Home<AnyConnection> | undefined,
    link: Link,
    codec: Codec<In, Out>,
    limits: Limits,
  ) {
    this.id = desk.enter(this);
    this.#desk = desk;
    this.#home = home;
    this.#link = link;
    this.#codec = codec;
    this.#outbox = new Outbox(link, desk.stores, limits.sendLimitBytes);
    this.#intake = new Intake(link, codec.decoder(), limits.receiveLimitBytes, () => this.file());
    const parts = { link, intake: this.#intake, outbox: this.#outbox, limits };
    this.#life = new Lifeline(parts, { desk, home, member: this });
    if (home !== undefined) this.#copyFacts();
    link.attach(this.#intake);
  }

  /** Where it is in its life. Changes in `poll()`, and by `close()` and `abort()`. */
  get state(): ConnectionState {
    return this.#life.state;
  }

  /** Why it is over; `undefined` until `state` is `"closed"`. */
  get closeReason(): CloseReason | undefined {
    return this.#life.closeReason;
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
    return this.#life.recvEnded;
  }

  /** Bytes that were sent and have not left this process, as of this frame. */
  get pendingBytes(): number {
    return this.#outbox.pendingBytes;
  }

  /** What was counted so far. */
  get stats(): ConnectionStats {
    return this.#counters;
  }

  /**
   * The next message of this frame. `undefined` when it has no more, which is
   * not an error and the usual case; nothing else is ever meant by it. What is
   * not taken waits for the next frame.
   */
  tryRecv(): In | undefined {
    if (this.#intake.inbox.ready === 0) return undefined;
    const message = this.#intake.take();
    if (this.#life.isEnding && this.#intake.inbox.length === 0) this.file(); // the next poll may show it
    return message;
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
    return this.#life.maySend && this.queue(this.#codec.encode(message));
  }

  /**
   * Finishes sending and goes on hearing: what was sent leaves, then the end of
   * the stream. `state` is `"closing"` until the peer has finished too; there is
   * no deadline, so call `close()` when the answer takes too long. Does nothing
   * when this side has finished already.
   */
  end(): void {
    this.#life.end();
  }

  /**
   * Says goodbye: what was sent leaves first, then the end of the stream,
   * within the close deadline. What was not taken is dropped, and so is what
   * still comes. `state` is `"closing"` at once and `"closed"` in a later frame.
   * Does nothing when it is closed already.
   */
  close(): void {
    this.#life.close();
  }

  /**
   * Drops everything now, in both directions; the peer sees a reset where the
   * transport has one. `state` is `"closed"` at once.
   */
  abort(): void {
    this.#life.abort();
  }

  // What follows is for the poller and the listener alone.

  /** How many messages this frame still has for the game. @internal */
  get ready(): number {
    return this.#intake.inbox.ready;
  }

  /** How many messages wait for a later frame. @internal */
  get arriving(): number {
    return this.#intake.inbox.arriving;
  }

  /** The size of the message that `tryRecv` would answer, in bytes. @internal */
  get nextBytes(): number {
    return this.#intake.inbox.nextBytes;
  }

  /** The listener that it came through. @internal */
  get home(): Home<AnyConnection> | undefined {
    return this.#home;
  }

  /** Queues bytes that are a whole message. @internal */
  queue(encoded: Uint8Array): boolean {
    if (!this.#life.maySend) return false;
    const wasEmpty = this.#outbox.storedBytes === 0;
    if (!this.#outbox.queue(encoded)) {
      this.#countRefused();
      return false;
    }
    if (wasEmpty) this.#desk.wantsFlush(this);
    countSent(this.#counters, encoded.length);
    countSent(this.#desk.counters, encoded.length);
    if (this.#home !== undefined) countSent(this.#home.counters, encoded.length);
    this.#counters.outboxPeakBytes = this.#outbox.peakBytes;
    return true;
  }

  /** Sends what is queued, in one write, and behind the last the end of the stream. @internal */
  flush(): void {
    this.#life.flush();
    if (this.#outbox.owesRoomNews) this.file();
  }

  /** Lets at most `most` messages become visible, and answers how many did. @internal */
  latch(most: number): number {
    const { inbox } = this.#intake;
    const count = inbox.latch(most);
    if (count === 0) return 0;
    const sizeBytes = inbox.latchedBytes;
    countReceived(this.#counters, count, sizeBytes);
    countReceived(this.#desk.counters, count, sizeBytes);
    if (this.#home !== undefined) countReceived(this.#home.counters, count, sizeBytes);
    return count;
  }

  /**
   * Turns what was filed into what the game sees, after the latch. Answers
   * whether this frame has something to look at here. @internal
   */
  settle(passedMs: number): boolean {
    this.#filed = false;
    this.#copyCounters(passedMs);
    if (this.#life.phase === "at the door") return false;
    const moved = this.#life.advance();
    if (moved) this.#copyFacts();
    const hasRoom = this.#life.phase === "open" && this.#outbox.takeRoomNews();
    if (hasRoom) this.#desk.announce("drain", this);
    return moved || hasRoom || this.ready > 0;
  }

  /** The game has taken this guest. @internal */
  admit(): void {
    this.#life.admit();
  }

  /** Its deadline has passed. @internal */
  expire(): void {
    this.#noteDrained(); // what left in time counts
    this.#life.expire();
  }

  /** Lets `signal` end the attempt to connect. @internal */
  interruptBy(signal: AbortSignal): void {
    this.#life.interruptBy(signal);
  }

  /** Has the next poll look here. @internal */
  file(): void {
    if (this.#filed) return;
    this.#filed = true;
    this.#desk.file(this);
  }

  /** Files it again when something of this frame is left for the next. @internal */
  refile(): void {
    if (this.#intake.inbox.length > 0 && this.state !== "closed") this.file();
  }

  #copyFacts(): void {
    const { localAddress, remoteAddress, security, failedAttempts } = this.#link;
    this.#facts = { localAddress, remoteAddress, security, failedAttempts };
  }

  #copyCounters(passedMs: number): void {
    const intake = this.#intake;
    this.#counters.inboxPeakBytes = intake.peakBytes;
    // A pause that began since the last frame counts from this one on.
    if (intake.paused && intake.pauses === this.#counters.pauses) this.#counters.pausedMs += passedMs;
    this.#counters.pauses = intake.pauses;
    this.#noteDrained();
  }

  #noteDrained(): void {
    this.#outbox.drained(this.#intake.drainedBytes);
    this.#intake.drainedBytes = 0;
  }

  #countRefused(): void {
    this.#counters.refusedMessages++;
    this.#desk.counters.refusedMessages++;
    if (this.#home !== undefined) this.#home.counters.refusedMessages++;
  }
}

// Written out field by field: as one function that takes the field's name it was a tenth of a frame.
function countReceived(counters: Counters<TrafficStats>, messages: number, sizeBytes: number): void {
  counters.receivedMessages += messages;
  counters.receivedBytes += sizeBytes;
}

function countSent(counters: Counters<TrafficStats>, sizeBytes: number): void {
  counters.sentMessages++;
  counters.sentBytes += sizeBytes;
}

/** A connection, whatever its messages are. Nothing can be sent on it without knowing. */
export type AnyConnection = Connection<unknown, never>;

type LinkFacts = Partial<Pick<Link, "localAddress" | "remoteAddress" | "security" | "failedAttempts">>;
