/**
 * What one connection counts: each number once for itself, once for the
 * listener it came through and once for its poller, so that the three agree.
 * Decides nothing.
 */
import type { Desk, Home } from "./desk.ts";
import { type ConnectionStats, type Counters, connectionCounters, type TrafficStats } from "./stats.ts";

/** The books of one connection. */
export class Books {
  /** The connection's own. */
  readonly own: Counters<ConnectionStats> = connectionCounters();
  readonly #poller: Counters<TrafficStats>;
  readonly #listener: Counters<TrafficStats> | undefined;

  constructor(desk: Pick<Desk<never>, "counters">, home: Pick<Home<never>, "counters"> | undefined) {
    this.#poller = desk.counters;
    this.#listener = home?.counters;
  }

  /** So many messages became visible. */
  received(messages: number, sizeBytes: number): void {
    countReceived(this.own, messages, sizeBytes);
    countReceived(this.#poller, messages, sizeBytes);
    if (this.#listener !== undefined) countReceived(this.#listener, messages, sizeBytes);
  }

  /** A message was queued. */
  sent(sizeBytes: number): void {
    countSent(this.own, sizeBytes);
    countSent(this.#poller, sizeBytes);
    if (this.#listener !== undefined) countSent(this.#listener, sizeBytes);
  }

  /** A message found no room. */
  refused(): void {
    this.own.refusedMessages++;
    this.#poller.refusedMessages++;
    if (this.#listener !== undefined) this.#listener.refusedMessages++;
  }
}

// Written out field by field: as one function that takes the field's name it was a tenth of a frame.
function countReceived(counters: Counters<TrafficStats>, messages: number, sizeBytes: number): void {
  counters.receivedMessages += messages;
  counters.receivedBytes += sizeBytes;
}

function countSent(counters: Counters<TrafficStats>, sizeBytes: number): void {
  counters.sentMessages++;
  counters.sentBytes += sizeBytes;
}
