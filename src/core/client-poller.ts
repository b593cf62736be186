/**
 * The client's poller: frames, and connections to others. All of what a page
 * may do; `poller.ts` extends it by what only a machine of its own can.
 *
 *     poll ──▶ frame, ready, tryRecv ──▶ game ──▶ trySend ──▶ flush
 *
 * Makes connections out of transports and codecs, and owns them until they are closed.
 * Decides what a caller may ask, and in which order a poll does its work.
 */
import { checkOptions, finiteNumber, kindOf } from "../check.ts";
import type { Codec } from "../codec/codec.ts";
import type { Pump, Transport } from "../port/transport.ts";
import {
  CLIENT_POLLER_CHECKS,
  type ClientPollerOptions,
  CONNECT_CHECKS,
  type ConnectOptions,
  schedulerOptionsOf,
} from "./client-options.ts";
import { type ConnectionFactory, plainConnections } from "./connection/assembly.ts";
import { type AnyConnection, Connection } from "./connection/connection.ts";
import { type DataOptions, makeData } from "./connection/data.ts";
import type { Handler, PollerEvents } from "./events.ts";
import { now, sleep } from "./frame/clock.ts";
import type { Frame } from "./frame/frame.ts";
import type { PollerStats } from "./frame/stats.ts";
import { type Limits, limitsOf } from "./limits/limits.ts";
import { codecFor } from "./message-codec.ts";
import { Scheduler } from "./scheduler.ts";

/** The network of a game, in frames: `poll()` once per tick, `flush()` at its end. */
export class ClientPoller {
  /** @internal */
  protected readonly limits: Limits;
  /** @internal */
  protected readonly scheduler: Scheduler;
  readonly #pumps = new Set<Pump>();
  readonly #wake = (): void => this.scheduler.wakeUp();
  #polling = false;
  #closed = false;

  /** @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range */
  constructor(options?: ClientPollerOptions);
  /** @internal */
  constructor(options: ClientPollerOptions, scheduler: Scheduler);
  constructor(options: ClientPollerOptions = {}, scheduler: Scheduler = clientScheduler(options)) {
    this.limits = limitsOf(options);
    this.scheduler = scheduler;
  }

  /** What was counted so far, over all listeners and connections. */
  get stats(): PollerStats {
    return this.scheduler.counters;
  }

  /**
   * The connections with something to look at in this frame: messages to take,
   * those left from earlier frames among them, or a state that changed. An
   * incoming connection is among them once it is accepted. The array is the same
   * in every frame.
   */
  get ready(): readonly AnyConnection[] {
    return this.scheduler.ready;
  }

  /**
   * Whether the next `poll()` would show something: what has arrived since the last
   * one, and what this frame has shown and was not taken. Messages that are held
   * back do not count.
   */
  get hasActivity(): boolean {
    return this.scheduler.hasActivity;
  }

