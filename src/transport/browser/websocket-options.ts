/**
 * The options of a WebSocket client, the same in a page and in Node, so that the
 * same source runs in both. Knows no socket.
 */
import { type Check, isOneOf, kindOf } from "../../check.ts";

/** Options of `websocket()`. */
export interface WebSocketOptions {
  /**
   * Subprotocols to offer, in order of preference; the connection fails if the server
   * accepts none. Each is a token of HTTP: letters, digits and marks such as `.` and
   * `-`, without spaces. None by default.
   */
  readonly protocols?: readonly string[];
  /**
   * What travels: by default a `"stream"` of bytes, in binary WebSocket messages whose
   * borders mean nothing. With `"message"` each message of the codec is one WebSocket
   * message, as peers without tickwire send and expect them: a text for `lines` and
   * `json`, without a line break, and binary for the others, without a length in front.
   * Both ends need the same.
   */
  readonly framing?: "stream" | "message";
  /**
   * In a page: how much may wait while the connection is paused, in bytes; each
   * message counts as its size plus 64 bytes. 4 MiB by default: a game that is
   * four receive limits behind has stopped receiving. A page cannot pause a
   * WebSocket, so beyond this limit the connection closes with `overflow`. Node
   * pauses the socket, and ignores this option.
   */
  readonly maxBacklogBytes?: number;
}

/**
 * The URL of a WebSocket, as a string; `http:` and `https:` become `ws:` and
 * `wss:`.
 *
 * @throws TypeError when `url` is no string or URL
 * @throws RangeError when it is no URL of a WebSocket
 */
export function checkedUrl(url: string | URL, base?: string): string {
  if (typeof url !== "string" && !(url instanceof URL)) {
    throw new TypeError(`url: expected a string or a URL, got ${kindOf(url)}`);
  }
  const parsed = tryParse(url, base);
  if (parsed !== undefined) parsed.protocol = parsed.protocol.replace("http", "ws");
  if (parsed === undefined || !/^wss?:$/.test(parsed.protocol) || parsed.hash !== "") {
    throw new RangeError(
      `url: expected one such as "wss://example.org/play", got ${JSON.stringify(String(url))}`,
    );
  }
  return parsed.href;
}

/** A check that the value is an array of distinct subprotocols, each a token. */
export function isProtocolList(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError(`${name}: expected an array, got ${kindOf(value)}`);
  for (const [index, protocol] of value.entries()) {
    if (typeof protocol !== "string")
      throw new TypeError(`${name}: expected an array of strings, got ${kindOf(protocol)}`);
    if (!TOKEN.test(protocol) || value.indexOf(protocol) < index) {
      throw new RangeError(`${name}: expected distinct tokens, got ${JSON.stringify(protocol)}`);
    }
  }
}

/** A check of the option of that name. */
export const isFraming: Check = isOneOf(["stream", "message"]);

function tryParse(url: string | URL, base: string | undefined): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}

/**
 * The size of the largest WebSocket message that is sent, in bytes; a larger batch
 * is sent as several messages. So a batch never exceeds the peer's maximum,
 * however large the send limit is, and a receiver that pauses exceeds its limit
 * by no more than with one read of TCP.
 */
export const MESSAGE_BYTES = 65_536;
/** A token of HTTP: RFC 9110, section 5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
