/**
 * The poller of a game with a machine of its own.
 *
 *     poll ──▶ frame, ready, tryAccept, tryRecv ──▶ game ──▶ trySend ──▶ flush
 *
 * A client's poller that also listens, binds datagram sockets, claims leases and looks
 * up addresses. Apart from it so that a page does not load what it cannot do.
 */
import { checkOptions, kindOf } from "../check.ts";
import type { Codec } from "../codec/codec.ts";
import type { NameQuery } from "../port/name-query.ts";
import type { Pump, Sleep, Transport } from "../port/transport.ts";
import { Claim } from "./claim/claim.ts";
import type { Lease, LeasePattern } from "./claim/lease.ts";
import { Listing } from "./claim/listing.ts";
import { schedulerOptionsOf } from "./client-options.ts";
import { ClientPoller } from "./client-poller.ts";
import type { ConnectionFactory } from "./connection/assembly.ts";
import type { AnyConnection, Connection } from "./connection/connection.ts";
import type { DataOptions } from "./connection/data.ts";
import { limitedConnections } from "./connection/limited-assembly.ts";
import { MAX_DATAGRAM_BYTES } from "./datagram/datagram-outbox.ts";
import { DatagramSocket } from "./datagram/datagram-socket.ts";
import { DeadlineHeap } from "./frame/deadline-heap.ts";
import type { Frame } from "./frame/frame.ts";
import { FrameMeter, type FrameObserver } from "./frame/frame-meter.ts";
import { budgetPolicy } from "./frame-budget.ts";
import { type LimitOptions, limitsOf } from "./limits/limits.ts";
import { type PeerLimitOptions, type PeerLimits, peerLimitsOf } from "./limits/peer-limits.ts";
import { type AcceptLimits, acceptLimitsOf } from "./listen/accept-limits.ts";
import { Listener } from "./listen/listener.ts";
import { Lookup, type LookupOptions, lookupTimeoutOf } from "./lookup.ts";
import { codecFor } from "./message-codec.ts";
import {
  BIND_CHECKS,
  type BindOptions,
  LISTEN_CHECKS,
  type ListenOptions,
  PEER_CONNECT_CHECKS,
  type PeerConnectOptions,
  POLLER_CHECKS,
  type PollerOptions,
} from "./poller-options.ts";
import { ServerScheduler } from "./server-scheduler.ts";
import { ConnectionSet } from "./storage/connection-set.ts";

/** The network of a game, in frames: `poll()` once per tick, `flush()` at its end. */
export class Poller extends ClientPoller {
  /** @internal */
  declare protected readonly scheduler: ServerScheduler;
  readonly #peerLimits: PeerLimits;
  readonly #acceptLimits: AcceptLimits;
  #meter: FrameMeter | undefined;
  /** What blocks this thread until something has arrived: one function for each kind of transport. */
  readonly #sleeps = new Set<Sleep>();

  /** @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range */
  constructor(options: PollerOptions = {}) {
    super(options, serverScheduler(options));
    this.#peerLimits = peerLimitsOf(options);
    this.#acceptLimits = acceptLimitsOf(options);
  }

