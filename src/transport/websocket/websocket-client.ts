/**
 * WebSocket in Node, where one connects: the same call as in a page, on the
 * `ws` package. Decides how a client is made and what an answer that is no
 * WebSocket means; what the link then does is `websocket-link.ts`.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { createSecureContext } from "node:tls";
import { kindOf, milliseconds, wholeNumber } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Transport } from "../../port/transport.ts";
import { printable } from "../browser/printable.ts";
import { checkedUrl, type WebSocketOptions } from "../browser/websocket-options.ts";
import { type Identity, negotiationOptions, type Pem, secureContextOptions } from "../node/tls.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Heartbeat, type HeartbeatPlan } from "./heartbeat.ts";
import { WebSocketLink } from "./websocket-link.ts";
import { WebSocket } from "./ws.ts";

/** Options of `websocket()` in Node: a page's, and what a page cannot choose. */
export interface NodeWebSocketOptions extends WebSocketOptions, LivenessOptions, Partial<Identity> {
  /** Headers to ask with, such as `origin` or `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For `wss:`, the authorities to trust, instead of those that Node comes with. */
  readonly ca?: Pem;
  /** For `wss:`, the name that the server must prove, when it is not the URL's. */
  readonly servername?: string;
  /** For `wss:`, refuse a server whose certificate no trusted authority has signed; `true` by default. */
  readonly rejectUnauthorized?: boolean;
}

/** What both ends in Node take: how much one message holds, and how a dead peer is found. */
export interface LivenessOptions {
  /**
   * The longest WebSocket message that is taken, in bytes; 1 MiB by default. The
   * peer can make this side hold as much before a codec sees it. A tickwire peer
   * sends 64 KiB in one; others what they like. One that is longer closes the
   * connection with `overflow`.
   */
  readonly maxPayloadBytes?: number;
  /**
   * A peer that was silent for so long is pinged, in milliseconds of polled
   * time; 10,000 by default, well below the half minute after which the first
   * routers forget a silent connection. `Infinity` for never.
   */
  readonly pingIntervalMs?: number;
  /**
   * A peer that stayed silent for so long, pings and all, is closed with
   * `timeout`; 30,000 by default, three pings in a row. Looked at every
   * `pingIntervalMs`, and not while this side holds the peer back. `Infinity`
   * for never.
   */
  readonly deadPeerMs?: number;
}

/**
 * A WebSocket transport, to connect with. Any codec works: a frame's messages
 * travel in one binary WebSocket message, and where one ends says nothing.
 * Redirects are not followed, and nothing is compressed.
 *
 * @throws TypeError when an option is of the wrong kind
 * @throws RangeError when `url` is none for a WebSocket, or an option is out of its range
 * @throws SyntaxError, as in a page, at `connect` when `protocols` are no different tokens
 */
export function websocket(url: string | URL, options: NodeWebSocketOptions = {}): Transport {
  const href = checkedUrl(url);
  const { maxPayload, plan } = livenessOf(options);
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
    const link = new WebSocketLink(ws, new Heartbeat(plan));
    ws.on("upgrade", ({ socket }) => link.setSocket(socket));
    ws.on("unexpected-response", (_: ClientRequest, answer) => link.refuse(refusalOf(answer)));
    return link;
  };
  return { connect, pump: warnUnlessYielding };
}

/** Checks what both ends take. @internal */
export function livenessOf(options: LivenessOptions): { maxPayload: number; plan: HeartbeatPlan } {
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
  return { maxPayload, plan: { pingIntervalMs, deadPeerMs } };
}

/** An answer of HTTP instead of a WebSocket. */
function refusalOf({ statusCode = 0, statusMessage = "" }: IncomingMessage): CloseReason {
  const kind = statusCode === 401 || statusCode === 403 ? "denied" : "refused";
  const message = `the server answered ${statusCode} ${printable(statusMessage)} instead of opening a WebSocket`;
  return { kind, message, code: String(statusCode) };
}

/** The first address of a slow name gets a second before another is tried beside it, as with TCP. */
const ATTEMPT_TIMEOUT_MS = 1_000;
/** ws counts in 32 bits. */
const MAX_PAYLOAD_BYTES = 2 ** 31 - 1;
