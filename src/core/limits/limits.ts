/**
 * The limits of every connection: names, units, defaults, and the reason for
 * each number. The options of a poller are the defaults for its connections; the
 * options of `listen` and `connect` override them. The limits that only a server
 * needs are in `peer-limits.ts`. Applies none of them.
 */
import { type Checks, deadline, isLimit } from "../../check.ts";

/** Limits that a poller, a listener and a connection take as options. */
export interface LimitOptions {
  /**
   * How much may wait to be received on one connection, in bytes; each message
   * counts as its size plus 64 bytes. At the limit the transport stops reading,
   * which puts backpressure on the peer; at half of it the transport resumes.
   * Nothing is lost. The current read is still queued, so the limit may be
   * exceeded by one read (64 KiB). 1 MiB by default: seconds of any player's
   * input, and at worst 1 GiB for 1,000 players.
   */
  readonly receiveLimitBytes?: number;
  /**
   * How much may wait to be sent on one connection, in bytes, including bytes
   * that the transport holds. A message that does not fit is refused whole.
   * 1 MiB by default: a peer that is seconds behind can catch up, and one that
   * is gone has a bounded cost.
   */
  readonly sendLimitBytes?: number;
  /**
   * How long a closing connection may take to send its queue and to receive the
   * end of the peer's stream, in milliseconds of polled time from the first poll
   * after the call. 5,000 by default: enough for a slow network, and short enough
   * for a player to wait.
   */
  readonly closeTimeoutMs?: number;
  /**
   * How long what was sent before may take to leave when the peer is at fault, in
   * milliseconds of polled time: when the connection ends with `protocol` or
   * `overflow`. 1,000 by default: the reason and the last messages reach a peer with
   * a bug, and a hostile one costs little.
   */
  readonly faultTimeoutMs?: number;
}

/** Limits that a poller and a client connection take. */
export interface ConnectLimitOptions {
  /**
   * How long a connection may take to open, in milliseconds of polled time from the
   * first poll after the call. 5,000 by default: three attempts of TCP's first packet (at 0, 1 and 3 s).
   */
  readonly timeoutMs?: number;
}

/** All limits, each with a value. */
export type Limits = Required<LimitOptions & ConnectLimitOptions>;

/** The checks of {@link LimitOptions}. */
export const LIMIT_CHECKS: Checks<LimitOptions> = {
  receiveLimitBytes: isLimit(1),
  sendLimitBytes: isLimit(1),
  closeTimeoutMs: deadline,
  faultTimeoutMs: deadline,
};

/** The checks of {@link ConnectLimitOptions}. */
export const CONNECT_LIMIT_CHECKS: Checks<ConnectLimitOptions> = { timeoutMs: deadline };

/** The limits of `options`, which are checked, completed by those of `fallback`. */
export function limitsOf(
  options: LimitOptions & ConnectLimitOptions,
  fallback: Limits = DEFAULT_LIMITS,
): Limits {
  return {
    receiveLimitBytes: options.receiveLimitBytes ?? fallback.receiveLimitBytes,
    sendLimitBytes: options.sendLimitBytes ?? fallback.sendLimitBytes,
    closeTimeoutMs: options.closeTimeoutMs ?? fallback.closeTimeoutMs,
    faultTimeoutMs: options.faultTimeoutMs ?? fallback.faultTimeoutMs,
    timeoutMs: options.timeoutMs ?? fallback.timeoutMs,
  };
}

const DEFAULT_LIMITS: Limits = {
  receiveLimitBytes: 1_048_576,
  sendLimitBytes: 1_048_576,
  closeTimeoutMs: 5_000,
  faultTimeoutMs: 1_000,
  timeoutMs: 5_000,
};