  /**
   * Begins to connect. Never throws for what the network does: a refusal is the
   * connection's `closeReason` in a later frame. What is sent meanwhile waits.
   *
   * @throws TypeError when `transport` or `codec` is not one, or cannot connect
   * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
   * @throws whatever the codec throws when it makes a decoder, or the option `data`
   */
  connect<In, Out, Data>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: ConnectOptions & DataOptions<In, Out, Data>,
  ): Connection<In, Out, Data>;
  connect<In, Out>(
    transport: Transport,
    codec: Codec<In, Out>,
    options?: ConnectOptions,
  ): Connection<In, Out>;
  connect<In, Out, Data>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: ConnectOptions & Partial<DataOptions<In, Out, Data>> = {},
  ): Connection<In, Out, Data> {
    this.checkUsable(codec);
    if (typeof transport?.connect !== "function") throw new TypeError("transport: this one cannot connect");
    const makeParts = this.connectionFactory(options);
    const link = transport.connect(codec.fingerprint);
    const ownCodec = codecFor(transport, codec);
    const connection = new Connection<In, Out, Data>(this.scheduler, undefined, link, ownCodec, makeParts);
    if (options.signal !== undefined) connection.lifecycle.abortOn(options.signal);
    this.callPumps(transport, link);
    if (options.data !== undefined) makeData(connection, options.data);
    return connection;
  }

  /**
   * Begins a frame: what arrived since the last one becomes visible, and stands
   * still until the next. Sends first what was not flushed. Then emits the
   * lifecycle events of this frame.
   *
   * @param nowMs the time in milliseconds, on any clock that does not go back;
   *   the `clock` of the options by default
   * @returns the frame in numbers; the object is reused by the next poll
   * @throws TypeError or RangeError when `nowMs` is not a finite number
   * @throws Error when it is called from within itself, `flush()` or `drain()`
   * @throws whatever event handlers threw, after the frame is whole
   */
  poll(nowMs: number = this.scheduler.clock()): Frame {
    finiteNumber("nowMs", nowMs);
    if (this.#polling || this.scheduler.isFlushing || this.scheduler.drains > 0) {
      throw new Error("poll: called from within poll(), flush() or drain()");
    }
    this.#polling = true;
    try {
      this.scheduler.flush();
      if (this.#pumps.size > 0) this.#pump(nowMs, true);
      this.scheduler.nextMs = nowMs;
      const frame = this.scheduler.runFrame();
      this.scheduler.events.emitQueued();
      return frame;
    } finally {
      this.#polling = false;
    }
  }

  /**
   * Ends a frame: sends what was queued, one write for each connection. Within itself,
   * called by a codec or a transport, it does nothing, and the next one sends the rest.
   */
  flush(): void {
    this.scheduler.flush();
    if (this.#pumps.size > 0) this.scheduler.wakeUp(); // a pump may be due sooner, with these bytes
  }

  /**
   * Calls `handler` at the end of each poll in which `type` happened, once for each
   * time; adding it again changes nothing.
   *
   * @throws TypeError when there is no such event, or `handler` is no function
   */
  on<Type extends keyof PollerEvents>(type: Type, handler: Handler<Type>): void {
    this.scheduler.events.on(type, handler);
  }

  /** Takes a handler away again. Throws in the same cases. */
  off<Type extends keyof PollerEvents>(type: Type, handler: Handler<Type>): void {
    this.scheduler.events.off(type, handler);
  }

  /**
   * Closes all that it made; connections after what is queued on them. They are
   * over some frames later, so poll on, or `await` the dispose instead.
   */
  close(): void {
    this.#closed = true;
    for (const connection of this.scheduler.connections) connection.close();
    this.scheduler.flush();
  }

  /** Drops everything now. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const connection of this.scheduler.connections) connection.abort();
  }

  /**
   * Closes everything and polls until it is over, within the close deadline; no
   * handle is left then.
   *
   * @throws the first error that an event handler threw meanwhile, once it is over
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const thrown: unknown[] = [];
    // Real time passes from the last frame on, so that a clock that stands still ends nothing late.
    const offsetMs = this.scheduler.nowMs - now();
    this.close();
    do {
      await sleep(SLEEP_MS); // not in the caller's turn, which may be an event handler's
      try {
        this.poll(offsetMs + now());
      } catch (error) {
        thrown.push(error);
      }
    } while (!this.scheduler.isEmpty);
    await sleep(SLEEP_MS); // lets the handles of the last ones close
    if (thrown.length > 0) throw thrown[0];
  }

  /**
   * Returns the time until a deadline or a transport needs a poll, in milliseconds;
   * `Infinity` when none does. Pumps once more, for the bytes that were flushed since
   * the poll; before the first poll there is no time to pump with, so that is due now.
   *
   * @param isBlocking whether the event loop does not turn until the next call: a transport
   *   that can wake nobody then needs no call in its place, as it is asked by its `sleep`
   * @internal
   */
  dueInMs(isBlocking: boolean = false): number {
    if (this.scheduler.tick === 0 && this.#pumps.size > 0) return 0;
    const dueInMs = this.#pump(this.scheduler.nowMs, false, isBlocking ? undefined : this.#wake);
    return Math.min(dueInMs, this.scheduler.dueInMs);
  }

  /**
   * Calls `wake` once, when something has arrived, or when `dueInMs` has become less
   * by a call from elsewhere. Returns a function that unsubscribes. @internal
   */
  onActivity(wake: () => void): () => void {
    return this.scheduler.onActivity(wake);
  }

  /** Makes the parts of connections with these options. @internal */
  protected connectionFactory(options: ConnectOptions): ConnectionFactory {
    checkOptions(options, CONNECT_CHECKS);
    return plainConnections(limitsOf(options, this.limits));
  }

  /** @internal */
  protected checkOpen(): void {
    if (this.#closed) throw new Error("poller: it is closed");
  }

  /** @internal */
  protected checkUsable(codec: unknown): void {
    this.checkOpen();
    const { decoder, encode } = (codec ?? {}) as Partial<Codec<unknown>>;
    if (typeof decoder !== "function" || typeof encode !== "function") {
      throw new TypeError(`codec: expected a codec such as lines(), got ${kindOf(codec)}`);
    }
  }

  /** Has each poll call the pumps of a transport, and of the link or acceptor that was made of it. @internal */
  protected callPumps(transport: Transport, made: { pump?: Pump }): void {
    if (transport.pump !== undefined) this.#pumps.add(transport.pump);
    if (made.pump !== undefined) this.#pumps.add((...args) => made.pump?.(...args));
    if (this.#pumps.size > 0) this.scheduler.wakeUp();
  }

  /** Returns the time until a pump needs its next call. */
  #pump(nowMs: number, beginsFrame: boolean, wake?: () => void): number {
    let soonestMs = Infinity;
    for (const pump of this.#pumps) {
      const dueInMs = pump(nowMs, this, beginsFrame, wake);
      if (dueInMs === undefined) this.#pumps.delete(pump);
      else soonestMs = Math.min(soonestMs, dueInMs);
    }
    return soonestMs;
  }
}

function clientScheduler(options: ClientPollerOptions): Scheduler {
  checkOptions(options, CLIENT_POLLER_CHECKS);
  return new Scheduler(schedulerOptionsOf(options));
}

/** Between two polls of an awaited dispose: a close takes a few turns of the event loop. */
const SLEEP_MS = 2;
