/**
 * The traffic of one connection. Each number is counted for the connection, for
 * its listener and for its poller, so that the three agree. Decides nothing.
 */

import type { Inbox } from "../storage/inbox.ts";
import { type ConnectionStats, type Counters, connectionCounters, type StreamStats } from "./stats.ts";

/** The traffic recorder of one connection. */
export class TrafficRecorder {
  /** The counters of the connection itself. */
  readonly own: Counters<ConnectionStats> = connectionCounters();
  readonly #poller: Counters<StreamStats>;
  readonly #listener: Counters<StreamStats> | undefined;

  constructor({ context, listener }: RecorderOwner) {
    this.#poller = context.counters;
    this.#listener = listener?.counters;
  }

  /** Counts a latch of the inbox, which made `messages` messages visible. */
  recordLatch(messages: number, inbox: Pick<Inbox<never>, "latchedBytes" | "peakBytes">): void {
    const { latchedBytes } = inbox;
    countReceived(this.own, messages, latchedBytes);
    countReceived(this.#poller, messages, latchedBytes);
    if (this.#listener !== undefined) countReceived(this.#listener, messages, latchedBytes);
    this.own.inboxPeakBytes = inbox.peakBytes;
  }

  /** Counts a message that was queued. */
  sent(sizeBytes: number): void {
    countSent(this.own, sizeBytes);
    countSent(this.#poller, sizeBytes);
    if (this.#listener !== undefined) countSent(this.#listener, sizeBytes);
  }

  /** Counts a message that replaced another one, and is `moreBytes` larger. */
  replaced(moreBytes: number): void {
    countReplaced(this.own, moreBytes);
    countReplaced(this.#poller, moreBytes);
    if (this.#listener !== undefined) countReplaced(this.#listener, moreBytes);
  }

  /** Counts messages that the game skipped. */
  skipped(messages: number): void {
    this.own.skippedMessages += messages;
    this.#poller.skippedMessages += messages;
    if (this.#listener !== undefined) this.#listener.skippedMessages += messages;
  }

  /** Counts a message that was refused. */
  refused(): void {
    this.own.refusedMessages++;
    this.#poller.refusedMessages++;
    if (this.#listener !== undefined) this.#listener.refusedMessages++;
  }
}

/** Whose counters are counted as well. */
interface RecorderOwner {
  readonly context: { readonly counters: Counters<StreamStats> };
  readonly listener: { readonly counters: Counters<StreamStats> } | undefined;
}

// Written out field by field: as one function that takes the field's name it was a tenth of a frame.
function countReceived(counters: Counters<StreamStats>, messages: number, sizeBytes: number): void {
  counters.receivedMessages += messages;
  counters.receivedBytes += sizeBytes;
}

function countSent(counters: Counters<StreamStats>, sizeBytes: number): void {
  counters.sentMessages++;
  counters.sentBytes += sizeBytes;
}

function countReplaced(counters: Counters<StreamStats>, moreBytes: number): void {
  counters.replacedMessages++;
  counters.sentBytes += moreBytes;
}
