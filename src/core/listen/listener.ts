/**
 * A listener: the acceptor that guests come through, and the house of those who
 * did.
 *
 *     acceptor ── arrived ──▶ guests ┊ poll: latch ──▶ tryAccept ──▶ connections ──▶ drain, broadcast
 *
 * Decides whose turn it is. Who may come in is `admission.ts`. Never reads a
 * byte itself.
 */
import type { Codec } from "../../codec/codec.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import { type AnyConnection, Connection } from "../connection/connection.ts";
import type { ListenerContext } from "../frame/poll-context.ts";
import { type Counters, type ListenerStats, listenerCounters } from "../frame/stats.ts";
import { BroadcastBuffer } from "../send/broadcast-buffer.ts";
import { checkKey, type MessageKey } from "../send/keyed-spans.ts";
import { ConnectionSet, type ReadonlyConnectionSet } from "../storage/connection-set.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import type { ListenerRules } from "./accept-limits.ts";
import { Admission } from "./admission.ts";
import { ListenerDrain } from "./drain.ts";
import type { DrainBudget } from "./drain-budget.ts";

/** Where a listener is in its life; it only moves forward. */
export type ListenerState = "starting" | "listening" | "closed";

/** A place where guests arrive. Made by `poller.listen`. */
// It is a `Home`, and does not say so: what makes it one is internal, and is not in the declarations.
export class Listener<In, Out = In> {
  readonly #context: ListenerContext<AnyConnection, AnyListener>;
  readonly #acceptor: Acceptor;
  readonly #codec: Codec<In, Out>;
  readonly #rules: ListenerRules;
  readonly #admission: Admission;
  readonly #acceptQueue = new FrameQueue<Connection<In, Out>>();
  readonly #connections = new ConnectionSet<Connection<In, Out>>();
  /** What is broadcast, for all guests until they are flushed. */
  readonly #run: BroadcastBuffer;
  readonly #draining: ListenerDrain<Connection<In, Out>, In>;
  readonly #counters: Counters<ListenerStats> = listenerCounters();
  #state: ListenerState = "starting";
  #address: Address | undefined;
  #closeReason: CloseReason | undefined;
  #announced = false;
  // Filed by the acceptor, and seen at the next poll.
  #filed = false;
  #acceptorChange: { readonly address: Address | undefined } | { readonly reason: CloseReason } | undefined;
  #arrivals: Connection<In, Out>[] = [];
  #arrivalPeak = 0;
  #drops = new Map<string, { count: number; readonly reason: CloseReason }>();

  /** @internal */
  constructor(
    context: ListenerContext<AnyConnection, AnyListener>,
    acceptor: Acceptor,
    codec: Codec<In, Out>,
    rules: ListenerRules,
  ) {
    this.#context = context;
    this.#acceptor = acceptor;
    this.#codec = codec;
    this.#rules = rules;
    this.#run = new BroadcastBuffer(context.buffers);
    this.#draining = new ListenerDrain(context.clock);
    this.#admission = new Admission(rules.acceptLimits, context.polledMs);
    acceptor.attach(this.#acceptorEvents());
  }

  /** `starting` until the address is taken, `closed` when it could not be, or after `close()`. */
  get state(): ListenerState {
    return this.#state;
  }

  /** Where it listens, with the port the system chose when 0 was asked for; `undefined` while starting. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** Why it is closed; `undefined` until then. A taken port is a reason, never a throw. */
  get closeReason(): CloseReason | undefined {
    return this.#closeReason;
  }

  /** The connections that were accepted here and are not closed, in the order of their coming. */
  get connections(): ReadonlyConnectionSet<Connection<In, Out>> {
    return this.#connections;
  }

  /** What was counted here, over all connections that came through. */
  get stats(): ListenerStats {
    return this.#counters;
  }

  /**
   * The next guest of this frame. `undefined` when nobody is waiting; that is
   * not an error, and the usual case. Who is not taken waits for the next frame.
   * A guest that has left again is still handed out, with what it said.
   */
  tryAccept(): Connection<In, Out> | undefined {
    const guest = this.#acceptQueue.take();
    if (guest === undefined) return undefined;
    if (guest.state !== "closed") this.#connections.add(guest); // an event handler may have closed it
    guest.rooms.life.admit();
    this.#context.pushAccepted(guest);
    return guest;
  }

  /**
   * Visits this frame's messages of all accepted connections: each one's in the
   * order in which it sent them, one connection after the other. Under a budget
   * they come in fair turns, one message each, until it is used up; the next
   * call goes on where this one stopped, in this frame or a later one. Costs
   * what the connections with messages cost, however many are silent.
   *
   * @returns how many messages of this frame are left
   * @throws RangeError when a budget is negative or no number
   * @throws Error when `visit` calls it
   * @throws whatever `visit` throws; the message it was given is taken
   */
  drain(
    visit: (connection: Connection<In, Out>, message: In) => void,
    budget: DrainBudget = UNLIMITED,
  ): number {
    return this.#draining.run(visit, budget);
  }

  /**
   * Queues a message for every open connection but `except`, encoded once.
   * A connection whose outbox is full does not get it; its statistics say so.
   *
   * @returns for how many it was queued
   * @throws TypeError or RangeError when the codec cannot carry `message`
   * @throws RangeError when it could never fit under a connection's send limit
   */
  broadcast(message: Out, except?: Connection<In, Out>): number {
    return this.#queueForAll(message, except);
  }

  /**
   * Like {@link broadcast}, as `trySendLatest` is to `trySend`: for each
   * connection it replaces the message of the same `key` that has not left yet.
   *
   * @throws TypeError when `key` is undefined or null
   * @throws as {@link broadcast} does
   */
  broadcastLatest(key: MessageKey, message: Out, except?: Connection<In, Out>): number {
    checkKey(key);
    return this.#queueForAll(message, except, key);
  }

  /**
   * Lets nobody in any more and frees the address. Guests that were not taken
   * are reset; connections that were live on. `state` is `"closed"` at once.
   */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closeReason = { kind: "local", message: "this side closed the listener" };
    this.#rejectPending();
    this.#file();
    this.#acceptor.close();
  }

