/**
 * A listener: its incoming connections, and the accepted ones.
 *
 *     acceptor ──▶ ingress: accept queue ┊ poll: latch ──▶ tryAccept ──▶ connections ──▶ drain, broadcast
 *
 * Keeps the connections that the game has accepted. `listener-ingress.ts` keeps the
 * others. Never reads a byte itself.
 */
import type { Codec } from "../../codec/codec.ts";
import type { Acceptor } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason, Goodbye } from "../../port/close-reason.ts";
import { type AnyConnection, Connection } from "../connection/connection.ts";
import { makeData } from "../connection/data.ts";
import { checkedGoodbye } from "../connection/goodbye.ts";
import type { ListenerContext } from "../frame/poll-context.ts";
import { type Counters, type ListenerStats, listenerCounters } from "../frame/stats.ts";
import { TrafficRecorder } from "../frame/traffic-recorder.ts";
import { checkKey, type MessageKey } from "../send/keyed-spans.ts";
import { ConnectionSet, type ReadonlyConnectionSet } from "../storage/connection-set.ts";
import type { ListenerRules } from "./accept-limits.ts";
import { Broadcaster, type BroadcastOptions, FOR_ALL } from "./broadcaster.ts";
import { ListenerDrain } from "./drain.ts";
import { type DrainBudget, UNLIMITED } from "./drain-budget.ts";
import { LeaveQueue } from "./leave-queue.ts";
import { checkListenerEvent, type ListenerEventType, type ListenerHandler } from "./listener-events.ts";
import { ListenerIngress } from "./listener-ingress.ts";
import { type ListenerState, Listening } from "./listening.ts";

/** Accepts connections at one address. Made by `poller.listen`. */
// Implements `ParentListener` structurally, as those members are stripped from the typings.
export class Listener<In, Out = In, Data = undefined> {
  /** For its connections. @internal */ readonly recorder: TrafficRecorder;
  /** Whether the game has read why it is closed. @internal */ isReasonRead = false;
  readonly #context: ListenerContext<AnyConnection, AnyListener>;
  readonly #acceptor: Acceptor;
  readonly #ingress: ListenerIngress<Connection<In, Out, Data>>;
  readonly #connections = new ConnectionSet<Connection<In, Out, Data>>();
  readonly #broadcaster: Broadcaster<Out>;
  readonly #drain: ListenerDrain<Connection<In, Out, Data>, In>;
  readonly #left: LeaveQueue<Connection<In, Out, Data>>;
  readonly #makeData: ListenerRules["makeData"];
  #isMakingData = false;
  readonly #counters: Counters<ListenerStats> = listenerCounters();
  readonly #listening: Listening;
  #isDirty = false; // whether it is in the context's list for the next poll

  /** @internal */
  constructor(
    context: ListenerContext<AnyConnection, AnyListener>,
    acceptor: Acceptor,
    codec: Codec<In, Out>,
    rules: ListenerRules,
  ) {
    this.#context = context;
    this.recorder = new TrafficRecorder(context.counters, this.#counters);
    this.#acceptor = acceptor;
    this.#broadcaster = new Broadcaster(this, codec, context.buffers);
    this.#drain = new ListenerDrain(context, acceptor);
    this.#left = new LeaveQueue(rules.untakenTimeoutMs);
    this.#makeData = rules.makeData;
    this.#ingress = new ListenerIngress({
      limits: rules.acceptLimits,
      context,
      makeConnection: (link) => new Connection(context, this, link, codec, rules.makeParts),
      markDirty: () => this.#markDirty(),
    });
    this.#listening = new Listening((what) => context.emitListener(what, this));
    acceptor.attach(this.#ingress);
  }

  /** `starting` until it listens; `closed` when it could not listen, or after `close()`. */
  get state(): ListenerState {
    return this.#listening.state;
  }

  /** The address on which it listens, with the port that the system chose for port 0; `undefined` while starting. */
  get address(): Address | undefined {
    return this.#listening.address;
  }

