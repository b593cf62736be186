/**
 * The limits that every connection has: their names, units, defaults, and the
 * reason for each number. A poller's options give the defaults for all it
 * makes; the options of `listen` and `connect` change them for one. What a page
 * does without is `peer-limits.ts`.
 */
import { limit, milliseconds } from "../../check.ts";

/** Limits that a poller, a listener and a connection take as options. */
export interface LimitOptions {
  /**
   * What may wait to be received on one connection, in bytes, each message
   * charged its size and 64 bytes. At the limit the transport stops reading,
   * which holds the peer back; at half it reads on. Nothing is lost. The read
   * in hand is still filed, so up to one read (64 KiB) more may wait.
   * 1 MiB by default: seconds of any player's input, and 1 GiB for 1,000 of
   * them at the worst.
   */
  readonly receiveLimitBytes?: number;
  /**
   * What may wait to be sent on one connection, in bytes, including what the
   * system has not taken yet. A message that does not fit is refused whole.
   * 1 MiB by default: a peer that is seconds behind is told apart from one
   * that is gone, at a bounded cost.
   */
  readonly sendLimitBytes?: number;
  /**
   * How long a closing connection may take to send what is queued and to see
   * the peer finish, in milliseconds of polled time. 5,000 by default: a slow
   * network's worth, not a person's patience.
   */
  readonly closeTimeoutMs?: number;
}

/** Limits that a poller and a client connection take. */
export interface ConnectLimitOptions {
  /**
   * How long a connection may take to open, in milliseconds of polled time.
   * 5,000 by default: three tries of TCP's first packet (at 0, 1 and 3 s).
   */
  readonly timeoutMs?: number;
}

/** All limits, each with a value. */
export type Limits = Required<LimitOptions & ConnectLimitOptions>;

/** The limits in `options` where they are given, and those of `fallback` where not, checked. */
export function limitsOf(
  options: LimitOptions & ConnectLimitOptions,
  fallback: Limits = DEFAULT_LIMITS,
): Limits {
  return {
    receiveLimitBytes: limit("receiveLimitBytes", options.receiveLimitBytes ?? fallback.receiveLimitBytes, 1),
    sendLimitBytes: limit("sendLimitBytes", options.sendLimitBytes ?? fallback.sendLimitBytes, 1),
    closeTimeoutMs: milliseconds("closeTimeoutMs", options.closeTimeoutMs ?? fallback.closeTimeoutMs),
    timeoutMs: milliseconds("timeoutMs", options.timeoutMs ?? fallback.timeoutMs),
  };
}

const DEFAULT_LIMITS: Limits = {
  receiveLimitBytes: 1_048_576,
  sendLimitBytes: 1_048_576,
  closeTimeoutMs: 5_000,
  timeoutMs: 5_000,
};
