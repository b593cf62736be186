/**
 * Cuts time into frames: gathers what is new between polls, and turns it into
 * what the game sees, all at once.
 *
 *     file ──▶ filed ┊ cut: latch, settle ──▶ ready, events
 *     links ◀── flush ◀── outgoing ◀── wantsFlush
 *
 * A frame costs what is filed and what is ready, never what exists. Knows
 * connections and listeners by what they do in a frame, and no transport.
 */
import type { AnyConnection } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import type { Closing, DatagramDesk, Flushing, ListenerDesk, Settling } from "./desk.ts";
import { Events } from "./events.ts";
import { type Frame, ReusedFrame } from "./frame.ts";
import type { CloseReason } from "./link.ts";
import type { AnyListener } from "./listener.ts";
import { StorePool } from "./outbox.ts";
import { type Counters, type PollerStats, pollerCounters } from "./stats.ts";
import { Turns } from "./turns.ts";

/** What decides how frames are cut. */
export interface FrameRules {
  /** Messages that may become visible in one frame. */
  readonly messages: number;
  /** Bytes of those messages on the wire. */
  readonly bytes: number;
  /** The longest time that one frame counts for in deadlines. */
  readonly maxFrameMs: number;
  readonly clock: () => number;
}

/** The frames of one poller. */
export class Frames implements ListenerDesk<AnyConnection, AnyListener>, DatagramDesk {
  readonly events: Events = new Events();
  readonly stores: StorePool = new StorePool();
  readonly counters: Counters<PollerStats> = pollerCounters();
  /** What has something to look at in this frame. */
  readonly ready: AnyConnection[] = [];
  readonly connections: Set<AnyConnection> = new Set();
  /** Listeners and datagram sockets. */
  readonly houses: Set<Closing> = new Set();
  readonly clock: () => number;

  readonly #rules: FrameRules;
  readonly #deadlines: Deadlines<AnyConnection>;
  readonly #frame = new ReusedFrame();
  readonly #wakers = new Set<() => void>();
  readonly #turns = new Turns<AnyConnection>({ leftOf: (connection) => connection.arriving });
  // Two lists each: one gathers while the other is worked off.
  #filed: AnyConnection[] = [];
  #visiting: AnyConnection[] = [];
  #filedHouses: Settling[] = [];
  #visitingHouses: Settling[] = [];
  #outgoing: Flushing[] = [];
  #flushing: Flushing[] = [];
  #lastId = 0;

  constructor(rules: FrameRules) {
    this.#rules = rules;
    this.clock = rules.clock;
    this.#deadlines = new Deadlines(rules.maxFrameMs);
  }

  /** The time of the last frame, in milliseconds; 0 before the first. */
  get nowMs(): number {
    return this.#frame.nowMs;
  }

  get polledMs(): number {
    return this.#deadlines.polledMs;
  }

  /** Whether everything it kept is over. */
  get isEmpty(): boolean {
    return this.connections.size === 0 && this.houses.size === 0;
  }

  /** Whether the next cut has something to show. */
  get hasNews(): boolean {
    return this.#filed.length > 0 || this.#filedHouses.length > 0;
  }

  /** How soon a deadline wants a poll, in milliseconds; `Infinity` when none runs. */
  get dueInMs(): number {
    return this.#deadlines.dueInMs;
  }

