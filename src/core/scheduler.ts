/**
 * Cuts time into frames: gathers what is new between polls, and turns it into
 * what the game sees, all at once.
 *
 *     file ──▶ filed ┊ cut: visit ──▶ ready, events
 *     links ◀── flush ◀── outgoing ◀── wantsFlush
 *
 * A frame costs what is filed and what is ready, never what exists. Knows
 * connections by what they do in a frame, and no transport. What listeners and
 * datagram sockets add is `server-scheduler.ts`, which a page does not load.
 */

import type { CloseReason } from "../port/close-reason.ts";
import type { AnyConnection } from "./connection/connection.ts";
import { Events } from "./events.ts";
import { Deadlines } from "./frame/deadlines.ts";
import { type Frame, ReusedFrame } from "./frame/frame.ts";
import type { Flushing, PollContext } from "./frame/poll-context.ts";
import { type Counters, type PollerStats, pollerCounters } from "./frame/stats.ts";
import { BufferPool } from "./storage/buffer-pool.ts";
import { ReusableList } from "./storage/reusable-list.ts";

/** What decides how frames are cut. */
export interface SchedulerOptions {
  /** The longest time that one frame counts for in deadlines. */
  readonly maxFrameMs: number;
  readonly clock: () => number;
}

/** Those that are not over: a few, or thousands. */
interface Connections extends Iterable<AnyConnection> {
  readonly size: number;
  /** Adds one that does not know its number yet. */
  add(connection: AnyConnection, id: number): unknown;
  delete(connection: AnyConnection): unknown;
}

/** The frames of one poller. */
export class Scheduler implements PollContext<AnyConnection> {
  readonly events: Events = new Events();
  readonly buffers: BufferPool = new BufferPool();
  readonly counters: Counters<PollerStats> = pollerCounters();
  /** What has something to look at in this frame. */
  readonly ready: AnyConnection[] = [];
  readonly connections: Connections;
  readonly clock: () => number;
  /** The time of the frame to be cut. A field: for a fraction that is handed to a function, V8 allocates. */
  nextMs = 0;

  readonly #deadlines: Deadlines<AnyConnection>;
  protected readonly frame: ReusedFrame = new ReusedFrame();
  readonly #wakers = new Set<() => void>();
  // Two lists each: one gathers while the other is worked off.
  #dirty = new ReusableList<AnyConnection>();
  #updating = new ReusableList<AnyConnection>();
  #outgoing = new ReusableList<Flushing>();
  #flushing = new ReusableList<Flushing>();
  /** How many of `ready` are of this frame, while it is being written over. */
  #shown = 0;
  #lastId = 0;

  constructor(
    rules: SchedulerOptions,
    deadlines: Deadlines<AnyConnection> = new Deadlines(rules.maxFrameMs),
    connections: Connections = new Set(),
  ) {
    this.clock = rules.clock;
    this.#deadlines = deadlines;
    this.connections = connections;
  }

  /** The time of the last frame, in milliseconds; 0 before the first. */
  get nowMs(): number {
    return this.frame.nowMs;
  }

  get polledMs(): number {
    return this.#deadlines.polledMs;
  }

  get uncountedMs(): number {
    return this.#deadlines.uncountedMs;
  }

  /** Whether everything it kept is over. */
  get isEmpty(): boolean {
    return this.connections.size === 0;
  }

  /** Whether the next cut has something to show. */
  get hasActivity(): boolean {
    return this.#dirty.length > 0;
  }

  /** How soon a deadline wants a poll, in milliseconds; `Infinity` when none runs. */
  get dueInMs(): number {
    return this.#deadlines.dueInMs;
  }

  /** Calls `wake` at the next news, once; at once when there are some. Answers how to take that back. */
  onActivity(wake: () => void): () => void {
    if (this.hasActivity) wake();
    else this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Cuts the next frame: everything filed until now becomes visible, or waits by the budget. */
  runFrame(): Frame {
    this.counters.polls++;
    this.frame.begin(this);
    this.#deadlines.pass(this.frame);
    this.updateSources();

    const visiting = this.#collectDirty();
    const remaining = this.latch(visiting);
    for (let index = 0; index < visiting.length; index++) {
      const connection = visiting.at(index);
      if (this.updateConnection(connection)) this.pushReady(connection);
    }
    visiting.truncate(0);
    if (this.ready.length > this.#shown) this.ready.length = this.#shown;
    this.frame.finish(this.counters, remaining);
    return this.frame;
  }

  /** Sends what was queued, one write each. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    const flushing = this.#outgoing;
    this.#outgoing = this.#flushing;
    this.#flushing = flushing;
    for (let index = 0; index < flushing.length; index++) flushing.at(index).flush();
    flushing.truncate(0);
  }

  register(connection: AnyConnection): number {
    const id = ++this.#lastId;
    this.connections.add(connection, id);
    return id;
  }

  markDirty(connection: AnyConnection): void {
    this.#dirty.push(connection);
    this.wakeUp();
  }

  queueFlush(member: Flushing): void {
    this.#outgoing.push(member);
  }

  setDeadline(connection: AnyConnection, untilMs: number): void {
    this.#deadlines.set(connection, untilMs);
  }

  emit(what: "open" | "close" | "drain", connection: AnyConnection): void {
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

  emitLoss(connection: AnyConnection, lost: { received: number; sent: number }): void {
    this.events.gather("lose", { connection, ...lost });
  }

  /** Whom to visit in this frame: those with something left from the last one first, then the news. */
  #collectDirty(): ReusableList<AnyConnection> {
    const news = this.#dirty;
    const visiting = this.#updating;
    this.#dirty = visiting; // for a moment, so that the leftovers are filed in front
    const { ready } = this;
    for (let index = 0; index < ready.length; index++) ready[index]?.refile();
    this.#shown = 0;
    for (let index = 0; index < news.length; index++) visiting.push(news.at(index));
    news.truncate(0);
    this.#dirty = news;
    return visiting;
  }

  /** Has listeners and datagram sockets show what is new there, where there are any. */
  protected updateSources(): void {}

  /** Lets messages cross into this frame where not all may, and answers how many have to wait. */
  protected latch(_visiting: ReusableList<AnyConnection>): number {
    return 0;
  }

  /** Turns what is new at a connection into what the game sees, and answers whether there is anything. */
  protected updateConnection(connection: AnyConnection): boolean {
    connection.rooms.receiving.latch(Infinity);
    return connection.update();
  }

  protected pushReady(connection: AnyConnection): void {
    this.ready[this.#shown++] = connection;
  }

  protected wakeUp(): void {
    if (this.#wakers.size === 0) return;
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }
}
