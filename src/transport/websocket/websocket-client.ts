/**
 * The WebSocket client for Node: the same call as in a page, on the `ws` package.
 * Decides how a client is made, and what an HTTP response other than an upgrade
 * means. The connection then runs in `websocket-link.ts`.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { createSecureContext } from "node:tls";
import { kindOf, milliseconds, wholeNumber } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";
import type { Transport } from "../../port/transport.ts";
import { checkedUrl, type WebSocketOptions } from "../browser/websocket-options.ts";
import { type Identity, negotiationOptions, type Pem, secureContextOptions } from "../node/tls.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { WebSocketLink } from "./websocket-link.ts";
import { WebSocket } from "./ws.ts";

/** Options of `websocket()` in Node: those of a page, and those that a page cannot set. */
export interface NodeWebSocketOptions extends WebSocketOptions, LivenessOptions, Partial<Identity> {
  /** Headers of the request, such as `origin` or `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For `wss:`, the certificate authorities to trust, instead of Node's built-in list. */
  readonly ca?: Pem;
  /** For `wss:`, the name that the server's certificate must have; the host of the URL by default. */
  readonly servername?: string;
  /** For `wss:`, reject a server whose certificate no trusted authority has signed; `true` by default. */
  readonly rejectUnauthorized?: boolean;
}

/** Options of both ends in Node: the largest message, and how a dead peer is found. */
export interface LivenessOptions {
  /**
   * The size of the largest WebSocket message that is received, in bytes; 1 MiB by
   * default. The peer can make this side buffer that much before a codec sees
   * it. A tickwire peer sends at most 64 KiB in one message; others may send
   * more. A larger message closes the connection with `overflow`.
   */
  readonly maxPayloadBytes?: number;
  /**
   * The silence after which the peer is pinged, in milliseconds of polled time;
   * 10,000 by default, well below the half minute after which some routers drop
   * a silent connection. `Infinity` means never.
   */
  readonly pingIntervalMs?: number;
  /**
   * The silence after which the connection closes with `timeout`, in milliseconds
   * of polled time; 30,000 by default, which is three pings without an answer.
   * Checked every `pingIntervalMs`, and not while this side has paused the
   * connection. `Infinity` means never.
   */
  readonly deadPeerMs?: number;
}

/**
 * A WebSocket transport, to connect with. It opens no socket before it is used,
 * and may be used any number of times. Any codec works: the messages of a frame
 * travel in one binary WebSocket message, whose borders mean nothing to the
 * codec. Redirects are not followed, and nothing is compressed.
 *
 * @throws TypeError when an option has the wrong type
 * @throws RangeError when `url` is no URL of a WebSocket, or an option is out of range
 * @throws SyntaxError, as in a page, at `connect` when `protocols` are not distinct tokens
 */
export function websocket(url: string | URL, options: NodeWebSocketOptions = {}): Transport {
  const href = checkedUrl(url);
  const { maxPayload, heartbeat } = livenessOf(options);
  const { protocols = [], headers = {} } = options;
  if (typeof headers !== "object" || headers === null) {
    throw new TypeError(`headers: expected an object, got ${kindOf(headers)}`);
  }
  const request = {
    headers,
    maxPayload,
    perMessageDeflate: false,
    followRedirects: false,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_TIMEOUT_MS,
    ...(href.startsWith("wss:") && {
      ...negotiationOptions(options),
      secureContext: createSecureContext(secureContextOptions(options)),
    }),
  };
  const connect = () => {
    const ws = new WebSocket(href, [...protocols], request);
    const link = new WebSocketLink(ws, new Heartbeat(heartbeat));
    ws.on("upgrade", ({ socket }) => link.setSocket(socket));
    ws.on("unexpected-response", (_: ClientRequest, answer) => link.refuse(responseReason(answer)));
    return link;
  };
  return { connect, pump: warnUnlessYielding };
}

/** The options of both ends, checked, with their defaults. @internal */
export function livenessOf(options: LivenessOptions): { maxPayload: number; heartbeat: HeartbeatOptions } {
  const { maxPayloadBytes = 1_048_576, pingIntervalMs = 10_000, deadPeerMs = 30_000 } = options;
  const maxPayload = wholeNumber("maxPayloadBytes", maxPayloadBytes, 1, MAX_PAYLOAD_BYTES);
  if (milliseconds("pingIntervalMs", pingIntervalMs) < 1) {
    throw new RangeError(`pingIntervalMs: expected milliseconds from 1 up, got ${pingIntervalMs}`);
  }
  if (milliseconds("deadPeerMs", deadPeerMs) <= pingIntervalMs && deadPeerMs !== Infinity) {
    throw new RangeError(
      `deadPeerMs: expected more than pingIntervalMs, ${pingIntervalMs}, got ${deadPeerMs}`,
    );
  }
  return { maxPayload, heartbeat: { pingIntervalMs, deadPeerMs } };
}

/** The close reason for an HTTP response that does not open a WebSocket. */
function responseReason({ statusCode = 0, statusMessage = "" }: IncomingMessage): CloseReason {
  const kind = statusCode === 401 || statusCode === 403 ? "denied" : "refused";
  const message = `the server answered ${statusCode} ${printable(statusMessage)} instead of opening a WebSocket`;
  return { kind, message, code: String(statusCode) };
}

/** How long one address of a name may take before the next is tried; the same as for TCP. */
const ATTEMPT_TIMEOUT_MS = 1_000;
/** The ws package counts in 32 bits. */
const MAX_PAYLOAD_BYTES = 2 ** 31 - 1;
