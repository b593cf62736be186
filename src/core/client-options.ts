/**
 * The options of a client's poller and of its connections, with the check of each.
 */
import { type Checks, isAbortSignal, isFunction, rate } from "../check.ts";
import type { AnyDataOptions } from "./connection/data.ts";
import { now } from "./frame/clock.ts";
import {
  CONNECT_LIMIT_CHECKS,
  type ConnectLimitOptions,
  LIMIT_CHECKS,
  type LimitOptions,
} from "./limits/limits.ts";
import type { SchedulerOptions } from "./scheduler.ts";

/** Options of a a `ClientPoller`; the limits are the defaults for all it makes. */
export interface ClientPollerOptions extends LimitOptions, ConnectLimitOptions {
  /**
   * The longest time that one frame can count for in deadlines, in
   * milliseconds; 1,000 by default. A frame that was later than this (a
   * debugger, a scene that loaded) does not time its peers out.
   */
  readonly maxFrameMs?: number;
  /** The time in milliseconds, for `poll()` without one and for budgets; `performance.now` by default. */
  readonly clock?: () => number;
}

/** Options of `poller.connect`. */
export interface ConnectOptions extends LimitOptions, ConnectLimitOptions {
  /** Ends the attempt; once the connection is open it has no effect. */
  readonly signal?: AbortSignal;
}

/** What a scheduler takes of a poller's options, which are checked. @internal */
export function schedulerOptionsOf(options: ClientPollerOptions): SchedulerOptions {
  const { maxFrameMs = DEFAULT_MAX_FRAME_MS, clock = now } = options;
  return { maxFrameMs, clock };
}

/** The checks of {@link ClientPollerOptions}. @internal */
export const CLIENT_POLLER_CHECKS: Checks<ClientPollerOptions> = {
  ...LIMIT_CHECKS,
  ...CONNECT_LIMIT_CHECKS,
  maxFrameMs: rate, // above 0, as no time would pass in frames of 0
  clock: isFunction,
};

/** The checks of {@link ConnectOptions}. @internal */
export const CONNECT_CHECKS: Checks<ConnectOptions & AnyDataOptions> = {
  ...LIMIT_CHECKS,
  ...CONNECT_LIMIT_CHECKS,
  signal: isAbortSignal,
  data: isFunction,
};

const DEFAULT_MAX_FRAME_MS = 1_000;
