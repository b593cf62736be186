/**
 * The WebSocket server for Node, on its own port or on a path of an existing HTTP
 * server. Decides which requests are accepted: by their path, their origin, and
 * a valid handshake in time. The connection then runs in `websocket-link.ts`.
 *
 *     upgrade ──▶ path ──▶ origin ──▶ handshake ──▶ link
 *        └─────────┴─────────┴───────────┴──▶ rejected, with an HTTP response
 */
import { type EventEmitter, errorMonitor } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { ListenOptions, Socket } from "node:net";
import { kindOf, wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { printable } from "../../port/printable.ts";
import type { Transport } from "../../port/transport.ts";
import { reasonOf } from "../node/error-codes.ts";
import { DEFAULT_BACKLOG, listeningAddress } from "../node/stream-acceptor.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import { type OriginRule, type Origins, originRule } from "./origins.ts";
import { type AnyServer, claimPath, respond } from "./upgrade-router.ts";
import { type LivenessOptions, livenessOf } from "./websocket-client.ts";
import { WebSocketLink } from "./websocket-link.ts";
import { WebSocketServer, type WebSocketServerType } from "./ws.ts";

/** Options of {@link websocketServer}: its own port, or an existing server. */
export type WebSocketServerOptions = (OwnPortOptions | SharedServerOptions) & AdmissionOptions;

/** The options of a server of its own, which does nothing else: it answers plain requests with 426. */
export interface OwnPortOptions {
  /** The port, from 0 to 65,535; 0 lets the system choose one, and `listener.address` then has it. */
  readonly port: number;
  /** A numeric address, or a name; all addresses of this machine by default, IPv6 and IPv4. */
  readonly host?: string;
  /**
   * How long the handshake of an incoming connection may take, in milliseconds;
   * 5,000 by default. A later one is closed, and reported by a `drop` event.
   */
  readonly handshakeTimeoutMs?: number;
  readonly server?: never;
}

/** An existing server of `node:http` or `node:https`. The caller starts it and closes it. */
export interface SharedServerOptions {
  readonly server: AnyServer;
  readonly port?: never;
}

/** The options that decide which requests are accepted. */
export interface AdmissionOptions extends LivenessOptions {
  /** The path of a request, such as `"/play"`, compared as it is sent, without the query; any path by default. */
  readonly path?: string;
  /**
   * The origins of the pages that may connect (`"https://example.org"`), or
   * `"any"`. By default only pages of the host that the request names. A request
   * without an Origin comes from no browser, and is accepted. Any other is
   * answered with 403, and reported by a `drop` event of kind `denied`.
   */
  readonly origins?: Origins;
  /** The subprotocols of this server; the first that the client offers too is chosen. None by default. */
  readonly protocols?: readonly string[];
}

/**
 * A WebSocket transport, to listen with: for browsers, for `websocket()` in Node,
 * and for any other client. It opens no socket before it is used. The
 * `remoteAddress` of a connection is that of its socket; behind a proxy, the
 * proxy's. Nothing is compressed.
 *
 * @throws TypeError when an option has the wrong type, or both or none of `port` and `server` are given
 * @throws RangeError when an option is out of range
 */
export function websocketServer(options: WebSocketServerOptions): Transport {
  const { port, server, path, origins } = options ?? {};
  if ((port === undefined) === (server === undefined)) {
    throw new TypeError("options: expected one of { port } and { server }");
  }
  if (path !== undefined && !(typeof path === "string" && path.startsWith("/"))) {
    throw new TypeError(`path: expected a string such as "/play", got ${kindOf(path)}`);
  }
  const { protocols = [] } = options;
  if (!Array.isArray(protocols))
    throw new TypeError(`protocols: expected an array, got ${kindOf(protocols)}`);
  const { maxPayload, heartbeat } = livenessOf(options);
  const makeServer = options.server === undefined ? ownServer(options) : sharedServer(options.server);
  const admission = { path, allows: originRule(origins), heartbeat };
  const makeWss = () =>
    new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
    });
  return {
    listen: () => new WebSocketAcceptor({ ...makeServer(), ...admission, wss: makeWss() }),
    pump: warnUnlessYielding,
  };
}

interface WebSocketAcceptorOptions {
  readonly server: AnyServer;
  /** The address to listen on, if the acceptor owns the server. */
  readonly listenOptions?: ListenOptions;
  readonly path: string | undefined;
  readonly allows: OriginRule;
  readonly heartbeat: HeartbeatOptions;
  readonly wss: WebSocketServerType;
}

