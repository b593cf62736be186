/**
 * The limits that protect a connection from slow, silent and flooding peers:
 * names, units, defaults, and the reason for each number. A page has none of
 * them, as it trusts its own server. When a limit closes a connection, its name
 * is the `code` of the close reason. Applies none of them.
 */
import { type Checks, deadline, isLimit, isOneOf, rate } from "../../check.ts";

/** Limits that a poller, a listener and a connection take as options. Times are milliseconds of polled time. */
export interface PeerLimitOptions {
  /** What happens at `receiveLimitBytes`; `"pause"` by default, the only policy that loses nothing. */
  readonly receiveOverflow?: ReceiveOverflow;
  /**
   * How many messages of one connection may become visible in a second, with
   * bursts of one second's worth. The others wait for later frames, and count
   * towards `receiveLimitBytes`; with `receiveOverflow: "close"` they close the
   * connection. No limit by default: only the game knows how often its players
   * send.
   */
  readonly messageRateHz?: number;
  /**
   * The size of the longest message that may be received, in bytes on the wire,
   * on top of the codec's own limit; a longer one closes the connection with
   * `protocol`. No limit by default, as every codec has its own.
   */
  readonly maxMessageBytes?: number;
  /** What happens at `sendLimitBytes`; `"refuse"` by default, as the caller then learns of it. */
  readonly sendOverflow?: SendOverflow;
  /**
   * How long the peer may take to send its first whole message, in milliseconds;
   * after that the connection closes with `timeout`. No limit by default: a spectator
   * may never send.
   */
  readonly firstMessageTimeoutMs?: number;
  /**
   * How long the peer may take to finish a message that it has begun, in
   * milliseconds; after that the connection closes with `timeout`. Messages of the
   * codec, and those of the transport that carry them, such as a WebSocket's. 10,000
   * by default: a 64 KiB message takes that long at 50 kbit/s, and no honest peer is
   * slower.
   */
  readonly partialMessageTimeoutMs?: number;
  /**
   * How long the peer may send no bytes at all, in milliseconds; after that the
   * connection closes with `timeout`. Pings of the transport do not count, as they
   * come without the peer's game. No limit by default, for spectators.
   */
  readonly idleTimeoutMs?: number;
  /**
   * How long the oldest unsent byte may wait, in milliseconds; after that the
   * connection closes with `overflow`. 60,000 by default: a game cannot use a
   * message that is a minute late, and the system alone takes a quarter of an
   * hour to notice a pulled cable.
   */
  readonly unsentTimeoutMs?: number;
  /**
   * How long the receive limit may pause the connection, in milliseconds; after that
   * it closes with `overflow`; the messages that are visible can still be taken, and
   * the others are dropped. 60,000 by default: there is no other way to notice that a paused
   * peer is gone without a reset, and a game that is a minute behind does not
   * catch up.
   */
  readonly pauseTimeoutMs?: number;
  /**
   * How long messages of a peer that has ended may wait to be taken, and how long it
   * may wait to be accepted, in milliseconds from its end; after that the messages
   * are dropped, counted in `lostReceived`, and the connection closes with `timeout`
   * if it has no other reason. 60,000 by default: a game that is a minute behind does
   * not catch up, and one that takes no messages at all must not keep who is gone.
   */
  readonly untakenTimeoutMs?: number;
}

/**
 * What happens at the receive limit. Lost messages are counted in
 * `lostReceived`, and reported by one `lose` event per frame.
 *
 * - `pause`: the transport stops reading, which puts backpressure on the peer.
 *   Nothing is lost.
 * - `drop-oldest`: `poll()` drops the oldest messages until the rest is under
 *   the limit.
 * - `drop-newest`: `poll()` drops the newest messages in the same way.
 * - `close`: `poll()` closes the connection with `overflow`. The messages that are
 *   visible can still be taken, and the others are dropped.
 *
 * With the two `drop` policies, the transport stops reading at twice the limit,
 * until the next `poll()` has dropped.
 */
export type ReceiveOverflow = "pause" | "drop-oldest" | "drop-newest" | "close";

/**
 * What happens at the send limit. Lost messages are counted in `lostSent`, and
 * reported by one `lose` event per frame.
 *
 * - `refuse`: `trySend` returns `false`, and nothing that was queued is lost.
 * - `drop-oldest`: the oldest messages that the transport was not given yet are
 *   dropped, to make room.
 * - `close`: `trySend` returns `false`, and the connection closes with `overflow`.
 */
export type SendOverflow = "refuse" | "drop-oldest" | "close";

/** All limits, each with a value. */
export type PeerLimits = Required<PeerLimitOptions>;

/** The limits of `options`, which are checked, completed by those of `fallback`. */
export function peerLimitsOf(
  options: PeerLimitOptions,
  fallback: PeerLimits = DEFAULT_PEER_LIMITS,
): PeerLimits {
  const chosen = <Name extends keyof PeerLimits>(name: Name): PeerLimits[Name] =>
    (options as Partial<PeerLimits>)[name] ?? fallback[name];
  // Written out, as objects made in another way have a slower form in V8.
  return {
    receiveOverflow: chosen("receiveOverflow"),
    messageRateHz: chosen("messageRateHz"),
    maxMessageBytes: chosen("maxMessageBytes"),
    sendOverflow: chosen("sendOverflow"),
    firstMessageTimeoutMs: chosen("firstMessageTimeoutMs"),
    partialMessageTimeoutMs: chosen("partialMessageTimeoutMs"),
    idleTimeoutMs: chosen("idleTimeoutMs"),
    unsentTimeoutMs: chosen("unsentTimeoutMs"),
    pauseTimeoutMs: chosen("pauseTimeoutMs"),
    untakenTimeoutMs: chosen("untakenTimeoutMs"),
  };
}

const RECEIVE_OVERFLOWS: readonly ReceiveOverflow[] = ["pause", "drop-oldest", "drop-newest", "close"];
const SEND_OVERFLOWS: readonly SendOverflow[] = ["refuse", "drop-oldest", "close"];

/** The checks of {@link PeerLimitOptions}. */
export const PEER_LIMIT_CHECKS: Checks<PeerLimitOptions> = {
  receiveOverflow: isOneOf(RECEIVE_OVERFLOWS),
  messageRateHz: rate,
  maxMessageBytes: isLimit(1),
  sendOverflow: isOneOf(SEND_OVERFLOWS),
  firstMessageTimeoutMs: deadline,
  partialMessageTimeoutMs: deadline,
  idleTimeoutMs: deadline,
  unsentTimeoutMs: deadline,
  pauseTimeoutMs: deadline,
  untakenTimeoutMs: deadline,
};

const DEFAULT_PEER_LIMITS: PeerLimits = {
  receiveOverflow: "pause",
  messageRateHz: Infinity,
  maxMessageBytes: Infinity,
  sendOverflow: "refuse",
  firstMessageTimeoutMs: Infinity,
  partialMessageTimeoutMs: 10_000,
  idleTimeoutMs: Infinity,
  unsentTimeoutMs: 60_000,
  pauseTimeoutMs: 60_000,
  untakenTimeoutMs: 60_000,
};
