/**
 * The scheduler: cuts time into frames. It gathers what is dirty between polls,
 * and turns all of it at once into what the game sees.
 *
 *     markDirty, markSourceDirty ──▶ dirty ┊ runFrame: timers, sources, latch, update ──▶ ready, events
 *     links ◀── flush ◀── outgoing ◀── queueFlush
 *
 * A frame costs what is dirty and what is ready, never what exists. Knows
 * connections and sources by what they do in a frame, and no transport. What
 * only a server needs is passed in: a heap of deadlines, a set for thousands of
 * connections, a budget.
 */
import type { CloseReason } from "../port/close-reason.ts";
import type { AnyConnection } from "./connection/connection.ts";
import { Events } from "./events.ts";
import { Deadlines } from "./frame/deadlines.ts";
import { type Frame, ReusedFrame } from "./frame/frame.ts";
import {
  type Closing,
  type DatagramContext,
  type Flushing,
  type ListenerContext,
  RECEIVED,
  type Source,
} from "./frame/poll-context.ts";
import { type Counters, type PollerStats, pollerCounters } from "./frame/stats.ts";
import type { AnyListener } from "./listen/listener.ts";
import { BufferPool } from "./storage/buffer-pool.ts";
import { ReusableList } from "./storage/reusable-list.ts";

/** What decides how frames are counted. */
export interface SchedulerOptions {
  /** The longest time that one frame counts for in deadlines, in milliseconds. */
  readonly maxFrameMs: number;
  readonly clock: () => number;
}

/** What a scheduler is made of, where it is not for a handful of connections. */
export interface SchedulerParts {
  readonly deadlines?: Deadlines<AnyConnection>;
  readonly connections?: Connections;
  readonly policy?: FramePolicy | undefined;
}

/** How a frame lets messages become visible. */
export interface FramePolicy {
  /** Lets messages become visible where not all may, and answers how many have to wait. */
  latch(dirty: ReusableList<AnyConnection>, frame: FrameView): number;
  /** Turns what is new at a connection into what the game sees, and answers whether there is anything. */
  update(connection: AnyConnection): boolean;
}

/** What a policy sees of the frame that runs. */
export interface FrameView {
  readonly tick: number;
  readonly counters: PollerStats;
}

/** The connections that are not over: a few, or thousands. */
export interface Connections extends Iterable<AnyConnection> {
  readonly size: number;
  /** Adds one that does not know its number yet. */
  add(connection: AnyConnection, id: number): unknown;
  delete(connection: AnyConnection): unknown;
}

/** The scheduler of one poller. */
export class Scheduler implements ListenerContext<AnyConnection, AnyListener>, DatagramContext, FrameView {
  readonly events: Events = new Events();
  readonly buffers: BufferPool = new BufferPool();
  readonly counters: Counters<PollerStats> = pollerCounters();
  /** What has something to look at in this frame. */
  readonly ready: AnyConnection[] = [];
  readonly connections: Connections;
  /** Listeners and datagram sockets that are not closed. */
  readonly sources: Set<Closing> = new Set();
  readonly clock: () => number;
  /** The time of the next frame. A field: for a fraction that is handed to a function, V8 allocates. */
  nextMs = 0;

  readonly #deadlines: Deadlines<AnyConnection>;
  readonly #policy: FramePolicy;
  readonly #frame = new ReusedFrame();
  readonly #wakers = new Set<() => void>();
  // Two lists each: one gathers while the other is worked off.
  #dirty = new ReusableList<AnyConnection>();
  #updating = new ReusableList<AnyConnection>();
  #dirtySources = new ReusableList<Source>();
  #updatingSources = new ReusableList<Source>();
  #outgoing = new ReusableList<Flushing>();
  #flushing = new ReusableList<Flushing>();
  /** How many of `ready` are of this frame, while it is being written over. */
  #readyCount = 0;
  #lastId = 0;

  constructor({ maxFrameMs, clock }: SchedulerOptions, parts: SchedulerParts = {}) {
    this.clock = clock;
    this.#deadlines = parts.deadlines ?? new Deadlines(maxFrameMs);
    this.connections = parts.connections ?? new Set();
    this.#policy = parts.policy ?? SHOW_ALL;
  }

  get tick(): number {
    return this.#frame.tick;
  }

  /** The time of the last frame, in milliseconds; 0 before the first. */
  get nowMs(): number {
    return this.#frame.nowMs;
  }

  get polledMs(): number {
    return this.#deadlines.polledMs;
  }

  get uncountedMs(): number {
    return this.#deadlines.uncountedMs;
  }

  /** Whether everything it kept is over. */
  get isEmpty(): boolean {
    return this.connections.size === 0 && this.sources.size === 0;
  }