  /**
   * Begins to listen. Never throws for what the network does: a taken port is the
   * listener's `closeReason` in a later frame.
   *
   * @throws TypeError when `transport` or `codec` is not one, or cannot listen
   * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
   */
  listen<In, Out, Data>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: ListenOptions & DataOptions<In, Out, Data>,
  ): Listener<In, Out, Data>;
  listen<In, Out>(transport: Transport, codec: Codec<In, Out>, options?: ListenOptions): Listener<In, Out>;
  listen<In, Out, Data>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: ListenOptions & Partial<DataOptions<In, Out, Data>> = {},
  ): Listener<In, Out, Data> {
    this.checkUsable(codec);
    if (typeof transport?.listen !== "function") throw new TypeError("transport: this one cannot listen");
    checkOptions(options, LISTEN_CHECKS);
    const makeParts = this.#limitedFactory(options);
    const acceptLimits = acceptLimitsOf(options, this.#acceptLimits);
    const acceptor = transport.listen(codec.fingerprint);
    const { data: makeData, untakenTimeoutMs = this.#peerLimits.untakenTimeoutMs } = options;
    const rules = { acceptLimits, makeParts, makeData, untakenTimeoutMs };
    const listener = new Listener<In, Out, Data>(this.scheduler, acceptor, codecFor(transport, codec), rules);
    this.scheduler.sources.add(listener);
    this.callPumps(transport, acceptor);
    return listener;
  }

  /** Begins to connect, as a client's poller does, with more limits. */
  override connect<In, Out, Data>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: PeerConnectOptions & DataOptions<In, Out, Data>,
  ): Connection<In, Out, Data>;
  override connect<In, Out>(
    transport: Transport,
    codec: Codec<In, Out>,
    options?: PeerConnectOptions,
  ): Connection<In, Out>;
  override connect<In, Out, Data>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: PeerConnectOptions & Partial<DataOptions<In, Out, Data>> = {},
  ): Connection<In, Out, Data> {
    return super.connect(transport, codec, options as PeerConnectOptions & DataOptions<In, Out, Data>);
  }

  /**
   * Binds a datagram socket. Never throws for what the network does: a taken port
   * is the socket's `closeReason` in a later frame. At the receive limit the
   * oldest datagram is lost, and counted.
   *
   * @throws TypeError when `transport` or `codec` is not one, or carries no datagrams
   * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
   */
  bind<In, Out>(
    transport: Transport,
    codec: Codec<In, Out>,
    options: BindOptions = {},
  ): DatagramSocket<In, Out> {
    this.checkUsable(codec);
    if (typeof transport?.bind !== "function")
      throw new TypeError("transport: this one carries no datagrams");
    checkOptions(options, BIND_CHECKS);
    const limits = limitsOf(options, this.limits);
    const { maxDatagramBytes = MAX_DATAGRAM_BYTES } = options;
    const link = transport.bind(codec.fingerprint);
    const socket = new DatagramSocket(this.scheduler, link, codec, limits, maxDatagramBytes);
    this.scheduler.sources.add(socket);
    this.callPumps(transport, link);
    return socket;
  }

  /**
   * Looks up the addresses of a name. Never throws for what the network does: an
   * unknown name is the lookup's `failure` in a later frame, and so is an answer that
   * does not come in time.
   *
   * @throws TypeError when `query` is none, such as those of `dns()`, or an option is unknown
   * @throws RangeError when `timeoutMs` is no duration
   */
  lookup(query: NameQuery, options: LookupOptions = {}): Lookup {
    this.checkOpen();
    if (typeof query?.ask !== "function") {
      throw new TypeError(`query: expected one such as dns({ host }), got ${kindOf(query)}`);
    }
    const lookup = new Lookup(this.scheduler, query, lookupTimeoutOf(options, this.limits));
    this.scheduler.sources.add(lookup);
    return lookup;
  }

  /**
   * Claims a lease: of all who do, in this process or elsewhere, one has it at a time. Never throws
   * for what the network does: while it is away the claim waits.
   *
   * @param wanted what `lease(transport, name)` has made
   * @throws TypeError when it is no such lease
   */
  claim(wanted: Lease): Claim {
    this.checkOpen();
    checkLease("lease", wanted?.transport, "lease(transport, name)", wanted);
    const { claims, sources } = this.scheduler;
    const claim = new Claim(this.scheduler, claims, wanted, this.limits.closeTimeoutMs);
    sources.add(claim);
    return claim;
  }

  /**
   * Lists the leases that somebody has, in frames.
   *
   * @param wanted what `leases(transport, pattern)` has made
   * @throws TypeError when it is none of those
   */
  list(wanted: LeasePattern): Listing {
    this.checkOpen();
    checkLease("leases", wanted?.transport, "leases(transport, pattern)", wanted);
    const { claims, sources } = this.scheduler;
    const listing = new Listing(this.scheduler, claims, wanted);
    sources.add(listing);
    return listing;
  }

  override poll(nowMs?: number): Frame {
    if (this.#meter === undefined) return super.poll(nowMs);
    this.#meter.begin();
    try {
      return super.poll(nowMs);
    } finally {
      this.#meter.end();
    }
  }

  override flush(): void {
    super.flush();
    this.#meter?.end();
  }

  override close(): void {
    for (const source of this.scheduler.sources) source.close();
    super.close();
  }

  override [Symbol.dispose](): void {
    for (const source of this.scheduler.sources) {
      if (source.abort === undefined) source.close();
      else source.abort();
    }
    super[Symbol.dispose]();
  }

  /** Tells `observer` of each frame from now on. @internal */
  measureFrames(observer: FrameObserver): void {
    this.#meter ??= new FrameMeter(this.scheduler.clock);
    this.#meter.observe(observer);
  }

  /** The connections that are not closed. @internal */
  get connections(): readonly AnyConnection[] {
    return [...this.scheduler.connections];
  }

  /** Its listeners, sockets, claims, listings and lookups that are not closed. @internal */
  get sources(): readonly object[] {
    return [...this.scheduler.sources];
  }

  /** Polls once more at the time of the last frame, and flushes. @internal */
  step(): void {
    this.poll(this.scheduler.nowMs);
    this.flush();
  }

  /** Whether the next frame has changes to show, beside what this one has shown already. @internal */
  get hasChanges(): boolean {
    return this.scheduler.hasChanges;
  }

  /** What blocks this thread until something has arrived, one for each kind of transport that can. @internal */
  get sleeps(): readonly Sleep[] {
    return [...this.#sleeps];
  }

  /** @internal */
  protected override callPumps(transport: Transport, made: { pump?: Pump }): void {
    super.callPumps(transport, made);
    if (transport.sleep !== undefined) this.#sleeps.add(transport.sleep);
  }

  /** @internal */
  protected override connectionFactory(options: PeerConnectOptions): ConnectionFactory {
    checkOptions(options, PEER_CONNECT_CHECKS);
    return this.#limitedFactory(options);
  }

  #limitedFactory(options: LimitOptions & PeerLimitOptions): ConnectionFactory {
    const limits = limitsOf(options, this.limits);
    return limitedConnections({ ...limits, ...peerLimitsOf(options, this.#peerLimits) });
  }
}

function checkLease(name: string, transport: unknown, expected: string, value: unknown): void {
  if (typeof (transport as Partial<Transport> | undefined)?.registry === "function") return;
  throw new TypeError(`${name}: expected one such as ${expected}, got ${kindOf(value)}`);
}

/** A scheduler for thousands of connections, and a budget where there is one. */
function serverScheduler(options: PollerOptions): ServerScheduler {
  checkOptions(options, POLLER_CHECKS);
  const { frameBudget = {} } = options;
  const schedulerOptions = schedulerOptionsOf(options);
  return new ServerScheduler(schedulerOptions, {
    deadlines: new DeadlineHeap(schedulerOptions.maxFrameMs),
    connections: new ConnectionSet(),
    policy: budgetPolicy(frameBudget),
  });
}
