/**
 * The traffic of connections. Each number is counted for the connection, for its
 * listener and for its poller, so that the three agree. One recorder serves all
 * connections of a listener, so that a frame reads no object more for each of
 * them. Decides nothing.
 */

import type { Inbox } from "../storage/inbox.ts";
import type { ConnectionStats, Counters, StreamStats } from "./stats.ts";

/** The traffic recorder of a listener's connections, or of those that a poller began. */
export class TrafficRecorder {
  readonly #poller: Counters<StreamStats>;
  readonly #listener: Counters<StreamStats> | undefined;

  constructor(poller: Counters<StreamStats>, listener?: Counters<StreamStats>) {
    this.#poller = poller;
    this.#listener = listener;
  }

  /** Counts a latch of the inbox, which made `messages` messages visible. */
  recordLatch(own: Own, messages: number, inbox: Pick<Inbox<never>, "latchedBytes" | "peakBytes">): void {
    const { latchedBytes } = inbox;
    countReceived(own, messages, latchedBytes);
    countReceived(this.#poller, messages, latchedBytes);
    if (this.#listener !== undefined) countReceived(this.#listener, messages, latchedBytes);
    own.inboxPeakBytes = inbox.peakBytes;
  }

  /** Counts a message that was queued. */
  sent(own: Own, sizeBytes: number): void {
    countSent(own, sizeBytes);
    countSent(this.#poller, sizeBytes);
    if (this.#listener !== undefined) countSent(this.#listener, sizeBytes);
  }

  /** Counts a message that replaced another one, and is `moreBytes` larger. */
  replaced(own: Own, moreBytes: number): void {
    countReplaced(own, moreBytes);
    countReplaced(this.#poller, moreBytes);
    if (this.#listener !== undefined) countReplaced(this.#listener, moreBytes);
  }

  /** Counts messages that the game skipped. */
  skipped(own: Own, messages: number): void {
    own.skippedMessages += messages;
    this.#poller.skippedMessages += messages;
    if (this.#listener !== undefined) this.#listener.skippedMessages += messages;
  }

  /** Counts a message that was refused. */
  refused(own: Own): void {
    own.refusedMessages++;
    this.#poller.refusedMessages++;
    if (this.#listener !== undefined) this.#listener.refusedMessages++;
  }
}

/** The counters of the connection itself. */
type Own = Counters<ConnectionStats>;

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
