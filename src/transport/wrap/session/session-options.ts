/**
 * The options of a session: names, units, defaults and the reason for each number.
 */
import {
  type Checks,
  checkOptions,
  deadline,
  isFunction,
  isLimit,
  isText,
  isWholeNumber,
} from "../../../check.ts";
import type { Address } from "../../../port/address.ts";
import type { Security } from "../../../port/security.ts";
import type { UpgradeRequest } from "../../../port/upgrade-request.ts";
import { MOST_GATEWAY_BYTES } from "./greetings.ts";

/** Options of a session, at the end that connects. */
export interface ClientSessionOptions {
  /** How often the peer is asked for a sign of life, in milliseconds; 1,000 by default, as round trips and clocks need samples. */
  readonly pingIntervalMs?: number;
  /**
   * For how long a line may be silent until it counts as dead, in milliseconds; 5,000 by default: longer
   * than a phone takes from one cell to the next. More than `pingIntervalMs`.
   */
  readonly deadPeerMs?: number;
  /**
   * For how long the session lives without a line, in milliseconds; 30,000 by default: a lift, a tunnel,
   * a change of Wi-Fi. The shorter one of both ends counts.
   */
  readonly resumeWindowMs?: number;
  /**
   * How much of what was sent is kept for the peer, which has not acknowledged it, before the game is
   * told that the connection is behind; in bytes, 1,048,576 by default: 30 seconds of 20 kB take 600 kB.
   */
  readonly resendBytes?: number;
  /** How long a try to get a line may take, in milliseconds; 5,000 by default. */
  readonly dialTimeoutMs?: number;
  /** The clock of this end, in milliseconds: `performance.now` by default. It stamps round trips, and is what peers see of this end. */
  readonly clock?: () => number;
  /** Fills bytes at random: `crypto.getRandomValues` by default. Tokens and the times of redials come from it. */
  readonly random?: (bytes: Uint8Array) => void;
}

/** Options of {@link session}. */
export interface SessionOptions extends ClientSessionOptions {
  /** How long a line may take for its first bytes, in milliseconds; 5,000 by default. For the end that listens. */
  readonly handshakeTimeoutMs?: number;
  /** How many lines may be without their first bytes; 256 by default. Beyond them the one that is so longest gives way. */
  readonly maxPending?: number;
  /** How many sessions may be without a line; 1,024 by default. Beyond them the one that is so longest closes. */
  readonly maxSuspended?: number;
  /**
   * Whether a line that has proved to be of the session may take it over; every one by default. A game
   * that binds a player to an address or a certificate compares.
   */
  readonly mayResume?: (lines: { readonly before: SessionLine; readonly now: SessionLine }) => boolean;
  /** The name or the address of this gateway. A player who comes to another one is told where the session is. */
  readonly gateway?: string;
}

/** What is known of a line. */
export interface SessionLine {
  /** The address of the peer. */
  readonly remoteAddress: Address | undefined;
  /** How the line is encrypted. */
  readonly security: Security | undefined;
  /** The request that opened it, where there was one. */
  readonly request: UpgradeRequest | undefined;
}

/** All options with their values. */
export type Terms = Required<Omit<SessionOptions, "mayResume">> & Pick<SessionOptions, "mayResume">;

/**
 * The options with their defaults.
 *
 * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
 */
export function termsOf<Options extends ClientSessionOptions>(
  options: Options,
  checks: Checks<Options>,
): Terms {
  checkOptions(options, checks);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const terms: Terms = { ...DEFAULTS, ...given };
  if (terms.deadPeerMs <= terms.pingIntervalMs) {
    throw new RangeError(
      `deadPeerMs: expected more than pingIntervalMs, ${terms.pingIntervalMs}, got ${terms.deadPeerMs}`,
    );
  }
  return terms;
}

/** The checks of {@link ClientSessionOptions}. */
export const CLIENT_SESSION_CHECKS: Checks<ClientSessionOptions> = {
  pingIntervalMs: deadline,
  deadPeerMs: deadline,
  resumeWindowMs: deadline,
  resendBytes: isWholeNumber(1),
  dialTimeoutMs: deadline,
  clock: isFunction,
  random: isFunction,
};

/** The checks of {@link SessionOptions}. */
export const SESSION_CHECKS: Checks<SessionOptions> = {
  ...CLIENT_SESSION_CHECKS,
  handshakeTimeoutMs: deadline,
  maxPending: isLimit(1),
  maxSuspended: isLimit(1),
  mayResume: isFunction,
  gateway: isGateway,
};

function isGateway(name: string, value: unknown): void {
  isText(name, value);
  const { length } = new TextEncoder().encode(value as string);
  if (length > MOST_GATEWAY_BYTES)
    throw new RangeError(`${name}: expected at most ${MOST_GATEWAY_BYTES} bytes of UTF-8, got ${length}`);
}

const DEFAULTS: Terms = {
  pingIntervalMs: 1_000,
  deadPeerMs: 5_000,
  resumeWindowMs: 30_000,
  resendBytes: 1_048_576,
  dialTimeoutMs: 5_000,
  handshakeTimeoutMs: 5_000,
  maxPending: 256,
  maxSuspended: 1_024,
  gateway: "",
  clock: () => performance.now(),
  random: (bytes) => {
    crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  },
};
