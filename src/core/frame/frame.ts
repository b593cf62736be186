/**
 * What `poll()` answers: one frame in numbers. The counts are what the poller's
 * statistics grew by, so the two can never disagree.
 */
import type { PollerStats } from "./stats.ts";

/** One frame in numbers. The object is the same for every frame of a poller: copy what you keep. */
export interface Frame {
  /** The number of this frame, counted from 1. */
  readonly tick: number;
  /** The time that `poll(now)` was given, in milliseconds. */
  readonly nowMs: number;
  /** Milliseconds since the frame before; 0 in the first, and never below. */
  readonly deltaMs: number;
  /** Guests that came to a door in this frame. */
  readonly accepted: number;
  /** Connections made by `connect` that opened in this frame. */
  readonly opened: number;
  /** Connections that closed in this frame. */
  readonly closed: number;
  /** Messages that became visible in this frame. */
  readonly received: number;
  /** Bytes of those messages on the wire, framing included. */
  readonly receivedBytes: number;
  /** Messages that have arrived and wait for later frames, because the frame budget is used up. */
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

  /** Begins a frame: notes the time, and the statistics to measure from. */
  begin({ nextMs, counters }: { readonly nextMs: number; readonly counters: PollerStats }): void {
    this.deltaMs = this.tick === 0 ? 0 : Math.max(0, nextMs - this.nowMs);
    this.nowMs = nextMs;
    this.tick++;
    this.#measure(counters, -1);
  }

  /** Ends it: the counts are what the statistics grew by since. */
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
