/**
 * The options of a listener behind a proxy that speaks the PROXY protocol, and the check
 * of each. Apart from `proxy-protocol.ts`, so that the types of the options need none of
 * Node's.
 */
import { type Checks, isOneOf, isWholeNumber } from "../../check.ts";
import { isTrustedProxies, type TrustedProxies } from "./trusted-proxies.ts";

/** Options of `tcp()` for a listener behind a proxy. */
export interface ProxyProtocolOptions {
  /**
   * Read the PROXY protocol's header, version 1 or 2, from `trustedProxies`. With
   * `"require"` nobody else may connect. With `"accept"` others connect as ever, and a
   * trusted one may leave the header out; it is then known at its first bytes. Without
   * this option no header is read.
   */
  readonly proxyProtocol?: "require" | "accept";
  /** The proxies whose header is believed; needed with `proxyProtocol`. */
  readonly trustedProxies?: TrustedProxies;
  /** How long a proxy may take to send the header, in milliseconds; 5,000 by default. */
  readonly proxyTimeoutMs?: number;
}

/** The longest delay of a timer of Node. */
const MAX_INT32 = 2 ** 31 - 1;

/** The checks of the options. @internal */
export const PROXY_CHECKS: Checks<ProxyProtocolOptions> = {
  proxyProtocol: isOneOf(["require", "accept"]),
  trustedProxies: isTrustedProxies,
  proxyTimeoutMs: isWholeNumber(1, MAX_INT32),
};
