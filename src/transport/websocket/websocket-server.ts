/**
 * The WebSocket server for Node, on its own port or on a path of an existing HTTP
 * server. Decides which options there are, and makes the HTTP server of an own
 * port. `websocket-acceptor.ts` accepts the connections.
 */
import { createServer } from "node:http";
import type { ListenOptions } from "node:net";
import {
  type Check,
  type Checks,
  checkOptions,
  isBoolean,
  isFunction,
  isOneOf,
  isPort,
  isText,
  isWholeNumber,
  kindOf,
} from "../../check.ts";
import type { Transport } from "../../port/transport.ts";
import { isFraming, isProtocolList, type WebSocketOptions } from "../browser/websocket-options.ts";
import { DEFAULT_BACKLOG } from "../node/stream-acceptor.ts";
import { isTrustedProxies, type TrustedProxies, trustRule } from "../node/trusted-proxies.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { type Admit, AdmitQueue } from "./admit.ts";
import type { ForwardedHeader } from "./forwarded.ts";
import { LIVENESS_CHECKS, type LivenessOptions, livenessOf } from "./liveness.ts";
import { isOrigins, type Origins, originRule } from "./origins.ts";
import { type CodedError, REQUEST_TIMEOUT } from "./reasons.ts";
import { type AnyServer, respond } from "./upgrade-router.ts";
import { WebSocketAcceptor } from "./websocket-acceptor.ts";
import { loadWs } from "./ws.ts";

/** Options of {@link websocketServer}: its own port, or an existing server. */
export type WebSocketServerOptions = (OwnPortOptions | SharedServerOptions) & AdmissionOptions;

/** The options of a server of its own, which does nothing else: it answers plain requests with 426. */
export interface OwnPortOptions {
  /** The port, from 0 to 65,535; 0 lets the system choose one, and `listener.address` then has it. */
  readonly port: number;
  /** A numeric address, or a name; all addresses of this machine by default, IPv6 and IPv4. */
  readonly host?: string;
  /**
   * The length of the system's queue of connections that Node has not accepted
   * yet, in connections; 511 by default, as in Node. The system has a bound of its own.
   */
  readonly backlog?: number;
  /** When listening on all addresses: listen on IPv6 only; `false` by default. */
  readonly ipv6Only?: boolean;
  /**
   * How long the handshake of an incoming connection may take, in milliseconds;
   * 5,000 by default. A later one is closed, and reported by a `drop` event. From
   * its first packet on it counts under the limits of the listener.
   */
  readonly handshakeTimeoutMs?: number;
  /** Of {@link SharedServerOptions} alone. */
  readonly server?: never;
}

/**
 * An existing server of `node:http` or `node:https`. The caller starts it and closes
 * it; once it is closed, the listener is too, and its connections stay open. A
 * connection counts under the limits of the listener once it asks for a WebSocket:
 * what the server does with other requests is its owner's.
 */
export interface SharedServerOptions {
  /** The server, which its owner begins and ends. */
  readonly server: AnyServer;
  /** Of {@link OwnPortOptions} alone. */
  readonly port?: never;
}

/** The options that decide which requests are accepted. */
export interface AdmissionOptions extends LivenessOptions {
  /**
   * The path of a request, such as `"/play"`, compared as it is sent, without the
   * query; any path by default. Without it, a listener on a server that has other
   * 'upgrade' listeners too, such as Vite's, takes only what they leave alone in their
   * call. Browsers send it with what is no ASCII encoded, so
   * it is `"/caf%C3%A9"`.
   */
  readonly path?: string;
  /**
   * The origins of the pages that may connect (`"https://example.org"`,
   * `"capacitor://localhost"`), or `"any"`. By default only pages of the host that
   * the request names. A request without an Origin comes from no browser, and is
   * accepted. Any other is answered with 403, and reported by a `drop` event of kind
   * `denied`. `"null"` in the list lets in every page that hides its origin, as each
   * page in a sandboxed frame does.
   */
  readonly origins?: Origins;
  /** The subprotocols of this server; the first that the client offers too is chosen. None by default. */
  readonly protocols?: readonly string[];
  /** What travels, as in {@link WebSocketOptions}: a `"stream"` by default, or each `"message"` by itself. */
  readonly framing?: WebSocketOptions["framing"];
  /**
   * The game's own decision about a request of the right path and origin: `true` to let
   * the peer in; `false`, or one of 401, 403, 404, 429 and 503, to refuse it; or an object
   * of facts about it, which `connection.request.facts` then has. A promise of that is
   * waited for. What it throws or rejects with refuses the peer with 500, and is the
   * `cause` of the `drop` event, which every refusal has.
   */
  readonly admit?: Admit;
  /**
   * How long a promise of `admit` may take, in milliseconds of polled time; 5,000 by
   * default. A peer that has none by then is refused with 503.
   */
  readonly admitTimeoutMs?: number;
  /**
   * The proxies in front of this server, such as `["loopback"]` or `["10.0.0.0/8"]`; none
   * by default. What they say in `forwardedHeader` is believed: `remoteAddress`, the lists
   * and `maxConnectionsPerAddress` then see the last address that is not one of theirs.
   * From everybody else the header means nothing. List no address that players can have.
   */
  readonly trustedProxies?: TrustedProxies;
  /**
   * The header that they write: `"x-forwarded-for"` by default, or `"forwarded"` (RFC
   * 7239). Only this one is read, as a proxy lets the other pass as its peer wrote it.
   */
  readonly forwardedHeader?: ForwardedHeader;
}

