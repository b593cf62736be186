/**
 * The poll context: the interface of the poller for its connections, listeners and
 * datagram sockets, and the interface of a listener for its connections.
 *
 *     connection ── markDirty, queueFlush, setDeadline, emit ──▶ poll context
 *     listener ──── markSourceDirty, emitAccept, emitDrop ─────▶ ┘
 *
 * This file has only interfaces, so that none of these parts imports another.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import type { Expiring } from "./deadlines.ts";
import type { Counters, PollerStats, StreamStats } from "./stats.ts";
import type { TrafficRecorder } from "./traffic-recorder.ts";

/** The interface of the poller for its connections. */
export interface PollContext<Member> {
  readonly buffers: BufferPool;
  readonly counters: Counters<PollerStats>;
  /** Counts the traffic of connections without a listener. */
  readonly recorder: TrafficRecorder;
  /** The sum of the time that frames have counted, in milliseconds. Deadlines and rates use this time. */
  readonly polledMs: number;
  /** The sum of the time that late frames did not count, in milliseconds. */
  readonly uncountedMs: number;
  /** Adds a new connection. Returns its number. */
  register(member: Member): number;
  /** Has the next poll update `member`. */
  markDirty(member: Member): void;
  /** Has the next flush call `flush` of `member`. */
  queueFlush(member: Member): void;
  /** Has `handleTimeout` called once polled time has reached `untilMs`; `Infinity` for never. Replaces an earlier deadline. */
  setDeadline(member: Member, untilMs: number): void;
  /**
   * The same, `lengthMs` after the next poll: for a deadline that a call begins, as the time since the last poll is
   * not the call's. Wakes who waits for activity, as only a poll begins it.
   */
  beginDeadline(member: Member, lengthMs: number): void;
  /** Emits a lifecycle event at the end of this poll. */
  emit(what: "open" | "close" | "drain" | "suspend" | "resume", member: Member): void;
  /** Emits how many messages of `member` were dropped since the last frame. */
  emitLoss(member: Member, lost: { readonly received: number; readonly sent: number }): void;
}

/** The interface of the poller for its listeners, with that for the connections, which they make. */
export interface ListenerContext<Member, Parent> extends PollContext<Member> {
  /** The time now, for budgets in milliseconds. */
  readonly clock: () => number;
  /** How many calls of `drain` are running, in which no frame may begin. */
  drains: number;
  /** Adds and takes away handlers of the events of `listener` alone; whether there is such an event is checked before. */
  readonly events: Subscriptions<Parent>;
  /** Has the next poll call `update` of `source`. */
  markSourceDirty(source: Source): void;
  /** Adds an accepted connection to the ready ones, if this frame has messages of it. */
  pushAccepted(member: Member): void;
  /** Has each next poll ask `keeping` to let go of what it keeps, until it has. */
  keep(keeping: Keeping): void;
  emitListener(what: "listen" | "unlisten", listener: Parent): void;
  emitAccept(listener: Parent, member: Member): void;
  emitDrop(listener: Parent, count: number, reason: CloseReason): void;
}

/** The events of a poller, for its listeners. */
interface Subscriptions<Parent> {
  on(type: never, handler: never, listener: Parent): void;
  off(type: never, handler: never, listener: Parent): void;
}

/** The interface of the poller for its lookups. */
export interface LookupContext {
  /** Has `handleTimeout` called once polled time has reached `untilMs`; `Infinity` for never. Replaces an earlier deadline. */
  setDeadline(member: Expiring, untilMs: number): void;
  /** The same, `lengthMs` after the next poll; see {@link PollContext}. */
  beginDeadline(member: Expiring, lengthMs: number): void;
  /** Has the next poll call `update` of `source`. */
  markSourceDirty(source: Source): void;
  /** Removes a closed source. */
  removeSource(source: Closing): void;
}

/** The interface of the poller for its datagram sockets. */
export interface DatagramContext<Socket> extends LookupContext {
  readonly counters: Counters<PollerStats>;
  /** The sum of the time that frames have counted, in milliseconds. */
  readonly polledMs: number;
  /** Has the next flush call `flush` of `socket`. */
  queueFlush(socket: Flushing): void;
  /** Emits that `socket` is bound, that it is without a line or has one again, or that it is closed and no source any more. */
  emitSocket(what: "bind" | "unlink" | "link" | "unbind", socket: Socket): void;
  /** Emits how many received datagrams of `socket` were dropped since the last frame, and why the last one was. */
  emitMalformed(
    socket: Socket,
    malformed: { readonly count: number; readonly reason: CloseReason; readonly from: Address },
  ): void;
}

/** The interface of the poller for its claims and listings. */
export interface ClaimContext<Claim> extends LookupContext {
  /** Has the next flush call `flush` of `claim`. */
  queueFlush(claim: Flushing): void;
  /** Emits that the lease of `claim` is held, or is held no more. */
  emitClaim(what: "hold" | "unhold", claim: Claim): void;
}

/** A source of events beside the connections: a listener, a datagram socket, a lookup, a claim. */
export interface Source {
  update(): void;
}

/** A part that is closed with its poller. */
export interface Closing {
  /** Whether what this frame has shown was not taken: connections to accept, or datagrams. */
  readonly hasLeftovers: boolean;
  close(): void;
  /** Closes it now, and drops what it would send before; a part without it has nothing to send. */
  abort?(): void;
}

/** A part that keeps for the game what it may take at this time. */
export interface Keeping {
  /** Lets go of what is kept, if time has gone on. Returns whether nothing has to be let go of later. */
  letGo(): boolean;
}

/** A part that takes part in a flush. */
export interface Flushing {
  flush(): void;
}

/** The interface of a listener for the connections that it accepted. */
export interface ParentListener<Member> {
  readonly counters: Counters<StreamStats>;
  /** Counts the traffic of its connections. */
  readonly recorder: TrafficRecorder;
  /** Has `drain` visit `member`, which has messages in the frame `tick`. */
  offerTurn(member: Member, tick: number): void;
  /** Shows `member` no more among its connections, which the peer's fault has ended. It still counts until {@link remove}. */
  unlist(member: Member): void;
  /** Drops `member` from the accept queue, where it has waited for too long. */
  forget(member: Member): void;
  /** Counts a connection at another address than before, as its peer has come back from there. */
  move(from: Address | undefined, to: Address | undefined): void;
  /** Removes a closed connection. */
  remove(member: Member): void;
}

/** The interface of a connection for its parts. */
export interface ConnectionRef {
  /** The time when the last bytes came from the peer, in polled time, rounded up to a millisecond. */
  readonly lastReceivedMs: number;
  /** Marks changes: {@link RECEIVED}, {@link CHANGED} or both; `CHANGED` by default. */
  markDirty(changes?: number): void;
}

/** The connection that a part belongs to, with its poller and its listener. */
export interface ConnectionOwner<Member extends ConnectionRef> {
  readonly context: PollContext<Member>;
  /** The listener that accepted it; `undefined` for a connection made by `connect`. */
  readonly listener: ParentListener<Member> | undefined;
  readonly member: Member;
}

/** Flag of a change between two frames: bytes were received. */
export const RECEIVED = 1;
/** Flag of any other change: the next frame has to update the whole connection. */
export const CHANGED = 2;