  /** Calls `wake` at the next news, once; at once when there are some. Answers how to take that back. */
  onNews(wake: () => void): () => void {
    if (this.hasNews) wake();
    else this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Cuts the next frame: everything filed until now becomes visible, or waits by the budget. */
  cut(nowMs: number): Frame {
    this.counters.polls++;
    this.#frame.begin(nowMs, this.counters);
    const passedMs = this.#deadlines.pass(this.#frame.deltaMs);
    this.#settleHouses();

    const visiting = this.#gatherVisits();
    const remaining = this.#latch(visiting);
    for (const connection of visiting) {
      if (connection.settle(passedMs)) this.#show(connection);
      if (connection.arriving > 0) connection.refile();
    }
    visiting.length = 0;
    this.#frame.finish(this.counters, remaining);
    return this.#frame;
  }

  /** Sends what was queued, one write each. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    const flushing = this.#outgoing;
    this.#outgoing = this.#flushing;
    this.#flushing = flushing;
    for (const member of flushing) member.flush();
    flushing.length = 0;
  }

  enter(connection: AnyConnection): number {
    this.connections.add(connection);
    return ++this.#lastId;
  }

  file(connection: AnyConnection): void {
    this.#filed.push(connection);
    this.#wakeUp();
  }

  fileHouse(house: Settling): void {
    this.#filedHouses.push(house);
    this.#wakeUp();
  }

  forgetHouse(house: Closing): void {
    this.houses.delete(house);
  }

  wantsFlush(member: Flushing): void {
    this.#outgoing.push(member);
  }

  watch(connection: AnyConnection, untilMs: number): void {
    this.#deadlines.set(connection, untilMs);
  }

  unwatch(connection: AnyConnection): void {
    this.#deadlines.clear(connection);
  }

  admit(connection: AnyConnection): void {
    if (connection.ready > 0) this.#show(connection);
  }

  announce(what: "open" | "close" | "drain", connection: AnyConnection): void {
    if (what === "close") {
      this.connections.delete(connection);
      this.counters.closed++;
      const reason = connection.closeReason as CloseReason; // a closed connection has one
      this.events.gather("close", { connection, reason });
      return;
    }
    if (what === "open") this.counters.opened++;
    this.events.gather(what, { connection });
  }

  announceDoor(what: "listen" | "unlisten", listener: AnyListener): void {
    if (what === "listen") {
      this.events.gather("listen", { listener });
      return;
    }
    this.houses.delete(listener);
    this.events.gather("unlisten", { listener, reason: listener.closeReason as CloseReason });
  }

  announceGuest(listener: AnyListener, connection: AnyConnection): void {
    this.events.gather("accept", { listener, connection });
  }

  announceDrop(listener: AnyListener, count: number, reason: CloseReason): void {
    this.events.gather("drop", { listener, count, reason });
  }

  /** Whom to visit in this frame: those with something left from the last one first, then the news. */
  #gatherVisits(): AnyConnection[] {
    const news = this.#filed;
    const visiting = this.#visiting;
    this.#filed = visiting; // for a moment, so that the leftovers are filed in front
    for (const connection of this.ready) connection.refile();
    this.ready.length = 0;
    for (const connection of news) visiting.push(connection);
    news.length = 0;
    this.#filed = news;
    return visiting;
  }

  #settleHouses(): void {
    const visiting = this.#filedHouses;
    this.#filedHouses = this.#visitingHouses;
    this.#visitingHouses = visiting;
    for (const house of visiting) house.settle();
    visiting.length = 0;
  }

  /** Lets messages cross into this frame, and answers how many have to wait. */
  #latch(visiting: AnyConnection[]): number {
    const { messages, bytes } = this.#rules;
    if (messages === Infinity && bytes === Infinity) {
      for (const connection of visiting) connection.latch(Infinity);
      return 0;
    }
    const { receivedMessages, receivedBytes } = this.counters;
    for (const connection of visiting) this.#turns.offer(connection, this.#frame.tick);
    return this.#turns.run((connection) => {
      if (this.counters.receivedMessages - receivedMessages >= messages) return false;
      if (this.counters.receivedBytes - receivedBytes >= bytes) return false;
      connection.latch(1);
      return true;
    });
  }

  #show(connection: AnyConnection): void {
    this.ready.push(connection);
    if (connection.ready > 0) connection.home?.offerTurn(connection, this.#frame.tick);
  }

  #wakeUp(): void {
    if (this.#wakers.size === 0) return;
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }
}
