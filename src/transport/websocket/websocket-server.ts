/**
 * WebSocket in Node, where one listens: on a port of its own, or on a path of
 * an HTTP server that is there. Decides who is let in: the path, the origin, a
 * handshake in time. What a guest then does is `websocket-link.ts`.
 *
 *     upgrade ──▶ path ──▶ origin ──▶ handshake ──▶ link
 *        └─────────┴─────────┴───────────┴──▶ turned away, with an answer
 */
import { type EventEmitter, errorMonitor } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { ListenOptions, Socket } from "node:net";
import { kindOf, wholeNumber } from "../../check.ts";
import type { Acceptor, AcceptorEvents } from "../../port/acceptor.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Transport } from "../../port/transport.ts";
import { printable } from "../browser/printable.ts";
import { reasonOf } from "../node/error-codes.ts";
import { DEFAULT_BACKLOG, listeningAddress } from "../node/stream-acceptor.ts";
import { warnUnlessYielding } from "../node/yield-warning.ts";
import { Heartbeat, type HeartbeatPlan } from "./heartbeat.ts";
import { type OriginRule, type Origins, originRule } from "./origins.ts";
import { type AnyServer, answer, claimPath } from "./upgrade-router.ts";
import { type LivenessOptions, livenessOf } from "./websocket-client.ts";
import { WebSocketLink } from "./websocket-link.ts";
import { WebSocketServer, type WebSocketServerType } from "./ws.ts";

/** Options of {@link websocketServer}: a port of its own, or a server that is there. */
export type WebSocketServerOptions = (OwnPortOptions | SharedServerOptions) & AdmissionOptions;

/** A server of its own, that does nothing else: plain requests are answered 426. */
export interface OwnPortOptions {
  /** The port, from 0 to 65,535; 0 lets the system choose, and `listener.address` says which. */
  readonly port: number;
  /** An address in numbers, or a name; everywhere by default, on IPv6 and IPv4. */
  readonly host?: string;
  /**
   * How long a guest may take to ask for a WebSocket, in milliseconds; 5,000 by
   * default. Who is later is dropped and reported.
   */
  readonly handshakeTimeoutMs?: number;
  readonly server?: never;
}

/** A server of `node:http` or `node:https` that is there; it is yours to listen with and to close. */
export interface SharedServerOptions {
  readonly server: AnyServer;
  readonly port?: never;
}

/** Who is let in. */
export interface AdmissionOptions extends LivenessOptions {
  /** The path to ask for, such as `"/play"`, compared as it is sent, without the query; any by default. */
  readonly path?: string;
  /**
   * The pages that may connect, by their origins (`"https://example.org"`), or
   * `"any"`. By default those of the same host that was asked. Who sends no
   * Origin is no browser, and passes. Others are answered 403 and reported by
   * the `drop` event, as `denied`.
   */
  readonly origins?: Origins;
  /** Subprotocols that this server speaks; the first that a guest offers too is chosen. None by default. */
  readonly protocols?: readonly string[];
}

/**
 * A WebSocket transport to listen with; for browsers, for `websocket()` in
 * Node, and for any other client. A guest's `remoteAddress` is its socket's: a
 * proxy's, when it came through one. Nothing is compressed.
 *
 * @throws TypeError when an option is of the wrong kind, or both or none of `port` and `server` are given
 * @throws RangeError when an option is out of its range
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
  const { maxPayload, plan } = livenessOf(options);
  const makeServer = options.server === undefined ? ownServer(options) : sharedServer(options.server);
  const admission = { path, allows: originRule(origins), plan };
  const makeFrames = () =>
    new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false,
    });
  return {
    listen: () => new WebSocketAcceptor({ ...makeServer(), ...admission, frames: makeFrames() }),
    pump: warnUnlessYielding,
  };
}

interface WebSocketAcceptorOptions {
  readonly server: AnyServer;
  /** Where to listen, when the server is the acceptor's own. */
  readonly place?: ListenOptions;
  readonly path: string | undefined;
  readonly allows: OriginRule;
  readonly plan: HeartbeatPlan;
  readonly frames: WebSocketServerType;
}

/** One place on a server as a acceptor. */
class WebSocketAcceptor implements Acceptor {
  readonly #plan: WebSocketAcceptorOptions;
  readonly #heartbeat: Heartbeat;
  #events: AcceptorEvents | undefined;
  /** Gives back what it took of the server. */
  #leave: (() => void) | undefined;

  constructor(plan: WebSocketAcceptorOptions) {
    this.#plan = plan;
    this.#heartbeat = new Heartbeat(plan.plan);
  }

