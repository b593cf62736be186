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
  /** A new connection; answers its number. */
  register(member: Member): number;
  /** Something is new here; look at it in the next poll. */
  markDirty(member: Member): void;
  /** Something is to be sent here; call `flush` at the next flush. */
  queueFlush(member: Member): void;
  /** Call `handleTimeout` once polled time has come to `untilMs`, or never. Replaces an earlier deadline. */
  setDeadline(member: Member, untilMs: number): void;
  /** Its life went on, in this frame. */
  emit(what: "open" | "close" | "drain", member: Member): void;
  /** So many of its messages were dropped since the last frame. */
  emitLoss(member: Member, lost: { readonly received: number; readonly sent: number }): void;
}

/** What a listener asks of its poller, beside what its connections ask. */
export interface ListenerContext<Member, House> extends PollContext<Member> {
  /** The time now, for budgets in milliseconds. */
  readonly clock: () => number;
  /** Something is new at this acceptor; call `settle` in the next poll. */
  markSourceDirty(source: Source): void;
  /** A guest was taken in, with what this frame has of it. */
  pushAccepted(member: Member): void;
  emitListener(what: "listen" | "unlisten", source: House): void;
  emitAccept(source: House, member: Member): void;
  emitDrop(source: House, count: number, reason: CloseReason): void;
}

/** What a datagram socket asks of its poller. */
export interface DatagramContext {
  readonly counters: Counters<PollerStats>;
  /** Something is new here; call `settle` in the next poll. */
  markSourceDirty(source: Source): void;
  /** Something is to be sent here; call `flush` at the next flush. */
  queueFlush(socket: Flushing): void;
  /** It is over. */
  removeSource(socket: Closing): void;
}

/** What takes part in a poll. */
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
  /** It has messages in the frame `tick`. */
  offerTurn(member: Member, tick: number): void;
  /** It is over. */
  remove(member: Member): void;
}

/** Whose part it is, and who is told of it. */
export interface ConnectionOwner<Member> {
  readonly context: PollContext<Member>;
  /** The listener that it came through; `undefined` when it connects. */
  readonly listener: ParentListener<Member> | undefined;
  readonly member: Member;
}

/** What may be new at a connection between two frames: flags, as both can be. Something came from the peer. */
export const RECEIVED = 1;
/** Something else is new: the next frame has to look at all of the connection. */
export const CHANGED = 2;
