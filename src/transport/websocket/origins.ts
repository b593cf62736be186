/**
 * Whose pages may connect. A browser lets any page open a WebSocket to any
 * server, and sends the user's cookies along; the Origin header is the one word
 * that tells a server which page it was (RFC 6455, section 10.2). Who is no
 * browser sends what it likes, so this protects users from strange pages, and
 * not the server from strange programs.
 */
import { kindOf } from "../../check.ts";

/** The origins that are let in; `"any"`, and by default the server's own host. */
export type Origins = readonly string[] | "any" | undefined;
/** Whether a request with these headers may come in. */
export type OriginRule = (origin: string | undefined, host: string | undefined) => boolean;

/**
 * @throws TypeError when `origins` is no list
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

/** An origin as browsers write it. */
function checkedOrigin(text: unknown): string {
  const url = tryParse(String(text));
  if (url === undefined || url.origin === "null" || url.pathname !== "/" || url.search + url.hash !== "") {
    throw new RangeError(`origins: expected such as "https://example.org", got "${text}"`);
  }
  return url.origin;
}

/** A browser leaves the port out where the scheme has it by default; a proxy may write it all the same. */
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
