/**
 * The scheduler: divides time into frames. It collects the dirty connections
 * between polls, and a frame shows all of their changes to the game at once.
 *
 *     markDirty ──▶ dirty ┊ runFrame: timers, sources, latch, update ──▶ ready, events
 *     links ◀── flush ◀── outgoing ◀── queueFlush
 *
 * A frame's cost depends on dirty and ready connections alone, never on how many
 * exist. Knows connections, and no transport. The parts that only a server needs are
 * passed in: a heap of deadlines, a set for thousands of connections, a budget;
 * `server-scheduler.ts` adds listeners and other sources.
 */
import type { CloseReason } from "../port/close-reason.ts";
import type { AnyConnection } from "./connection/connection.ts";
import { Events } from "./events.ts";
import { Deadlines, type Expiring } from "./frame/deadlines.ts";
import { type Frame, ReusedFrame } from "./frame/frame.ts";
import type { Flushing, PollContext } from "./frame/poll-context.ts";
import { type Counters, type PollerStats, pollerCounters } from "./frame/stats.ts";
import { TrafficRecorder } from "./frame/traffic-recorder.ts";
import { Waiters } from "./frame/waiters.ts";
import { type FramePolicy, type FrameView, SHOW_ALL } from "./frame-policy.ts";
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
  readonly deadlines?: Deadlines<Expiring>;
  readonly connections?: Connections;
  readonly policy?: FramePolicy | undefined;
}

/** The connections that are not closed: a few, or thousands. */
interface Connections extends Iterable<AnyConnection> {
  readonly size: number;
  /** Adds a new connection, whose field `id` is not set yet. */
  add(connection: AnyConnection, id: number): unknown;
  delete(connection: AnyConnection): unknown;
}

/** The scheduler of one poller. */
export class Scheduler implements PollContext<AnyConnection>, FrameView {
  readonly events: Events = new Events();
  readonly buffers: BufferPool = new BufferPool();
  readonly counters: Counters<PollerStats> = pollerCounters();
  readonly recorder: TrafficRecorder = new TrafficRecorder(this.counters);
  /** The connections that have something new for the game in this frame. */
  readonly ready: AnyConnection[] = [];
  readonly connections: Connections;
  readonly clock: () => number;
  /** The time of the next frame. A field, as V8 allocates for a fraction that is passed to a function. */
  nextMs = 0;
  /** How many calls of `drain` are running. */
  drains = 0;
  /** Whether a flush is running. */
  isFlushing = false;

  readonly #deadlines: Deadlines<Expiring>;
  readonly #policy: FramePolicy;
  readonly #frame = new ReusedFrame();
  readonly #waiters = new Waiters();
  // A pair of lists, as `ListPair`, in which the leftovers of a frame can be put first.
  #dirty = new ReusableList<AnyConnection>();
  #updating = new ReusableList<AnyConnection>();
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

  /** Whether nothing is left that its poller would have to close. */
  get isEmpty(): boolean {
    return this.connections.size === 0;
  }

  /** Whether the next frame has something to show: changes, or what this frame has shown and was not taken. */
  get hasActivity(): boolean {
    if (this.hasChanges) return true;
    for (const { receiver } of this.ready) if (receiver.ready > 0) return true;
    return false;
  }

  /** Whether the next frame has changes to show. */
  get hasChanges(): boolean {
    return this.#dirty.length > 0;
  }

  /** The time until a deadline needs a poll, in milliseconds; `Infinity` when none runs. */
  get dueInMs(): number {
    return this.#deadlines.dueInMs;
  }

  /** Calls `wake` once, at the next change; at once when there is one already. Returns a function that unsubscribes. */
  onActivity(wake: () => void): () => void {
    if (this.hasChanges) wake();
    return this.#waiters.add(wake);
  }

  /** Wakes those who wait for activity, so that they look again how long they may wait. */
  wakeUp(): void {
    this.#waiters.wake();
  }

  /** Runs the next frame: all changes become visible, except messages that the policy lets wait. */
  runFrame(): Frame {
    const policy = this.#policy;
    this.counters.polls++;
    this.#frame.begin(this);
    this.#deadlines.pass(this.#frame);
    this.updateSources();
    const dirty = this.#collectDirty();
    const remaining = policy.latch(dirty, this);
    for (let index = 0; index < dirty.length; index++) {
      const connection = dirty.at(index);
      if (policy.update(connection)) this.pushReady(connection);
    }
    dirty.truncate(0);
    if (this.ready.length > this.#readyCount) this.ready.length = this.#readyCount;
    this.#frame.finish(this.counters, remaining);
    return this.#frame;
  }

  /** Sends all queued messages, with one write for each connection; does nothing within itself. */
  flush(): void {
    if (this.#outgoing.length === 0 || this.isFlushing) return;
    const flushing = this.#outgoing.take();
    let next = 0;
    this.isFlushing = true;
    try {
      while (next < flushing.length) flushing.at(next++).flush();
    } finally {
      while (next < flushing.length) this.#outgoing.push(flushing.at(next++)); // a transport has thrown
      flushing.truncate(0);
      this.isFlushing = false;
    }
  }

  // The interface for connections.

  register(connection: AnyConnection): number {
    const id = ++this.#lastId;
    this.connections.add(connection, id);
    return id;
  }

  markDirty(connection: AnyConnection): void {
    this.#dirty.push(connection);
    this.#waiters.wake();
  }

  queueFlush(member: Flushing): void {
    this.#outgoing.push(member);
  }

  setDeadline(member: Expiring, untilMs: number): void {
    const waitedMs = this.#waiters.isEmpty ? 0 : this.dueInMs;
    this.#deadlines.set(member, untilMs);
    if (!this.#waiters.isEmpty && this.dueInMs < waitedMs) this.#waiters.wake();
  }

  beginDeadline(member: Expiring, lengthMs: number): void {
    this.#deadlines.begin(member, lengthMs);
    this.#waiters.wake(); // only a poll begins it
  }

  emit(what: "open" | "close" | "drain" | "suspend" | "resume", connection: AnyConnection): void {
    if (what === "close") {
      this.connections.delete(connection);
      this.counters.closed++;
      const reason = connection.closeReason as CloseReason; // a closed connection has one
      this.events.queue("close", { connection, reason }, connection.listener);
      connection.listener?.remove(connection);
      return;
    }
    if (what === "open") this.counters.opened++;
    this.events.queue(what, { connection }, connection.listener);
  }

  emitLoss(connection: AnyConnection, lost: { received: number; sent: number }): void {
    this.events.queue("lose", { connection, ...lost }, connection.listener);
  }

  /** Shows the changes of what is no connection; here there is nothing. */
  protected updateSources(): void {}

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

  protected pushReady(connection: AnyConnection): void {
    this.ready[this.#readyCount++] = connection;
    if (connection.receiver.ready > 0) connection.listener?.offerTurn(connection, this.#frame.tick);
  }
}
