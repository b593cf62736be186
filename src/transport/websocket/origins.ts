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
 * The rule for a list of origins, which {@link isOrigins} has checked. It allows a
 * request without an Origin, as that comes from no browser.
 */
export function originRule(origins: Origins): OriginRule {
  if (origins === "any") return () => true;
  if (origins === undefined) return (origin, host) => origin === undefined || isSameHost(origin, host);
  const allowed = new Set(origins.map(originIn));
  return (origin) => origin === undefined || allowed.has(origin);
}

/** A check of the option: a list of origins, or `"any"`. */
export function isOrigins(name: string, value: unknown): void {
  if (value === "any") return;
  if (!Array.isArray(value)) throw new TypeError(`${name}: expected an array or "any", got ${kindOf(value)}`);
  for (const origin of value) {
    if (typeof origin !== "string")
      throw new TypeError(`${name}: expected an array of strings, got ${kindOf(origin)}`);
    if (originIn(origin) === undefined) {
      const got = JSON.stringify(origin);
      throw new RangeError(`${name}: expected origins such as "https://example.org", got ${got}`);
    }
  }
}

/** The origin, as browsers write it; `undefined` when it is none that a page can have. */
function originIn(text: string): string | undefined {
  if (text === HIDDEN) return text;
  const url = tryParse(text);
  if (url === undefined) return undefined;
  if (!isWeb(url)) return APP.exec(text)?.[1];
  return url.pathname === "/" && url.search + url.hash + url.username === "" ? url.origin : undefined;
}

/** Compares parsed URLs: a browser omits the default port of a scheme, but a proxy may include it. */
function isSameHost(origin: string, host: string | undefined): boolean {
  const page = tryParse(origin);
  if (page === undefined || host === undefined || !isWeb(page)) return false;
  return page.host === tryParse(`${page.protocol}//${host}`)?.host;
}

function isWeb({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

function tryParse(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** What a page sends that hides its origin, such as one in a sandboxed frame, or from a file. */
const HIDDEN = "null";
/**
 * The origin of an app's pages, with a scheme of its own: `capacitor://localhost`,
 * `chrome-extension://abcdefgh`, `file://`. No parser has rules for these, so they
 * are compared as they are. WebSocket's own schemes are no page's.
 */
const APP = /^(file:\/\/|(?!wss?:|file:)[a-z][a-z0-9+.-]*:\/\/[\w.:[\]-]+)\/?$/;
