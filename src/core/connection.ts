/**
 * The game's side of a connection: what a frame shows of one peer.
 *
 *     link ──▶ intake ┊ poll: latch, settle ──▶ state, messages ──▶ tryRecv ──▶ game
 *     link ◀── outbox ◀── flush ◀────────────── encode ◀─────────── trySend ◀────┘
 *
 * Joins the two rows, and decides what a caller may ask. What of the messages a
 * frame shows is `receiving.ts`, what may be sent `sending.ts`; how it lives and
 * ends is `lifeline.ts`, and what the world says of it `intake.ts`.
 */
import type { Codec } from "../codec/codec.ts";
import { Books } from "./books.ts";
import type { Desk, Home, Keepers } from "./desk.ts";
import { Intake } from "./intake.ts";
import { Lifeline } from "./lifeline.ts";
import type { Limits } from "./limits.ts";
import type { Address, CloseReason, FailedAttempt, Link, Security } from "./link.ts";
import { Outbox } from "./outbox.ts";
import type { ConnectionState } from "./phase.ts";
import { Receiving } from "./receiving.ts";
import { Sending } from "./sending.ts";
import type { Key } from "./spans.ts";
import type { ConnectionStats } from "./stats.ts";

/** One peer. Made by `poller.connect` and given by `listener.tryAccept`. */
export class Connection<In, Out = In> {
  /** A number of its own among all connections of its poller, counted from 1. */
  readonly id: number;

  readonly #keepers: Keepers<AnyConnection>;
  readonly #link: Link;
  readonly #intake: Intake<In>;
  readonly #outbox: Outbox;
  readonly #books: Books;
  readonly #life: Lifeline<AnyConnection>;
  readonly #receiving: Receiving<In>;
  readonly #sending: Sending<AnyConnection, Out>;
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
    this.#keepers = { desk, home, member: this };
    this.#link = link;
    const books = new Books(desk, home);
    const outbox = new Outbox(link, desk.stores, limits.sendLimitBytes);
    const intake = new Intake(link, codec.decoder(), limits.receiveLimitBytes, () => this.file());
    const life = new Lifeline({ link, intake, outbox, limits }, this.#keepers);
    const parts = { codec, intake, outbox, books, life };
    this.#books = books;
    this.#outbox = outbox;
    this.#intake = intake;
    this.#life = life;
    this.#receiving = new Receiving(parts, this);
    this.#sending = new Sending(parts, this.#keepers);
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
    return this.#books.own;
  }

  /**
   * The next message of this frame. `undefined` when it has no more, which is
   * not an error and the usual case; nothing else is ever meant by it. What is
   * not taken waits for the next frame.
   */
  tryRecv(): In | undefined {
    return this.#receiving.tryRecv();
  }

  /**
   * The newest message of this frame; those before it are taken too, and counted
   * as skipped. `undefined` when there is none, as with {@link tryRecv}. For
   * streams of positions, where only the last one matters.
   */
  tryRecvLatest(): In | undefined {
    return this.#receiving.tryRecvLatest();
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
    return this.#sending.trySend(message);
  }

  /**
   * Like {@link trySend}, for what is outdated by the next of its kind, such as
   * positions: where a message of the same `key` has not left yet, this one
   * takes its place, and the order of all others stays. To a peer that keeps up
   * every message goes; to one that is slow, what is newest when it has room.
   *
   * It stands where the replaced one stood, so before what was sent between the
   * two. `false`, and the old one stays, where {@link trySend} says `false`.
   *
   * @param key what the message is about: a name, a number or an object,
   *   compared as in a Map; the keys of each connection are its own
   * @throws TypeError when `key` is undefined or null
   * @throws as {@link trySend} does
   */
  trySendLatest(key: Key, message: Out): boolean {
    return this.#sending.trySendLatest(key, message);
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
    return this.#receiving.ready;
  }

  /** How many messages wait for a later frame. @internal */
  get arriving(): number {
    return this.#receiving.arriving;
  }

  /** The size of the message that `tryRecv` would answer, in bytes. @internal */
  get nextBytes(): number {
    return this.#receiving.nextBytes;
  }

  /** The listener that it came through. @internal */
  get home(): Home<AnyConnection> | undefined {
    return this.#keepers.home;
  }

  /** Queues bytes that are a whole message, in the place of one of the same `key`. @internal */
  queue(encoded: Uint8Array, key?: Key): boolean {
    return this.#sending.queue(encoded, key);
  }

  /** Sends what is queued, in one write, and behind the last the end of the stream. @internal */
  flush(): void {
    this.#life.flush();
    if (this.#outbox.owesRoomNews) this.file();
  }

  /** Lets at most `most` messages become visible, and answers how many did. @internal */
  latch(most: number): number {
    return this.#receiving.latch(most);
  }

  /**
   * Turns what was filed into what the game sees, after the latch. Answers
   * whether this frame has something to look at here. @internal
   */
  settle(passedMs: number): boolean {
    this.#filed = false;
    this.#receiving.settle(passedMs);
    this.#noteDrained();
    if (this.#life.phase === "at the door") return false;
    const moved = this.#life.advance();
    if (moved) this.#copyFacts();
    const hasRoom = this.#life.phase === "open" && this.#outbox.takeRoomNews();
    if (hasRoom) this.#keepers.desk.announce("drain", this);
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
    this.#keepers.desk.file(this);
  }

  /** Files it again when something of this frame is left for the next. @internal */
  refile(): void {
    if (this.#receiving.hasWaiting && this.state !== "closed") this.file();
  }

  #copyFacts(): void {
    const { localAddress, remoteAddress, security, failedAttempts } = this.#link;
    this.#facts = { localAddress, remoteAddress, security, failedAttempts };
  }

  #noteDrained(): void {
    this.#outbox.drained(this.#intake.drainedBytes);
    this.#intake.drainedBytes = 0;
  }
}

/** A connection, whatever its messages are. Nothing can be sent on it without knowing. */
export type AnyConnection = Connection<unknown, never>;

type LinkFacts = Partial<Pick<Link, "localAddress" | "remoteAddress" | "security" | "failedAttempts">>;
