/**
 * The limits of a listener: who may come in, and how many. Apart from those of
 * a connection, as a page never needs them.
 */
import { kindOf, limit, rate } from "../../check.ts";
import type { ConnectionFactory } from "../connection/assembly.ts";

/** A list of addresses, such as a `net.BlockList`. */
export interface AddressList {
  /** Whether `address`, in numbers, is on it. */
  check(address: string, family?: "ipv4" | "ipv6"): boolean;
}

/** Limits that a poller and a listener take. A guest beyond one is reset, counted and reported. */
export interface AcceptLimitOptions {
  /**
   * How many guests may wait for `tryAccept()`. 1,024 by default: a full
   * house's worth of players who all come between two frames.
   */
  readonly acceptLimit?: number;
  /**
   * How many connections a listener may have, those at the door among them.
   * No limit by default: how large a game is only the game knows, and the
   * system's own limit (file descriptors) ends in the same report.
   */
  readonly maxConnections?: number;
  /**
   * How many of them from one address: one of IPv4, or one network of IPv6
   * (/64), which is what one customer is given. No limit by default: a school
   * or a tournament plays from one.
   */
  readonly maxConnectionsPerAddress?: number;
  /**
   * How many guests may come in a second of polled time, with one second's
   * worth at once. No limit by default: after a restart everybody comes back.
   */
  readonly acceptRateHz?: number;
  /** Whoever has an IP address that is not on it is sent away. Everybody may come by default. */
  readonly allowList?: AddressList;
  /** Whoever has an IP address on it is sent away, also when `allowList` has it too. Empty by default. */
  readonly denyList?: AddressList;
}

/** All of them, each with a value; a list only where there is one. */
export type AcceptLimits = Required<Omit<AcceptLimitOptions, ListName>> & Pick<AcceptLimitOptions, ListName>;

/** The limits in `options` where they are given, and those of `fallback` where not, checked. */
export function acceptLimitsOf(
  options: AcceptLimitOptions,
  fallback: AcceptLimits = DEFAULT_ACCEPT_LIMITS,
): AcceptLimits {
  const { maxConnectionsPerAddress = fallback.maxConnectionsPerAddress } = options;
  const { allowList = fallback.allowList, denyList = fallback.denyList } = options;
  return {
    acceptLimit: limit("acceptLimit", options.acceptLimit ?? fallback.acceptLimit, 1),
    maxConnections: limit("maxConnections", options.maxConnections ?? fallback.maxConnections, 1),
    maxConnectionsPerAddress: limit("maxConnectionsPerAddress", maxConnectionsPerAddress, 1),
    acceptRateHz: rate("acceptRateHz", options.acceptRateHz ?? fallback.acceptRateHz),
    ...(allowList !== undefined && { allowList: list("allowList", allowList) }),
    ...(denyList !== undefined && { denyList: list("denyList", denyList) }),
  };
}

/** What a listener is told of its guests: who may come in, and how those are kept. */
export interface ListenerRules {
  readonly acceptLimits: AcceptLimits;
  readonly makeParts: ConnectionFactory;
}

function list(name: ListName, value: AddressList): AddressList {
  if (typeof value?.check === "function") return value;
  throw new TypeError(`${name}: expected a list such as a net.BlockList, got ${kindOf(value)}`);
}

type ListName = "allowList" | "denyList";

const DEFAULT_ACCEPT_LIMITS: AcceptLimits = {
  acceptLimit: 1_024,
  maxConnections: Infinity,
  maxConnectionsPerAddress: Infinity,
  acceptRateHz: Infinity,
};
