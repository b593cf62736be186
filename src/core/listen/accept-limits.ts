/**
 * The limits of a listener: which connections it accepts, how many and how fast.
 * Names, units, defaults and the reason for each number; `admission.ts` applies
 * them. Separate from the limits of a connection, as a page never listens.
 */
import { type Checks, isLimit, kindOf, rate } from "../../check.ts";
import type { ConnectionFactory } from "../connection/assembly.ts";

/** A list of addresses, such as a `net.BlockList`. */
export interface AddressList {
  /** Whether the list contains `address`, which is numeric. */
  check(address: string, family?: "ipv4" | "ipv6"): boolean;
}

/**
 * Limits that a poller and a listener take as options. A connection beyond one
 * is reset, counted in `stats.droppedBy`, and reported by a `drop` event.
 */
export interface AcceptLimitOptions {
  /**
   * The most connections that may wait for `tryAccept()`, and the most peers that may
   * shake hands meanwhile: of those, the one that does so longest gives way to a new
   * one. 1,024 by default: all the players of a full server, connecting between two
   * frames.
   */
  readonly acceptLimit?: number;
  /**
   * The most connections that a listener may have, including those that wait to be
   * accepted. No limit by default: only the game knows its size, and the
   * system's own limit (file descriptors) is reported in the same way.
   */
  readonly maxConnections?: number;
  /**
   * The most of these that may come from one address. An address is an IPv4
   * address or an IPv6 network of /64, which a provider assigns to one customer. No
   * limit by default: a school or a tournament shares one address.
   */
  readonly maxConnectionsPerAddress?: number;
  /**
   * The most connections that are accepted in a second of polled time. A burst may
   * have as many at once. No limit by default: after a restart all players
   * reconnect at once.
   */
  readonly acceptRateHz?: number;
  /** Rejects a connection from an IP address that this list does not contain. All addresses are allowed by default. */
  readonly allowList?: AddressList;
  /** Rejects a connection from an IP address that this list contains, even if `allowList` does too. Empty by default. */
  readonly denyList?: AddressList;
}

/** All limits, each with a value; the lists only if they are given. */
export type AcceptLimits = Required<Omit<AcceptLimitOptions, ListName>> & Pick<AcceptLimitOptions, ListName>;

/** The limits of `options`, which are checked, completed by those of `fallback`. */
export function acceptLimitsOf(
  options: AcceptLimitOptions,
  fallback: AcceptLimits = DEFAULT_ACCEPT_LIMITS,
): AcceptLimits {
  const { allowList = fallback.allowList, denyList = fallback.denyList } = options;
  return {
    acceptLimit: options.acceptLimit ?? fallback.acceptLimit,
    maxConnections: options.maxConnections ?? fallback.maxConnections,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? fallback.maxConnectionsPerAddress,
    acceptRateHz: options.acceptRateHz ?? fallback.acceptRateHz,
    ...(allowList !== undefined && { allowList }),
    ...(denyList !== undefined && { denyList }),
  };
}

/** The rules of a listener: which connections it accepts, and how it builds them. @internal */
export interface ListenerRules {
  readonly acceptLimits: AcceptLimits;
  readonly makeParts: ConnectionFactory;
  /** How long an accepted connection that is over waits for `tryLeave`, in milliseconds of polled time. */
  readonly untakenTimeoutMs: number;
  /** Makes the game's own state of an accepted connection. */
  readonly makeData?: ((connection: never) => unknown) | undefined;
}

/** A check that the value is a list of addresses. */
function isAddressList(name: string, value: unknown): void {
  if (typeof (value as Partial<AddressList> | null)?.check === "function") return;
  throw new TypeError(`${name}: expected a list such as a net.BlockList, got ${kindOf(value)}`);
}

type ListName = "allowList" | "denyList";

/** The checks of {@link AcceptLimitOptions}. */
export const ACCEPT_LIMIT_CHECKS: Checks<AcceptLimitOptions> = {
  acceptLimit: isLimit(1),
  maxConnections: isLimit(1),
  maxConnectionsPerAddress: isLimit(1),
  acceptRateHz: rate,
  allowList: isAddressList,
  denyList: isAddressList,
};

const DEFAULT_ACCEPT_LIMITS: AcceptLimits = {
  acceptLimit: 1_024,
  maxConnections: Infinity,
  maxConnectionsPerAddress: Infinity,
  acceptRateHz: Infinity,
};
