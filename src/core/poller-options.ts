/**
 * The options of a poller with a machine of its own, and of what it makes, with the check
 * of each. Applies none of them.
 */
import { areOptions, type Checks, isFunction, isWholeNumber } from "../check.ts";
import {
  CLIENT_POLLER_CHECKS,
  type ClientPollerOptions,
  CONNECT_CHECKS,
  type ConnectOptions,
} from "./client-options.ts";
import type { AnyDataOptions } from "./connection/data.ts";
import { MAX_DATAGRAM_BYTES } from "./datagram/datagram-outbox.ts";
import { BUDGET_CHECKS, type FrameBudget } from "./frame-budget.ts";
import { LIMIT_CHECKS, type LimitOptions } from "./limits/limits.ts";
import { PEER_LIMIT_CHECKS, type PeerLimitOptions } from "./limits/peer-limits.ts";
import { ACCEPT_LIMIT_CHECKS, type AcceptLimitOptions } from "./listen/accept-limits.ts";

/** Options of a a `Poller`; the limits are the defaults for all it makes. */
export interface PollerOptions extends ClientPollerOptions, PeerLimitOptions, AcceptLimitOptions {
  /** How much may become visible in one frame; the rest waits, and turns go round. */
  readonly frameBudget?: FrameBudget;
}

/** Options of `poller.listen`. */
export interface ListenOptions extends LimitOptions, PeerLimitOptions, AcceptLimitOptions {}

/** Options of `poller.connect`. */
export interface PeerConnectOptions extends ConnectOptions, PeerLimitOptions {}

/** Options of `poller.bind`: of a connection's limits, those that datagrams can keep. */
export interface BindOptions {
  /**
   * How much may wait to be received, in bytes; each message counts as its size plus
   * 64 bytes. Over the limit the oldest datagrams are lost, and counted. By default the
   * poller's, 1 MiB.
   */
  readonly receiveLimitBytes?: number;
  /**
   * How much may wait to be sent, in bytes; each datagram counts as its size plus 64
   * bytes, also one of no bytes. Over the limit `trySendTo` returns `false`. By default
   * the poller's, 1 MiB.
   */
  readonly sendLimitBytes?: number;
  /**
   * How long a closing socket may take to send its queue, in milliseconds of polled
   * time; what has not been sent then is dropped. By default the poller's, 5,000.
   */
  readonly closeTimeoutMs?: number;
  /**
   * The longest datagram, in bytes, both ways; 65,507 by default, the most that
   * UDP carries. Games keep to some 1,200, which no network cuts.
   */
  readonly maxDatagramBytes?: number;
}

/** The checks of {@link PollerOptions}. @internal */
export const POLLER_CHECKS: Checks<PollerOptions> = {
  ...CLIENT_POLLER_CHECKS,
  ...PEER_LIMIT_CHECKS,
  ...ACCEPT_LIMIT_CHECKS,
  frameBudget: areOptions(BUDGET_CHECKS),
};

/** The checks of {@link ListenOptions}. @internal */
export const LISTEN_CHECKS: Checks<ListenOptions & AnyDataOptions> = {
  ...LIMIT_CHECKS,
  ...PEER_LIMIT_CHECKS,
  ...ACCEPT_LIMIT_CHECKS,
  data: isFunction,
};

/** The checks of {@link PeerConnectOptions}. @internal */
export const PEER_CONNECT_CHECKS: Checks<PeerConnectOptions & AnyDataOptions> = {
  ...CONNECT_CHECKS,
  ...PEER_LIMIT_CHECKS,
};

/** The checks of {@link BindOptions}. @internal */
export const BIND_CHECKS: Checks<BindOptions> = {
  receiveLimitBytes: LIMIT_CHECKS.receiveLimitBytes,
  sendLimitBytes: LIMIT_CHECKS.sendLimitBytes,
  closeTimeoutMs: LIMIT_CHECKS.closeTimeoutMs,
  maxDatagramBytes: isWholeNumber(1, MAX_DATAGRAM_BYTES),
};