  /** Whether the next frame has something to show. */
  get hasActivity(): boolean {
    return this.#dirty.length > 0 || this.#dirtySources.length > 0;
  }

  /** How soon a deadline wants a poll, in milliseconds; `Infinity` when none runs. */
  get dueInMs(): number {
    return this.#deadlines.dueInMs;
  }

  /** Calls `wake` at the next activity, once; at once when there is some. Answers how to take that back. */
  onActivity(wake: () => void): () => void {
    if (this.hasActivity) wake();
    else this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Runs the next frame: everything that is dirty becomes visible, or waits by the policy. */
  runFrame(): Frame {
    const policy = this.#policy;
    this.counters.polls++;
    this.#frame.begin(this);
    this.#deadlines.pass(this.#frame);
    this.#updateSources();
    const dirty = this.#collectDirty();
    const remaining = policy.latch(dirty, this);
    for (let index = 0; index < dirty.length; index++) {
      const connection = dirty.at(index);
      if (policy.update(connection)) this.#pushReady(connection);
    }
    dirty.truncate(0);
    if (this.ready.length > this.#readyCount) this.ready.length = this.#readyCount;
    this.#frame.finish(this.counters, remaining);
    return this.#frame;
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

  // What connections ask.

  register(connection: AnyConnection): number {
    const id = ++this.#lastId;
    this.connections.add(connection, id);
    return id;
  }

  markDirty(connection: AnyConnection): void {
    this.#dirty.push(connection);
    this.#wakeUp();
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
      this.events.queue("close", { connection, reason });
      connection.listener?.remove(connection);
      return;
    }
    if (what === "open") this.counters.opened++;
    this.events.queue(what, { connection });
  }

  emitLoss(connection: AnyConnection, lost: { received: number; sent: number }): void {
    this.events.queue("lose", { connection, ...lost });
  }

  // What listeners and other sources ask.

  markSourceDirty(source: Source): void {
    this.#dirtySources.push(source);
    this.#wakeUp();
  }

  removeSource(source: Closing): void {
    this.sources.delete(source);
  }

  pushAccepted(connection: AnyConnection): void {
    if (connection.receiver.ready > 0) this.#pushReady(connection);
  }

  emitListener(what: "listen" | "unlisten", listener: AnyListener): void {
    if (what === "listen") {
      this.events.queue("listen", { listener });
      return;
    }
    this.sources.delete(listener);
    this.events.queue("unlisten", { listener, reason: listener.closeReason as CloseReason });
  }

  emitAccept(listener: AnyListener, connection: AnyConnection): void {
    this.events.queue("accept", { listener, connection });
  }

  emitDrop(listener: AnyListener, count: number, reason: CloseReason): void {
    this.events.queue("drop", { listener, count, reason });
  }

  #updateSources(): void {
    if (this.#dirtySources.length === 0) return;
    const updating = this.#dirtySources;
    this.#dirtySources = this.#updatingSources;
    this.#updatingSources = updating;
    for (let index = 0; index < updating.length; index++) updating.at(index).update();
    updating.truncate(0);
  }

  /** The connections of this frame: those with something left from the last one first, then the dirty ones. */
  #collectDirty(): ReusableList<AnyConnection> {
    const marked = this.#dirty;
    const dirty = this.#updating;
    this.#dirty = dirty; // for a moment, so that the leftovers are marked in front
    const { ready } = this;
    for (let index = 0; index < ready.length; index++) ready[index]?.requeue();
    this.#readyCount = 0;
    for (let index = 0; index < marked.length; index++) dirty.push(marked.at(index));
    marked.truncate(0);
    this.#dirty = marked;
    return dirty;
  }

  #pushReady(connection: AnyConnection): void {
    this.ready[this.#readyCount++] = connection;
    if (connection.receiver.ready > 0) connection.listener?.offerTurn(connection, this.#frame.tick);
  }

  #wakeUp(): void {
    if (this.#wakers.size === 0) return;
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }
}

/** All that has arrived becomes visible. */
const SHOW_ALL: FramePolicy = {
  latch: () => 0,
  update(connection) {
    const { receiver } = connection;
    // What most frames are for most connections: an update of all its parts took 1,000 of them with a line
    // each 0.95 ms a frame, most of it waiting for memory; a latch alone takes 0.2. The flags are cleared
    // before the policy is applied here alone: elsewhere it may mark the connection again, and so queue it twice.
    if (connection.receiveOnly && connection.takeChanges() === RECEIVED && receiver.latch() > 0) return true;
    receiver.applyPolicy();
    receiver.latch();
    return connection.update();
  },
};