  attach(events: AcceptorEvents): void {
    const { server, place, path, frames } = this.#plan;
    this.#events = events;
    const givePathBack = claimPath(server, path, (...request) => this.#upgrade(...request));
    if (givePathBack === undefined) {
      events.closed({ kind: "address-in-use", message: "another listener is on that path of the server" });
      return;
    }
    frames.on("wsClientError", (error, socket) => {
      answer(socket, 400, `${error.message}\n`, "Sec-WebSocket-Version: 13\r\n");
      events.rejected(noHandshake(error));
    });
    const unwatch = this.#watchServer();
    this.#leave = () => {
      givePathBack();
      unwatch();
    };
    if (server.listening) events.listening(listeningAddress(server));
    if (place !== undefined) server.listen(place);
  }

  close(): void {
    this.#leave?.();
    this.#leave = undefined;
    const { server, place } = this.#plan;
    if (place === undefined) return;
    server.close();
    server.closeAllConnections(); // those that have not become a WebSocket
  }

  pump(nowMs: number): number | undefined {
    const dueInMs = this.#heartbeat.pump(nowMs);
    return this.#leave === undefined && this.#heartbeat.size === 0 ? undefined : dueInMs;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { allows, frames } = this.#plan;
    const { origin, host } = request.headers;
    if (!allows(origin, host)) {
      answer(socket, 403, "pages of that origin may not connect\n");
      this.#events?.rejected(strangeOrigin(origin));
      return;
    }
    frames.handleUpgrade(request, socket, head, (ws) => {
      const link = new WebSocketLink(ws, this.#heartbeat);
      link.setSocket(socket);
      this.#events?.incoming(link);
    });
  }

  /** Tells what becomes of the server. Looks on only: the errors of a shared server are its owner's. */
  #watchServer(): () => void {
    const { server } = this.#plan;
    const events = this.#events;
    const listening = () => events?.listening(listeningAddress(server));
    const over = (reason: CloseReason) => {
      this.close(); // its owner may listen again, and somebody else take the path
      events?.closed(reason);
    };
    const closed = () => over(SERVER_CLOSED);
    const failed = (error: Error) => {
      if (server.listening) events?.rejected(reasonOf(error));
      else over(reasonOf(error));
    };
    const reject = (error: Error) => events?.rejected(noHandshake(error));
    const isOwn = this.#plan.place !== undefined;
    const emitter: EventEmitter = server;
    emitter.on("listening", listening).on("close", closed).on(errorMonitor, failed);
    if (isOwn) emitter.on("clientError", reject);
    return () => {
      emitter.off("listening", listening).off("close", closed).off(errorMonitor, failed);
      emitter.off("clientError", reject);
    };
  }
}

/** Checks how an own server is to be, and answers how to make one. */
function ownServer(options: OwnPortOptions): () => Pick<WebSocketAcceptorOptions, "server" | "place"> {
  const { port, host, handshakeTimeoutMs = DEFAULT_HANDSHAKE_TIMEOUT_MS } = options;
  wholeNumber("port", port, 0, 65_535);
  wholeNumber("handshakeTimeoutMs", handshakeTimeoutMs, 1);
  if (host !== undefined && typeof host !== "string") {
    throw new TypeError(`host: expected a string, got ${kindOf(host)}`);
  }
  const place = { port, backlog: DEFAULT_BACKLOG, ...(host !== undefined && { host }) };
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
      response.end("this port speaks WebSocket\n");
    });
    server.on("error", () => {}); // the acceptor looks on, and tells it as its close reason
    server.on("clientError", (error: Error & { readonly code?: string }, socket) => {
      if (socket.writable) answer(socket, error.code === LATE ? 408 : 400, "");
      else socket.destroy();
    });
    return server;
  };
  return () => ({ server: makeServer(), place });
}

function sharedServer(server: AnyServer): () => Pick<WebSocketAcceptorOptions, "server"> {
  if (typeof server?.closeAllConnections !== "function") {
    throw new TypeError(`server: expected a server of node:http or node:https, got ${kindOf(server)}`);
  }
  return () => ({ server });
}

/** What came was no handshake. */
function noHandshake(error: Error & { readonly code?: string }): CloseReason {
  const { code, message } = error;
  const because = { cause: error, ...(code !== undefined && { code }) };
  if (code === LATE)
    return { kind: "timeout", message: "the guest did not ask for a WebSocket in time", ...because };
  if (code !== undefined && !code.startsWith("HPE_")) return reasonOf(error);
  return { kind: "protocol", message: `the guest did not ask for a WebSocket (${message})`, ...because };
}

function strangeOrigin(origin = ""): CloseReason {
  const message = `pages of "${printable(origin)}" may not connect; see the origins option`;
  return { kind: "denied", message, code: "403" };
}

const LATE = "ERR_HTTP_REQUEST_TIMEOUT";
/** How often Node looks for guests that are late. */
const CHECK_INTERVAL_MS = 500;
/** As long as a connect may take, and a TLS handshake; Node's own default is a minute. */
const DEFAULT_HANDSHAKE_TIMEOUT_MS = 5_000;
const SERVER_CLOSED: CloseReason = { kind: "local", message: "the HTTP server was closed" };
