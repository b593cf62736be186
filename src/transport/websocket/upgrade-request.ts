/**
 * A request of Node's HTTP as the port's `UpgradeRequest`: its parts as a game reads
 * them. Nothing is thrown for what a stranger has written, and nothing of it can
 * stand for a property that every object has. Decides nothing about the request.
 */
import type { IncomingMessage } from "node:http";
import type { Address } from "../../port/address.ts";
import type { UpgradeRequest } from "../../port/upgrade-request.ts";

/** The request of one peer. What few games read is parsed when it is read. */
export class HttpUpgradeRequest implements UpgradeRequest {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly remoteAddress: Address | undefined;
  /** Set when the peer is admitted. */
  facts: unknown;
  #query: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, string> | undefined;

  constructor(request: IncomingMessage, remoteAddress: Address | undefined) {
    const { url = "" } = request;
    this.url = url;
    this.path = pathOf(url);
    this.headers = headersOf(request);
    this.remoteAddress = remoteAddress;
  }

  get query(): URLSearchParams {
    return (this.#query ??= new URLSearchParams(this.url.slice(this.path.length + 1)));
  }

  get cookies(): ReadonlyMap<string, string> {
    return (this.#cookies ??= cookiesIn(this.headers.cookie ?? ""));
  }

  get protocols(): readonly string[] {
    return listIn(this.headers["sec-websocket-protocol"]);
  }

  get origin(): string | undefined {
    return this.headers.origin;
  }
}

/** The part of a request's URL before the query. */
export function pathOf(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

/** The items of a header that is a list; none when there is no such header. */
export function listIn(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function headersOf({ headers }: IncomingMessage): Record<string, string | undefined> {
  const plain = Object.create(null) as Record<string, string | undefined>; // without what every object inherits
  for (const [name, value] of Object.entries(headers)) {
    plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return Object.freeze(plain);
}

/** The cookies of a header (RFC 6265, section 4.2.1), each decoded where it is encoded as browsers' scripts do. */
function cookiesIn(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pairText of header.split(";")) {
    const [name = ""] = pairText.split("=", 1);
    const value = pairText.substring(name.length + 1).trim();
    const key = name.trim();
    if (name.length === pairText.length || key === "" || cookies.has(key)) continue;
    cookies.set(key, decoded(/^"(.*)"$/.exec(value)?.[1] ?? value));
  }
  return cookies;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
