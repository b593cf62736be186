/**
 * The limits that guard a connection against slow, silent and loud peers, where
 * there are strangers: not in a page, which talks to its own server. A
 * connection that one of them ends has its name as the `code` of its reason.
 */
import { limit, milliseconds, oneOf, rate } from "../../check.ts";

/** Limits that a poller, a listener and a connection take as options. Times are polled time, in milliseconds. */
export interface PeerLimitOptions {
  /** What happens at `receiveLimitBytes`; `"pause"` by default, as it alone loses nothing. */
  readonly receiveOverflow?: ReceiveOverflow;
  /**
   * How many messages of one connection may become visible in a second, with
   * one second's worth at once. More wait for later frames, and so come to
   * count under `receiveLimitBytes`; with `receiveOverflow: "close"` they close
   * it. No limit by default: only the game knows how often its players speak.
   */
  readonly messageRateHz?: number;
  /**
   * The longest message that may be received, in bytes on the wire, whatever
   * the codec allows; a longer one closes with `protocol`. No limit by default,
   * as every codec has its own.
   */
  readonly maxMessageBytes?: number;
  /** What happens at `sendLimitBytes`; `"refuse"` by default, as the caller then knows. */
  readonly sendOverflow?: SendOverflow;
  /**
   * How long the peer may take to send its first whole message, in
   * milliseconds; then it closes with `timeout`. No limit by default: who only
   * looks on need not speak.
   */
  readonly firstMessageTimeoutMs?: number;
  /**
   * How long the peer may take to finish a message that it has begun, in
   * milliseconds; then it closes with `timeout`. 10,000 by default: a message
   * of 64 KiB takes that long at 50 kbit/s, and nobody means to take longer.
   */
  readonly partialMessageTimeoutMs?: number;
  /**
   * How long the peer may send nothing at all, in milliseconds; then it closes
   * with `timeout`. No limit by default, for the same who only look on.
   */
  readonly idleTimeoutMs?: number;
  /**
   * How long the oldest byte may wait for the peer to take it, in milliseconds;
   * then it closes with `overflow`. 60,000 by default: nothing is played a
   * minute late, and the system alone takes a quarter of an hour to give a
   * pulled cable up.
   */
  readonly unsentTimeoutMs?: number;
  /**
   * How long the receive limit may keep the reading stopped, in milliseconds;
   * then it closes with `overflow`, and what had arrived can still be taken.
   * 60,000 by default: a paused peer that is gone without a reset can be found
   * in no other way, and a game that is a minute behind is not coming back.
   */
  readonly pauseTimeoutMs?: number;
}

/**
 * What happens at the receive limit. Losses are counted in `lostReceived`, and
 * told by one `lose` event for each frame.
 *
 * - `pause`: the reading stops, which holds the peer back. Nothing is lost.
 * - `drop-oldest`: `poll()` drops the oldest until what waits is under the limit.
 * - `drop-newest`: `poll()` drops the newest that way.
 * - `close`: `poll()` closes the connection with `overflow`.
 *
 * Where `poll()` drops, the reading stops at twice the limit until it has.
 */
export type ReceiveOverflow = (typeof RECEIVE_OVERFLOWS)[number];

/**
 * What happens at the send limit. Losses are counted in `lostSent`, and told by
 * one `lose` event for each frame.
 *
 * - `refuse`: `trySend` says `false`. Nothing is lost without a word.
 * - `drop-oldest`: the oldest that the system has not been given make room.
 * - `close`: `trySend` says `false`, and the connection closes with `overflow`.
 */
export type SendOverflow = (typeof SEND_OVERFLOWS)[number];

/** All of them, each with a value. */
export type PeerLimits = Required<PeerLimitOptions>;

/** The limits in `options` where they are given, and those of `fallback` where not, checked. */
export function peerLimitsOf(
  options: PeerLimitOptions,
  fallback: PeerLimits = DEFAULT_PEER_LIMITS,
): PeerLimits {
  const from = <Name extends keyof PeerLimits>(
    name: Name,
    check: (name: string, value: PeerLimits[Name]) => PeerLimits[Name],
  ): PeerLimits[Name] => check(name, (options as Partial<PeerLimits>)[name] ?? fallback[name]);
  return {
    receiveOverflow: from("receiveOverflow", (name, value) => oneOf(name, value, RECEIVE_OVERFLOWS)),
    messageRateHz: from("messageRateHz", rate),
    maxMessageBytes: from("maxMessageBytes", (name, value) => limit(name, value, 1)),
    sendOverflow: from("sendOverflow", (name, value) => oneOf(name, value, SEND_OVERFLOWS)),
    firstMessageTimeoutMs: from("firstMessageTimeoutMs", milliseconds),
    partialMessageTimeoutMs: from("partialMessageTimeoutMs", milliseconds),
    idleTimeoutMs: from("idleTimeoutMs", milliseconds),
    unsentTimeoutMs: from("unsentTimeoutMs", milliseconds),
    pauseTimeoutMs: from("pauseTimeoutMs", milliseconds),
  };
}

const RECEIVE_OVERFLOWS = ["pause", "drop-oldest", "drop-newest", "close"] as const;
const SEND_OVERFLOWS = ["refuse", "drop-oldest", "close"] as const;

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
};
