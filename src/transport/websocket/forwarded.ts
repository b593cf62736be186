/**
 * The address that proxies report in a header of HTTP: the last one that is not a
 * trusted proxy's own, read from the proxy nearest to this side.
 *
 *     X-Forwarded-For: stranger's word, 203.0.113.7, 10.0.0.2    from 10.0.0.1
 *                                       └ the peer   └── trusted ──┘
 *
 * Only what a trusted proxy has written is believed. Where the chain cannot be read,
 * the last address that could be counts: the proxy's. Knows headers, and no sockets.
 */
import type { Address } from "../../port/address.ts";
import { type IsTrusted, numericAddress } from "../node/trusted-proxies.ts";
import { listIn } from "./upgrade-request.ts";

/** The header that the trusted proxies write: that of most, or that of RFC 7239. */
export type ForwardedHeader = "x-forwarded-for" | "forwarded";

/** The address of the peer behind `from`, which is the socket's; `from` itself when that is no trusted proxy. */
export function forwardedAddress(
  from: Address | undefined,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  header: ForwardedHeader,
  isTrusted: IsTrusted,
): Address | undefined {
  const value = headers[header];
  const items = listIn(Array.isArray(value) ? value.join(",") : value);
  let nearest = from;
  while (isTrusted(nearest) && items.length > 0) {
    const item = items.pop() ?? "";
    const found = addressIn(header === "forwarded" ? forIn(item) : item);
    if (found === undefined) break;
    nearest = found;
  }
  return nearest;
}

/** The node that an element of a Forwarded header is for. A comma in quotes cuts an element, which then has none. */
function forIn(element: string): string {
  const [, quoted, plain] = /(?:^|;)\s*for=(?:"([^"]*)"|([^\s;"]*))\s*(?:;|$)/i.exec(element) ?? [];
  return quoted ?? plain ?? "";
}

/** `192.0.2.1`, `192.0.2.1:47011`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`. */
function addressIn(node: string): Address | undefined {
  const [, bracketed, bracketedPort, host, port] =
    /^\[([^\]]+)\](?::(\d{1,5}))?$|^([\d.]+):(\d{1,5})$/.exec(node) ?? [];
  return numericAddress(bracketed ?? host ?? node, Number(bracketedPort ?? port ?? 0));
}