/**
 * A WebSocket transport, to listen with: for browsers, for `websocket()` in Node,
 * and for any other client. It opens no socket before it is used. The
 * `remoteAddress` of a connection is that of its socket, or, behind one of
 * `trustedProxies`, what the proxy says. Nothing is compressed.
 *
 * @throws TypeError when an option has the wrong type, or both or none of `port` and `server` are given
 * @throws RangeError when an option is out of range
 * @throws Error when the package `ws` is not installed, with the cause
 */
export function websocketServer(options: WebSocketServerOptions): Transport {
  const { port, server } = options ?? {};
  checkOptions(options, server === undefined ? OWN_PORT_CHECKS : SHARED_SERVER_CHECKS);
  if ((port === undefined) === (server === undefined)) {
    throw new TypeError("options: expected one of { port } and { server }");
  }
  const { limits, heartbeat } = livenessOf(options);
  const { WebSocket, WebSocketServer } = loadWs();
  const protocols = [...(options.protocols ?? [])];
  const makeServer = options.server === undefined ? ownServer(options) : () => ({ server: options.server });
  const { framing = "stream", admit, admitTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  const { trustedProxies, forwardedHeader = "x-forwarded-for" } = options;
  const isTrusted = trustRule(trustedProxies);
  const allows = originRule(options.origins);
  const admission = { path: options.path, allows, heartbeat, framing, isTrusted, forwardedHeader };
  const makeWss = () =>
    new WebSocketServer({
      noServer: true,
      WebSocket,
      clientTracking: false,
      ...limits,
      handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
    });
  return {
    framing,
    listen: () =>
      new WebSocketAcceptor({
        ...makeServer(),
        ...admission,
        admit: admit && new AdmitQueue(admit, admitTimeoutMs),
        wss: makeWss(),
      }),
    pump: warnUnlessYielding,
    blueprint: { kind: "websocket-server", options },
  };
}

/** The address of a server of its own, and a function that makes the server. */
function ownServer(options: OwnPortOptions): () => { server: AnyServer; listenOptions: ListenOptions } {
  const { port, host, backlog = DEFAULT_BACKLOG, ipv6Only = false } = options;
  const { handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  const listenOptions = { port, backlog, ipv6Only, ...(host !== undefined && { host }) };
  const deadlines = {
    headersTimeout: handshakeTimeoutMs,
    requestTimeout: handshakeTimeoutMs,
    connectionsCheckingInterval: Math.min(handshakeTimeoutMs, CHECK_INTERVAL_MS),
  };
  const makeServer = () => {
    const server = createServer(deadlines, (_, response) => {
      response.writeHead(426, {
        connection: "close, upgrade",
        upgrade: "websocket",
        "content-type": "text/plain",
      });
      response.end("this port accepts only WebSocket connections\n");
    });
    server.on("error", () => {}); // the acceptor reports it as its close reason
    server.on("clientError", (error: CodedError, socket) => {
      respond(socket, error.code === REQUEST_TIMEOUT ? 408 : 400, "");
    });
    return server;
  };
  return () => ({ server: makeServer(), listenOptions });
}

function isPath(name: string, value: unknown): void {
  isText(name, value);
  const path = value as string;
  if (!path.startsWith("/")) {
    throw new RangeError(`${name}: expected one that begins with "/", such as "/play", got ${quoted(path)}`);
  }
  const sent = new URL(`ws://host${path}`).pathname;
  if (sent !== path) {
    throw new RangeError(`${name}: expected one as it is sent, ${quoted(sent)}, got ${quoted(path)}`);
  }
}

function isServer(name: string, value: unknown): void {
  const { closeAllConnections, listen } = (value ?? {}) as Partial<AnyServer>;
  if (typeof closeAllConnections === "function" && typeof listen === "function") return;
  throw new TypeError(`${name}: expected a server of node:http or node:https, got ${kindOf(value)}`);
}

const quoted = JSON.stringify;

const onlyOwnPort: Check = (name) => {
  throw new TypeError(`${name}: only a server of its own, { port }, takes it`);
};

/** How often Node checks for late handshakes, at most. */
const CHECK_INTERVAL_MS = 500;
/** The same as for connecting and for a TLS handshake; Node's own default is a minute. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
/** The system counts connections in 32 bits, and Node's timers count milliseconds so. */
const MAX_INT32 = 2 ** 31 - 1;

const ADMISSION_CHECKS: Checks<AdmissionOptions> = {
  ...LIVENESS_CHECKS,
  path: isPath,
  origins: isOrigins,
  protocols: isProtocolList,
  framing: isFraming,
  admit: isFunction,
  admitTimeoutMs: isWholeNumber(1, MAX_INT32),
  trustedProxies: isTrustedProxies,
  forwardedHeader: isOneOf(["x-forwarded-for", "forwarded"]),
};
const OWN_PORT_CHECKS: Checks<OwnPortOptions & AdmissionOptions> = {
  ...ADMISSION_CHECKS,
  port: isPort,
  host: isText,
  backlog: isWholeNumber(1, MAX_INT32),
  ipv6Only: isBoolean,
  handshakeTimeoutMs: isWholeNumber(1, MAX_INT32),
  server: isServer,
};
/** The same names, so that an option in the wrong place is told from one that is not there. */
const SHARED_SERVER_CHECKS: Checks<OwnPortOptions & AdmissionOptions> = {
  ...OWN_PORT_CHECKS,
  host: onlyOwnPort,
  backlog: onlyOwnPort,
  ipv6Only: onlyOwnPort,
  handshakeTimeoutMs: onlyOwnPort,
};
