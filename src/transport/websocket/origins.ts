/**
 * The origin check: which pages may connect. A browser lets any page open a
 * WebSocket to any server, and sends the user's cookies with it. Only the Origin
 * header identifies the page (RFC 6455, section 10.2). Other programs send any
 * Origin they like. So this protects users from foreign pages, and not the
 * server from foreign programs. Knows headers, and no sockets.
 */
import { kindOf } from "../../check.ts";

/** The allowed origins, or `"any"`; if not given, the origins of the server's own host. */
export type Origins = readonly string[] | "any" | undefined;
/** Returns whether a request with these headers is allowed. */
export type OriginRule = (origin: string | undefined, host: string | undefined) => boolean;

/**
 * The rule for a list of origins. It allows a request without an Origin, as that
 * comes from no browser.
 *
 * @throws TypeError when `origins` is no array
 * @throws RangeError when one of them is no origin
 */
export function originRule(origins: Origins): OriginRule {
  if (origins === "any") return () => true;
  if (origins === undefined) return (origin, host) => origin === undefined || isSameHost(origin, host);
  if (!Array.isArray(origins)) {
    throw new TypeError(`origins: expected an array or "any", got ${kindOf(origins)}`);
  }
  const allowed = new Set(origins.map(checkedOrigin));
  return (origin) => origin === undefined || allowed.has(origin);
}

/** The origin, as browsers write it. */
function checkedOrigin(text: unknown): string {
  const url = tryParse(String(text));
  if (url === undefined || url.origin === "null" || url.pathname !== "/" || url.search + url.hash !== "") {
    throw new RangeError(`origins: expected an origin such as "https://example.org", got "${text}"`);
  }
  return url.origin;
}

/** Compares parsed URLs: a browser omits the default port of a scheme, but a proxy may include it. */
function isSameHost(origin: string, host: string | undefined): boolean {
  const page = tryParse(origin);
  return (
    host !== undefined && page !== undefined && page.host === tryParse(`${page.protocol}//${host}`)?.host
  );
}

function tryParse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