  /** The reason why it is closed; `undefined` until then. A port in use is a reason, and never throws. */
  get closeReason(): CloseReason | undefined {
    this.isReasonRead = true;
    return this.#listening.closeReason;
  }

  /**
   * The accepted connections that are not closed, in the order in which they were
   * accepted. One that ends with `protocol` or `overflow` leaves as soon as that is
   * visible; `drain` and `poller.ready` still show the messages that it sent before.
   */
  get connections(): ReadonlyConnectionSet<Connection<In, Out, Data>> {
    return this.#connections;
  }

  /** The statistics of this listener, over all connections that it accepted. */
  get stats(): ListenerStats {
    return this.#counters;
  }

  /**
   * The next incoming connection of this frame. `undefined` when none is waiting;
   * that is not an error, and the usual case. A connection that is not accepted
   * waits for the next frame. A connection that has closed again is still
   * returned, with the messages that it sent, until `untakenTimeoutMs` have passed.
   *
   * @throws whatever the option `data` throws, of a connection that is aborted then
   * @throws Error when `data` calls it
   */
  tryAccept(): Connection<In, Out, Data> | undefined {
    if (this.#isMakingData) throw new Error("tryAccept: called from within data(), by its own callback");
    const connection = this.#ingress.acceptQueue.take();
    if (connection === undefined) return undefined;
    connection.accept();
    if (this.#makeData !== undefined) this.#setData(connection, this.#makeData);
    if (connection.membership === "left") this.#putLeft(connection);
    else connection.membership = "accepted";
    // An event handler may have closed it, and `data` too.
    if (connection.state !== "closed") this.#connections.add(connection);
    this.#context.pushAccepted(connection);
    return connection;
  }

  /**
   * The next connection that {@link tryAccept} has returned and that is over, with its
   * `closeReason`, its `data` and its last message taken; each comes once. `undefined`
   * when there is none; that is not an error, and the usual case. What a frame does not
   * take waits for the next one, up to `untakenTimeoutMs`. Who never calls it loses
   * nothing but these: what closes before the first call is not kept for it.
   */
  tryLeave(): Connection<In, Out, Data> | undefined {
    return this.#left.take(this.#context.polledMs);
  }

  /**
   * Calls `visit` for this frame's messages of all accepted connections: one
   * connection after the other, each one's messages in the order of sending. Under
   * a budget the connections have fair turns of one message each until it is used
   * up; the next call continues where this one stopped, in this frame or a later
   * one. The cost depends on the connections with messages, not on the silent ones.
   *
   * @returns the number of messages of this frame that are left
   * @throws TypeError or RangeError when `visit` is no function, or `budget` is not one
   * @throws Error when `visit` calls it
   * @throws whatever `visit` throws; the message it was given is taken
   */
  drain(
    visit: (connection: Connection<In, Out, Data>, message: In) => void,
    budget: DrainBudget = UNLIMITED,
  ): number {
    return this.#drain.run(visit, budget);
  }

  /**
   * Queues a message for all accepted connections, or for those of `to`, encoded once.
   * A connection whose outbox is full does not get it, and counts it as refused.
   *
   * @returns the number of connections for which it was queued
   * @throws TypeError or RangeError when the codec cannot carry `message`
   * @throws TypeError when an option is not known or of a wrong kind, or `to` has what
   *   is no connection of this listener; nothing is queued then
   * @throws RangeError when it could never fit under a connection's send limit
   */
  broadcast(message: Out, options: BroadcastOptions<Connection<In, Out, unknown>> = FOR_ALL): number {
    return this.#broadcaster.send(message, options);
  }

  /**
   * Like {@link broadcast}, as `trySendLatest` is to `trySend`: for each
   * connection it replaces the message of the same `key` that has not left yet.
   *
   * @throws TypeError when `key` is undefined or null
   * @throws as {@link broadcast} does
   */
  broadcastLatest(
    key: MessageKey,
    message: Out,
    options: BroadcastOptions<Connection<In, Out, unknown>> = FOR_ALL,
  ): number {
    checkKey(key);
    return this.#broadcaster.send(message, options, key);
  }

  /**
   * Calls `handler` at the end of each poll in which `type` happened to this listener or
   * to a connection of it, after the handlers of `poller.on` and in the same order;
   * adding it again changes nothing.
   *
   * @throws TypeError when a listener has no such event, or `handler` is no function
   */
  on<Type extends ListenerEventType>(
    type: Type,
    handler: ListenerHandler<Connection<In, Out, Data>, this, Type>,
  ): void {
    checkListenerEvent(type);
    this.#context.events.on(type as never, handler as never, this);
  }

  /** Takes a handler away again. Throws in the same cases. */
  off<Type extends ListenerEventType>(
    type: Type,
    handler: ListenerHandler<Connection<In, Out, Data>, this, Type>,
  ): void {
    checkListenerEvent(type);
    this.#context.events.off(type as never, handler as never, this);
  }

  /**
   * Stops listening and frees the address. Incoming connections that were not
   * accepted are reset; accepted ones stay open. `state` is `"closed"` at once.
   *
   * @param goodbye tells everybody: it closes the accepted connections too, also later
   * @throws as the `close` of a connection does; nothing is closed then
   */
  close(goodbye?: Goodbye): void {
    const said = goodbye === undefined ? undefined : checkedGoodbye(goodbye, this.#acceptor);
    if (this.#listening.close(said)) this.#ingress.close(this.#acceptor, said);
    if (said !== undefined) for (const { lifecycle } of this.#connections) lifecycle.close(said);
  }

  // All members below are for the poller and the connections alone.

  /** @internal */ get counters(): Counters<ListenerStats> {
    return this.#counters;
  }

  /** Whether connections of this frame wait to be accepted, or those that are over to be taken. @internal */
  get hasLeftovers(): boolean {
    return this.#ingress.acceptQueue.ready > 0 || this.#left.hasLeftovers(this.#context.polledMs);
  }

  /** Shows the reports of the acceptor to the game. @internal */ update(): void {
    const ingress = this.#ingress;
    const { counters } = this.#context;
    this.#isDirty = false;
    this.#listening.update(ingress.takeChange());
    ingress.rejections.flush(this.#counters, (count, reason) => {
      counters.dropped += count;
      this.#context.emitDrop(this, count, reason);
    });
    ingress.acceptQueue.latch();
    const newConnections = ingress.takeNew();
    this.#counters.accepted += newConnections.length;
    counters.accepted += newConnections.length;
    this.#counters.acceptPeak = ingress.waitingPeak;
    for (const connection of newConnections) this.#context.emitAccept(this, connection);
  }

  /** @internal */ offerTurn(connection: AnyConnection, tick: number): void {
    this.#drain.add(connection as Connection<In, Out, Data>, tick);
  }

  /** @internal */ unlist(connection: AnyConnection): void {
    this.#connections.delete(connection as Connection<In, Out, Data>);
  }

  /** @internal */ forget(connection: AnyConnection): void {
    this.#ingress.forget(connection as Connection<In, Out, Data>);
  }

  /** @internal */ move(from: Address | undefined, to: Address | undefined): void {
    this.#ingress.move(from, to);
  }

  /** @internal */ remove(connection: AnyConnection): void {
    this.unlist(connection);
    this.#ingress.remove(connection.remoteAddress);
    const gone = connection as Connection<In, Out, Data>;
    if (gone.membership === "accepted") this.#putLeft(gone);
    gone.membership = "left";
  }

  /** Lets go of what has left and nobody asks for. @internal */ letGo(): boolean {
    return this.#left.forgetUnasked(this.#context.polledMs);
  }

  #putLeft(gone: Connection<In, Out, Data>): void {
    this.#left.put(gone, this.#context.polledMs);
    this.#context.keep(this);
  }

  #setData(connection: Connection<In, Out, Data>, make: (connection: never) => unknown): void {
    this.#isMakingData = true;
    try {
      makeData(connection, make);
    } finally {
      this.#isMakingData = false;
    }
  }

  #markDirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#context.markSourceDirty(this);
  }
}

/** A listener with messages and data of any type. */
export type AnyListener = Listener<unknown, never, unknown>;