  // What follows is for the poller and the connections alone.

  /** @internal */
  get counters(): Counters<ListenerStats> {
    return this.#counters;
  }

  /** Turns what the door filed into what the game sees. @internal */
  update(): void {
    this.#filed = false;
    this.#settleState();
    this.#settleDrops();
    this.#acceptQueue.latch();
    this.#counters.accepted += this.#arrivals.length;
    this.#context.counters.accepted += this.#arrivals.length;
    this.#counters.acceptPeak = this.#arrivalPeak;
    for (const guest of this.#arrivals) this.#context.emitAccept(this, guest);
    this.#arrivals.length = 0;
  }

  /** @internal */
  offerTurn(connection: AnyConnection, tick: number): void {
    this.#draining.add(connection as Connection<In, Out>, tick);
  }

  /** @internal */
  remove(connection: AnyConnection): void {
    this.#connections.delete(connection as Connection<In, Out>);
    this.#admission.remove(connection.remoteAddress);
  }

  #queueForAll(message: Out, except: Connection<In, Out> | undefined, key?: MessageKey): number {
    const encoded = this.#codec.encode(message);
    const run = key === undefined ? this.#run : undefined;
    run?.begin();
    let queued = 0;
    for (const connection of this.#connections) {
      if (connection !== except && connection.rooms.sending.queue(encoded, key, run)) queued++;
    }
    return queued;
  }

  #settleState(): void {
    const news = this.#acceptorChange;
    this.#acceptorChange = undefined;
    if (this.#state === "closed") {
      if (!this.#announced) this.#announceEnd();
    } else if (news !== undefined && "reason" in news) {
      this.#state = "closed";
      this.#closeReason = news.reason;
      this.#announceEnd();
    } else if (news !== undefined) {
      this.#state = "listening";
      this.#address = news.address;
      this.#context.emitListener("listen", this);
    }
  }

  #announceEnd(): void {
    this.#announced = true;
    this.#context.emitListener("unlisten", this);
  }

  #settleDrops(): void {
    if (this.#drops.size === 0) return;
    const droppedBy: Record<string, number> = { ...this.#counters.droppedBy };
    for (const { count, reason } of this.#drops.values()) {
      const why = reason.code ?? reason.kind;
      droppedBy[why] = (droppedBy[why] ?? 0) + count;
      this.#counters.dropped += count;
      this.#context.counters.dropped += count;
      this.#context.emitDrop(this, count, reason);
    }
    this.#counters.droppedBy = droppedBy;
    this.#drops.clear();
  }

  /** Counts a guest that was sent away: one report a frame for each reason, however many come. */
  #drop(reason: CloseReason): void {
    const key = `${reason.kind} ${reason.code}`;
    const drop = this.#drops.get(key);
    if (drop === undefined) this.#drops.set(key, { count: 1, reason });
    else drop.count++;
    this.#file();
  }

  #rejectPending(): void {
    this.#acceptQueue.latch();
    for (let guest: AnyConnection | undefined; (guest = this.#acceptQueue.take()) !== undefined; )
      guest.abort();
    this.#arrivals.length = 0;
  }

  #acceptorEvents(): AcceptorEvents {
    return {
      listening: (address) => this.#file({ address }),
      incoming: (link) => this.#incoming(link),
      rejected: (reason) => this.#drop(reason),
      closed: (reason) => this.#file({ reason }),
    };
  }

  #incoming(link: Link): void {
    this.#file();
    if (this.#state === "closed") {
      link.abort();
      return;
    }
    const { remoteAddress } = link;
    const refusal = this.#admission.refusal(remoteAddress, this.#acceptQueue.length, this.#context.polledMs);
    if (refusal !== undefined) {
      this.#drop(refusal);
      link.abort(refusal);
      return;
    }
    this.#admission.add(remoteAddress);
    const guest = new Connection(this.#context, this, link, this.#codec, this.#rules.makeRooms);
    this.#acceptQueue.put(guest, 0);
    this.#arrivals.push(guest);
    this.#arrivalPeak = Math.max(this.#arrivalPeak, this.#acceptQueue.length);
  }

  #file(news = this.#acceptorChange): void {
    this.#acceptorChange = news;
    if (this.#filed) return;
    this.#filed = true;
    this.#context.markSourceDirty(this);
  }
}

/** A listener, whatever its messages are. */
export type AnyListener = Listener<unknown, never>;

const UNLIMITED: DrainBudget = {};
