/**
 * What a WebSocket client takes, in a page and in Node alike, so that the same
 * source runs on both sides.
 */
import { kindOf } from "../../check.ts";

/** Options of `websocket()`. */
export interface WebSocketOptions {
  /** Subprotocols to offer, the best first; a server that takes none of them does not open. None by default. */
  readonly protocols?: readonly string[];
  /**
   * In a page: what may wait while the game holds the connection back, in
   * bytes, each message charged its size and 64 bytes; 4 MiB by default. A page
   * cannot pause a WebSocket, so above this the connection closes with
   * `overflow`: a game that is four receive limits behind has stopped
   * listening. Node pauses the socket, and needs no such limit.
   */
  readonly maxBacklogBytes?: number;
}

/**
 * A URL as a WebSocket takes it; `http:` and `https:` mean `ws:` and `wss:`.
 *
 * @throws TypeError when it is no string or URL
 * @throws RangeError when it is none that a WebSocket can go to
 */
export function checkedUrl(url: string | URL, base?: string): string {
  if (typeof url !== "string" && !(url instanceof URL)) {
    throw new TypeError(`url: expected a string or a URL, got ${kindOf(url)}`);
  }
  const parsed = tryParse(url, base);
  if (parsed !== undefined) parsed.protocol = parsed.protocol.replace("http", "ws");
  if (parsed === undefined || !/^wss?:$/.test(parsed.protocol) || parsed.hash !== "") {
    throw new RangeError(`url: expected one such as "wss://example.org/play", got "${url}"`);
  }
  return parsed.href;
}

function tryParse(url: string | URL, base: string | undefined): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/**
 * The most that one WebSocket message of ours holds, in bytes; a frame's worth
 * that is longer goes out in several. So no peer's maximum is passed, however
 * large the send limit, and a receiver that wants to pause overshoots by no
 * more than one read of TCP does.
 */
export const MESSAGE_BYTES = 65_536;
