/**
 * The result of `poll()`: one frame in numbers. The counts are the differences of
 * the poller's statistics, so the two always agree. Counts nothing by itself.
 */
import type { PollerStats } from "./stats.ts";

/** One frame in numbers. A poller returns the same object for every frame: copy the numbers that you keep. */
export interface Frame {
  /** The number of this frame, from 1. */
  readonly tick: number;
  /** The time passed to `poll(now)`, in milliseconds. */
  readonly nowMs: number;
  /** The time since the previous frame, in milliseconds; 0 in the first frame, and never negative. */
  readonly deltaMs: number;
  /** Connections that began to wait for `tryAccept()` in this frame. */
  readonly accepted: number;
  /** Connections made by `connect` that opened in this frame. */
  readonly opened: number;
  /** Connections that closed in this frame. */
  readonly closed: number;
  /** Messages that became visible in this frame. */
  readonly received: number;
  /** The size of those messages on the wire, in bytes, framing included. */
  readonly receivedBytes: number;
  /** Messages that have arrived and wait for a later frame, because the frame budget is used up. */
  readonly remaining: number;
}

/** The frame that a poller reuses. */
export class ReusedFrame implements Frame {
  tick = 0;
  nowMs = 0;
  deltaMs = 0;
  accepted = 0;
  opened = 0;
  closed = 0;
  received = 0;
  receivedBytes = 0;
  remaining = 0;

  /** Starts a frame: stores the time, and the statistics before it. */
  begin({ nextMs, counters }: { readonly nextMs: number; readonly counters: PollerStats }): void {
    this.deltaMs = this.tick === 0 ? 0 : Math.max(0, nextMs - this.nowMs);
    this.nowMs = nextMs;
    this.tick++;
    this.#measure(counters, -1);
  }

  /** Ends the frame: the counts are the growth of the statistics since `begin`. */
  finish(stats: PollerStats, remaining: number): void {
    this.#measure(stats, 1);
    this.remaining = remaining;
  }

  #measure(stats: PollerStats, sign: 1 | -1): void {
    const base = sign === 1 ? this : ZERO;
    this.accepted = base.accepted + sign * stats.accepted;
    this.opened = base.opened + sign * stats.opened;
    this.closed = base.closed + sign * stats.closed;
    this.received = base.received + sign * stats.receivedMessages;
    this.receivedBytes = base.receivedBytes + sign * stats.receivedBytes;
  }
}

const ZERO = { accepted: 0, opened: 0, closed: 0, received: 0, receivedBytes: 0 };
