/**
 * The HTTP request that opened a link, for a transport that has one, such as
 * WebSocket. All of it is a stranger's word, but for the address and the facts.
 */
import type { Address } from "./address.ts";

/** What a peer asked for when it opened its connection. */
export interface UpgradeRequest {
  /** The path and the query as they were sent, such as `"/play?room=17"`. */
  readonly url: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The query. */
  readonly query: URLSearchParams;
  /** The headers, with their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The cookies by their names; of two with one name, the first. */
  readonly cookies: ReadonlyMap<string, string>;
  /** The subprotocols that the peer offers, its favourite first. */
  readonly protocols: readonly string[];
  /** The origin of the page that asks; `undefined` for a program that is no browser. */
  readonly origin: string | undefined;
  /** The address of the peer. */
  readonly remoteAddress: Address | undefined;
  /** What this side has found out about the peer when it admitted it; `undefined` when that was nothing. */
  readonly facts: unknown;
}
