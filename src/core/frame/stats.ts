/**
 * The statistics: plain numbers in plain objects, so that reading them is free.
 * Like all visible state they change only in `poll()` and in calls of the game.
 * Decides what is counted; the recorders do the counting.
 */

/** Counted for each connection and datagram socket, and summed for its listener and its poller. */
export interface TrafficStats {
  /** Messages that became visible. */
  readonly receivedMessages: number;
  /** The size of those messages on the wire, in bytes, framing included. */
  readonly receivedBytes: number;
  /** Messages that were queued to be sent. */
  readonly sentMessages: number;
  /** The size of those messages on the wire, in bytes, framing included. */
  readonly sentBytes: number;
  /** Messages that were refused because the send limit was reached. */
  readonly refusedMessages: number;
}

/** Counted for each connection, and summed for its listener and its poller. */
export interface StreamStats extends TrafficStats {
  /** Messages that a newer one with the same key replaced before they were sent; not in `sentMessages`. */
  readonly replacedMessages: number;
  /** Messages that `tryRecvLatest` skipped; in `receivedMessages` as well. */
  readonly skippedMessages: number;
  /** Messages that arrived and were dropped: by `receiveOverflow`, when their sender was cut off, or as nobody took them in time. */
  readonly lostReceived: number;
  /** Messages that were queued and dropped before they were sent, by `sendOverflow`; in `sentMessages` as well. */
  readonly lostSent: number;
}

/** Counted for each connection. */
export interface ConnectionStats extends StreamStats {
  /** The most bytes that ever waited to be received, the weights of messages included. */
  readonly inboxPeakBytes: number;
  /** The most bytes that ever waited to be sent. */
  readonly outboxPeakBytes: number;
  /** How often the receive limit paused the connection. */
  readonly pauses: number;
  /** How long the receive limit paused the connection in total, in milliseconds of polled time. */
  readonly pausedMs: number;
}

/** Counted for each listener. */
export interface ListenerStats extends StreamStats {
  /** Incoming connections that passed all limits and were queued for `tryAccept()`. */
  readonly accepted: number;
  /** Incoming connections that were rejected, for any reason. */
  readonly dropped: number;
  /**
   * The same by reason: the name of the limit or list, such as
   * `"maxConnectionsPerAddress"`, or the code or kind of the transport's reason.
   */
  readonly droppedBy: Readonly<Record<string, number>>;
  /** The most connections that ever waited to be accepted. */
  readonly acceptPeak: number;
}

/** Counted for each datagram socket. */
export interface DatagramStats extends TrafficStats {
  /** Messages that were dropped because the game did not take them in time. */
  readonly dropped: number;
  /** Datagrams that had no message, could not be decoded, or were over `maxDatagramBytes`. */
  readonly malformed: number;
  /** Datagrams of this socket that the network has reported as undelivered. */
  readonly failed: number;
  /** Datagrams for this socket that were sent and have not come, where they have numbers that tell, as over NATS; otherwise 0. */
  readonly lost: number;
}

/** Counted for the whole poller. */
export interface PollerStats extends StreamStats {
  /** How often `poll()` was called. */
  readonly polls: number;
  /** Incoming connections that any listener queued for `tryAccept()`. */
  readonly accepted: number;
  /** Incoming connections that any listener rejected. */
  readonly dropped: number;
  /** Connections made by `connect` that opened. */
  readonly opened: number;
  /** Connections that closed. */
  readonly closed: number;
}

/** Writable statistics, for the code that counts. */
export type Counters<Stats> = { -readonly [Name in keyof Stats]: Stats[Name] };

// Each object is written out in full: with an object spread V8 gives each one a
// hidden class of its own, and counting on 1,000 of them costs forty times as much.

export function connectionCounters(): Counters<ConnectionStats> {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    inboxPeakBytes: 0, // next to the two that change in the same frame
    sentMessages: 0,
    sentBytes: 0,
    refusedMessages: 0,
    replacedMessages: 0,
    skippedMessages: 0,
    lostReceived: 0,
    lostSent: 0,
    outboxPeakBytes: 0,
    pauses: 0,
    pausedMs: 0,
  };
}

export function listenerCounters(): Counters<ListenerStats> {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    refusedMessages: 0,
    replacedMessages: 0,
    skippedMessages: 0,
    lostReceived: 0,
    lostSent: 0,
    accepted: 0,
    dropped: 0,
    droppedBy: namedCounts(),
    acceptPeak: 0,
  };
}

/** No counts yet, for names that a peer may choose: `constructor` and `__proto__` are names like others. */
export function namedCounts(): Record<string, number> {
  return Object.create(null);
}

export function datagramCounters(): Counters<DatagramStats> {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    refusedMessages: 0,
    dropped: 0,
    malformed: 0,
    failed: 0,
    lost: 0,
  };
}

export function pollerCounters(): Counters<PollerStats> {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    refusedMessages: 0,
    replacedMessages: 0,
    skippedMessages: 0,
    lostReceived: 0,
    lostSent: 0,
    polls: 0,
    accepted: 0,
    dropped: 0,
    opened: 0,
    closed: 0,
  };
}
