/**
 * The scheduler: divides time into frames. It collects the dirty connections and
 * sources between polls, and a frame shows all of their changes to the game at once.
 *
 *     markDirty, markSourceDirty ──▶ dirty ┊ runFrame: timers, sources, latch, update ──▶ ready, events
 *     links ◀── flush ◀── outgoing ◀── queueFlush
 *
 * A frame's cost depends on dirty and ready connections alone, never on how many
 * exist. Knows connections and sources, and no transport. The parts that only a
 * server needs are passed in: a heap of deadlines, a set for thousands of
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
import { TrafficRecorder } from "./frame/traffic-recorder.ts";
import type { AnyListener } from "./listen/listener.ts";
import { BufferPool } from "./storage/buffer-pool.ts";
import { ListPair, ReusableList } from "./storage/reusable-list.ts";

/** The options of a scheduler: the clock, and the longest frame. */
export interface SchedulerOptions {
  /** The longest time that one frame counts for in deadlines, in milliseconds. */
  readonly maxFrameMs: number;
  readonly clock: () => number;
}

/** The parts of a scheduler for more than a few connections. A missing part has a simple default. */
export interface SchedulerParts {
  readonly deadlines?: Deadlines<AnyConnection>;
  readonly connections?: Connections;
  readonly policy?: FramePolicy | undefined;
}

/** The rule by which a frame lets messages become visible. */
export interface FramePolicy {
  /** Lets messages become visible, if there is a limit for them. Returns how many have to wait; 0 without a limit. */
  latch(dirty: ReusableList<AnyConnection>, frame: FrameView): number;
  /** Shows the changes of a connection to the game. Returns whether it has something new for the game. */
  update(connection: AnyConnection): boolean;
}

/** The current frame, as a policy sees it. */
export interface FrameView {
  readonly tick: number;
  readonly counters: PollerStats;
}

/** The connections that are not closed: a few, or thousands. */
interface Connections extends Iterable<AnyConnection> {
  readonly size: number;
  /** Adds a new connection, whose field `id` is not set yet. */
  add(connection: AnyConnection, id: number): unknown;
  delete(connection: AnyConnection): unknown;
}

/** The scheduler of one poller. */
export class Scheduler implements ListenerContext<AnyConnection, AnyListener>, DatagramContext, FrameView {
  readonly events: Events = new Events();
  readonly buffers: BufferPool = new BufferPool();
  readonly counters: Counters<PollerStats> = pollerCounters();
  readonly recorder: TrafficRecorder = new TrafficRecorder(this.counters);
  /** The connections that have something new for the game in this frame. */
  readonly ready: AnyConnection[] = [];
  readonly connections: Connections;
  /** Listeners and datagram sockets that are not closed. */
  readonly sources: Set<Closing> = new Set();
  readonly clock: () => number;
  /** The time of the next frame. A field, as V8 allocates for a fraction that is passed to a function. */
  nextMs = 0;

  readonly #deadlines: Deadlines<AnyConnection>;
  readonly #policy: FramePolicy;
  readonly #frame = new ReusedFrame();
  readonly #wakers = new Set<() => void>();
  // A pair of lists, as `ListPair`, in which the leftovers of a frame can be put first.
  #dirty = new ReusableList<AnyConnection>();
  #updating = new ReusableList<AnyConnection>();
  readonly #dirtySources = new ListPair<Source>();
  readonly #outgoing = new ListPair<Flushing>();
  /** The number of connections in `ready` that are of this frame, while the frame overwrites it. */
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

  /** Whether no connection and no source is left. */
  get isEmpty(): boolean {
    return this.connections.size === 0 && this.sources.size === 0;
  }

  /** Whether the next frame has changes to show. */
  get hasActivity(): boolean {
    return this.#dirty.length > 0 || this.#dirtySources.length > 0;
  }

  /** The time until a deadline needs a poll, in milliseconds; `Infinity` when none runs. */
  get dueInMs(): number {
    return this.#deadlines.dueInMs;
  }

  /** Calls `wake` once, at the next activity; at once when there is some already. Returns a function that unsubscribes. */
  onActivity(wake: () => void): () => void {
    if (this.hasActivity) wake();
    else this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }

  /** Runs the next frame: all changes become visible, except messages that the policy lets wait. */
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

  /** Sends all queued messages, with one write for each connection. */
  flush(): void {
    if (this.#outgoing.length === 0) return;
    const flushing = this.#outgoing.take();
    for (let index = 0; index < flushing.length; index++) flushing.at(index).flush();
    flushing.truncate(0);
  }

  // The interface for connections.

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

  // The interface for listeners and other sources.

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
    const updating = this.#dirtySources.take();
    for (let index = 0; index < updating.length; index++) updating.at(index).update();
    updating.truncate(0);
  }

  /** Returns the connections to update: first those with leftovers of the last frame, then the dirty ones. */
  #collectDirty(): ReusableList<AnyConnection> {
    const marked = this.#dirty;
    const dirty = this.#updating;
    this.#dirty = dirty; // `requeue` marks the leftovers, which puts them first in this list
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

/** The policy without a limit: all messages that have arrived become visible. */
const SHOW_ALL: FramePolicy = {
  latch: () => 0,
  update(connection) {
    const { receiver } = connection;
    // The usual case is bytes alone. For 1,000 connections with a line each, an update takes 0.95 ms a frame,
    // most of it memory access; a latch takes 0.2 ms. Only this case may clear the flags before the policy is
    // applied: a policy may mark the connection again, which would then be queued twice.
    if (connection.receiveOnly && connection.takeChanges() === RECEIVED && receiver.latch() > 0) return true;
    receiver.applyPolicy();
    receiver.latch();
    return connection.update();
  },
};
