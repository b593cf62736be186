/**
 * The poll context: what a connection, a listener and a datagram socket ask of
 * their poller, and a connection of its listener.
 *
 *     connection ── markDirty, queueFlush, setDeadline, emit ──▶ poll context
 *     listener ──── markSourceDirty, emitAccept, emitDrop ─────▶ ┘
 *
 * Interfaces only, so that none of them needs to know the others.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import type { Counters, PollerStats, StreamStats } from "./stats.ts";

/** What a connection asks of its poller. */
export interface PollContext<Member> {
  readonly buffers: BufferPool;
  readonly counters: Counters<PollerStats>;
  /** The time that frames have counted, in milliseconds: what deadlines and rates go by. */
  readonly polledMs: number;
  /** The time that late frames took and did not count, in milliseconds. */
  readonly uncountedMs: number;
  /** Adds a new connection, and answers its number. */
  register(member: Member): number;
  /** Has the next poll update `member`. */
  markDirty(member: Member): void;
  /** Has the next flush call `flush` of `member`. */
  queueFlush(member: Member): void;
  /** Has `handleTimeout` called once polled time has come to `untilMs`; `Infinity` for never. Replaces an earlier deadline. */
  setDeadline(member: Member, untilMs: number): void;
  /** Emits a lifecycle event at the end of this poll. */
  emit(what: "open" | "close" | "drain", member: Member): void;
  /** Emits that so many messages of `member` were dropped since the last frame. */
  emitLoss(member: Member, lost: { readonly received: number; readonly sent: number }): void;
}

/** What a listener asks of its poller, beside what its connections ask. */
export interface ListenerContext<Member, Parent> extends PollContext<Member> {
  /** The time now, for budgets in milliseconds. */
  readonly clock: () => number;
  /** Has the next poll call `update` of `source`. */
  markSourceDirty(source: Source): void;
  /** Adds an accepted connection to those that are ready, where this frame has messages of it. */
  pushAccepted(member: Member): void;
  emitListener(what: "listen" | "unlisten", listener: Parent): void;
  emitAccept(listener: Parent, member: Member): void;
  emitDrop(listener: Parent, count: number, reason: CloseReason): void;
}

/** What a datagram socket asks of its poller. */
export interface DatagramContext {
  readonly counters: Counters<PollerStats>;
  /** Has the next poll call `update` of `source`. */
  markSourceDirty(source: Source): void;
  /** Has the next flush call `flush` of `socket`. */
  queueFlush(socket: Flushing): void;
  /** Forgets a socket that is closed. */
  removeSource(socket: Closing): void;
}

/** A source of events beside the connections: a listener, a datagram socket, a lookup. */
export interface Source {
  update(): void;
}

/** What is closed with its poller. */
export interface Closing {
  close(): void;
}

/** What takes part in a flush. */
export interface Flushing {
  flush(): void;
}

/** What a connection asks of the listener it came through. */
export interface ParentListener<Member> {
  readonly counters: Counters<StreamStats>;
  /** Has `drain` visit `member`, which has messages in the frame `tick`. */
  offerTurn(member: Member, tick: number): void;
  /** Forgets a connection that is closed. */
  remove(member: Member): void;
}

/** A connection, as its parts know it. */
export interface ConnectionRef {
  /** When something came from the peer last, in polled time, rounded up to a millisecond. */
  readonly lastReceivedMs: number;
  /** Something is new: {@link RECEIVED}, {@link CHANGED} or both; `CHANGED` where it is not said. */
  markDirty(changes?: number): void;
}

/** The connection that a part belongs to, with those it reports to. */
export interface ConnectionOwner<Member extends ConnectionRef> {
  readonly context: PollContext<Member>;
  /** The listener that it came through; `undefined` when it connects. */
  readonly listener: ParentListener<Member> | undefined;
  readonly member: Member;
}

/** A flag of what is new at a connection between two frames: bytes came from the peer. */
export const RECEIVED = 1;
/** Another: something else changed, and the next frame has to update all of the connection. */
export const CHANGED = 2;
