/**
 * What a connection and a listener ask of those who keep them: the poller's
 * desk, where news are filed for the next frame, and the listener that is a
 * connection's home. Interfaces only, so that the three need not know each
 * other.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import type { Counters, PollerStats, StreamStats } from "./stats.ts";

/** What a connection asks of its poller. */
export interface Desk<Member> {
  readonly stores: BufferPool;
  readonly counters: Counters<PollerStats>;
  /** The time that frames have counted, in milliseconds: what deadlines and rates go by. */
  readonly polledMs: number;
  /** The time that late frames took and did not count, in milliseconds. */
  readonly uncountedMs: number;
  /** A new connection; answers its number. */
  enter(member: Member): number;
  /** Something is new here; look at it in the next poll. */
  file(member: Member): void;
  /** Something is to be sent here; call `flush` at the next flush. */
  wantsFlush(member: Member): void;
  /** Call `expire` once polled time has come to `untilMs`, or never. Replaces an earlier deadline. */
  watch(member: Member, untilMs: number): void;
  /** Its life went on, in this frame. */
  announce(what: "open" | "close" | "drain", member: Member): void;
  /** So many of its messages were dropped since the last frame. */
  announceLoss(member: Member, lost: { readonly received: number; readonly sent: number }): void;
}

/** What a listener asks of its poller, beside what its connections ask. */
export interface ListenerDesk<Member, House> extends Desk<Member> {
  /** The time now, for budgets in milliseconds. */
  readonly clock: () => number;
  /** Something is new at this acceptor; call `settle` in the next poll. */
  fileHouse(house: Settling): void;
  /** A guest was taken in, with what this frame has of it. */
  admit(member: Member): void;
  emitListener(what: "listen" | "unlisten", house: House): void;
  announceGuest(house: House, member: Member): void;
  announceDrop(house: House, count: number, reason: CloseReason): void;
}

/** What a datagram socket asks of its poller. */
export interface DatagramDesk {
  readonly counters: Counters<PollerStats>;
  /** Something is new here; call `settle` in the next poll. */
  fileHouse(house: Settling): void;
  /** Something is to be sent here; call `flush` at the next flush. */
  wantsFlush(socket: Flushing): void;
  /** It is over. */
  forgetHouse(socket: Closing): void;
}

/** What takes part in a poll. */
export interface Settling {
  settle(): void;
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
export interface Home<Member> {
  readonly counters: Counters<StreamStats>;
  /** It has messages in the frame `tick`. */
  offerTurn(member: Member, tick: number): void;
  /** It is over. */
  forget(member: Member): void;
}

/** Whose part it is, and who is told of it. */
export interface Keepers<Member> {
  readonly desk: Desk<Member>;
  /** The listener that it came through; `undefined` when it connects. */
  readonly home: Home<Member> | undefined;
  readonly member: Member;
}
