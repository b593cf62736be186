/**
 * What was counted. Plain numbers in plain objects: reading costs nothing, and
 * like all else they change only in `poll()` and by the game's own calls.
 */

/** Counted for each connection and datagram socket, and summed for its listener and its poller. */
export interface TrafficStats {
  /** Messages that became visible. */
  readonly receivedMessages: number;
  /** Bytes of those messages on the wire, framing included. */
  readonly receivedBytes: number;
  /** Messages that were queued to leave. */
  readonly sentMessages: number;
  /** Bytes of those messages on the wire, framing included. */
  readonly sentBytes: number;
  /** Messages that were refused because the outbox was full. */
  readonly refusedMessages: number;
}

/** Counted for each connection, and summed for its listener and its poller. */
export interface StreamStats extends TrafficStats {
  /** Messages that a newer one of the same key replaced before they left; not in `sentMessages`. */
  readonly replacedMessages: number;
  /** Messages that `tryRecvLatest` passed over; in `receivedMessages` as well. */
  readonly skippedMessages: number;
  /** Messages that came and were dropped, by `receiveOverflow`. */
  readonly lostReceived: number;
  /** Messages that were queued and dropped before they left, by `sendOverflow`; in `sentMessages` as well. */
  readonly lostSent: number;
}

/** Counted for each connection. */
export interface ConnectionStats extends StreamStats {
  /** The most that ever waited to be received, in bytes, weights included. */
  readonly inboxPeakBytes: number;
  /** The most that ever waited to be sent, in bytes. */
  readonly outboxPeakBytes: number;
  /** How often the receive limit stopped the reading. */
  readonly pauses: number;
  /** How long the receive limit kept the reading stopped, in milliseconds of polled time. */
  readonly pausedMs: number;
}

/** Counted for each listener. */
export interface ListenerStats extends StreamStats {
  /** Guests that came to the door. */
  readonly accepted: number;
  /** Guests that were sent away, for whatever reason. */
  readonly dropped: number;
  /**
   * The same by reason: the name of the limit or list, such as
   * `"maxConnectionsPerAddress"`, or the code or kind of what the transport said.
   */
  readonly droppedBy: Readonly<Record<string, number>>;
  /** The most guests that ever waited at the door. */
  readonly acceptPeak: number;
}

/** Counted for each datagram socket. */
export interface DatagramStats extends TrafficStats {
  /** Messages lost because the game did not take them in time. */
  readonly dropped: number;
  /** Datagrams that held no message, did not decode, or were over `maxDatagramBytes`. */
  readonly malformed: number;
  /** Datagrams that the network has reported as not arrived. */
  readonly failed: number;
}

/** Counted for the whole poller. */
export interface PollerStats extends StreamStats {
  /** How often `poll()` was called. */
  readonly polls: number;
  /** Guests that came to any door. */
  readonly accepted: number;
  /** Guests that were sent away at any door. */
  readonly dropped: number;
  /** Connections made by `connect` that opened. */
  readonly opened: number;
  /** Connections that closed. */
  readonly closed: number;
}

/** The same, writable, for those who count. */
export type Counters<Stats> = { -readonly [Name in keyof Stats]: Stats[Name] };

// Written out in full: an object spread gives each object a hidden class of its
// own in V8, and counting on 1,000 of them then costs forty times as much.

export function connectionCounters(): Counters<ConnectionStats> {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    inboxPeakBytes: 0, // with the two that change in the same frame
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
    droppedBy: {},
    acceptPeak: 0,
  };
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