/** A server, or one path of it, as an acceptor. */
class WebSocketAcceptor implements Acceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #heartbeat: Heartbeat;
  #events: AcceptorEvents | undefined;
  /** Releases the path and removes the listeners from the server. */
  #detach: (() => void) | undefined;

  constructor(options: WebSocketAcceptorOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.heartbeat);
  }

  attach(events: AcceptorEvents): void {
    const { server, listenOptions, path, wss } = this.#options;
    this.#events = events;
    const releasePath = claimPath(server, path, (...request) => this.#upgrade(...request));
    if (releasePath === undefined) {
      events.closed({ kind: "address-in-use", message: "another listener is on that path of the server" });
      return;
    }
    wss.on("wsClientError", (error, socket) => {
      respond(socket, 400, `${error.message}\n`, "Sec-WebSocket-Version: 13\r\n");
      events.rejected(handshakeReason(error));
    });
    const unwatch = this.#watchServer();
    this.#detach = () => {
      releasePath();
      unwatch();
    };
    if (server.listening) events.listening(listeningAddress(server));
    if (listenOptions !== undefined) server.listen(listenOptions);
  }

  close(): void {
    this.#detach?.();
    this.#detach = undefined;
    const { server, listenOptions } = this.#options;
    if (listenOptions === undefined) return;
    server.close();
    server.closeAllConnections(); // the ones that are not WebSockets yet
  }

  pump(nowMs: number): number | undefined {
    const dueInMs = this.#heartbeat.pump(nowMs);
    return this.#detach === undefined && this.#heartbeat.size === 0 ? undefined : dueInMs;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { allows, wss } = this.#options;
    const { origin, host } = request.headers;
    if (!allows(origin, host)) {
      respond(socket, 403, "pages of that origin may not connect\n");
      this.#events?.rejected(originReason(origin));
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const link = new WebSocketLink(ws, this.#heartbeat);
      link.setSocket(socket);
      this.#events?.incoming(link);
    });
  }

  /** Reports the events of the server. Only observes its errors: those of a shared server are its owner's to handle. */
  #watchServer(): () => void {
    const { server } = this.#options;
    const events = this.#events;
    const listening = () => events?.listening(listeningAddress(server));
    const finish = (reason: CloseReason) => {
      this.close(); // the owner may listen again, with another listener on the path
      events?.closed(reason);
    };
    const closed = () => finish(SERVER_CLOSED);
    const failed = (error: Error) => {
      if (server.listening) events?.rejected(reasonOf(error));
      else finish(reasonOf(error));
    };
    const reject = (error: Error) => events?.rejected(handshakeReason(error));
    const isOwn = this.#options.listenOptions !== undefined;
    const emitter: EventEmitter = server;
    emitter.on("listening", listening).on("close", closed).on(errorMonitor, failed);
    if (isOwn) emitter.on("clientError", reject);
    return () => {
      emitter.off("listening", listening).off("close", closed).off(errorMonitor, failed);
      emitter.off("clientError", reject);
    };
  }
}

/** Checks the options of a server of its own, and returns a function that makes one. */
function ownServer(
  options: OwnPortOptions,
): () => Pick<WebSocketAcceptorOptions, "server" | "listenOptions"> {
  const { port, host, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  wholeNumber("port", port, 0, 65_535);
  wholeNumber("handshakeTimeoutMs", handshakeTimeoutMs, 1);
  if (host !== undefined && typeof host !== "string") {
    throw new TypeError(`host: expected a string, got ${kindOf(host)}`);
  }
  const listenOptions = { port, backlog: DEFAULT_BACKLOG, ...(host !== undefined && { host }) };
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
    server.on("clientError", (error: Error & { readonly code?: string }, socket) => {
      if (socket.writable) respond(socket, error.code === REQUEST_TIMEOUT ? 408 : 400, "");
      else socket.destroy();
    });
    return server;
  };
  return () => ({ server: makeServer(), listenOptions });
}

function sharedServer(server: AnyServer): () => Pick<WebSocketAcceptorOptions, "server"> {
  if (typeof server?.closeAllConnections !== "function") {
    throw new TypeError(`server: expected a server of node:http or node:https, got ${kindOf(server)}`);
  }
  return () => ({ server });
}

/** The close reason for a request without a valid handshake. */
function handshakeReason(error: Error & { readonly code?: string }): CloseReason {
  const { code, message } = error;
  const because = { cause: error, ...(code !== undefined && { code }) };
  if (code === REQUEST_TIMEOUT)
    return {
      kind: "timeout",
      message: "the client did not finish the WebSocket handshake in time",
      ...because,
    };
  if (code !== undefined && !code.startsWith("HPE_")) return reasonOf(error);
  return {
    kind: "protocol",
    message: `the client sent no valid WebSocket handshake (${message})`,
    ...because,
  };
}

function originReason(origin = ""): CloseReason {
  const message = `pages of "${printable(origin)}" may not connect; see the origins option`;
  return { kind: "denied", message, code: "403" };
}

const REQUEST_TIMEOUT = "ERR_HTTP_REQUEST_TIMEOUT";
/** How often Node checks for late handshakes, at most. */
const CHECK_INTERVAL_MS = 500;
/** The same as for connecting and for a TLS handshake; Node's own default is a minute. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
const SERVER_CLOSED: CloseReason = { kind: "local", message: "the HTTP server was closed" };
