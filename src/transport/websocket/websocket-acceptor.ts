/**
 * An HTTP server, or one path of it, as an acceptor of WebSockets. Decides which
 * requests are accepted: by the listener's limits, their path, their origin, and a
 * valid handshake.
 *
 *     own port:  first packet ──▶ limits ─┐
 *     shared:    upgrade ───────▶ limits ─┴▶ path ──▶ origin ──▶ handshake ──▶ incoming
 *                                    └─────────┴─────────┴───────────┴───────▶ rejected, with an HTTP response
 *
 * Each peer that was admitted ends in one of the two, also one that says nothing
 * and leaves. An accepted connection then runs in `websocket-link.ts`.
 */
import { type EventEmitter, errorMonitor } from "node:events";
import type { IncomingMessage } from "node:http";
import type { ListenOptions, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { reasonOf } from "../node/error-codes.ts";
import { addressOf } from "../node/stream.ts";
import { listeningAddress } from "../node/stream-acceptor.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import type { OriginRule } from "./origins.ts";
import { type CodedError, handshakeReason, originReason, pathReason } from "./reasons.ts";
import { type AnyServer, claimPath, NO_LISTENER, pathOf, respond } from "./upgrade-router.ts";
import { WebSocketLink } from "./websocket-link.ts";
import type { WebSocketServerType } from "./ws.ts";

/** The parts of an acceptor. */
export interface WebSocketAcceptorOptions {
  readonly server: AnyServer;
  /** The address to listen on, if the acceptor owns the server. */
  readonly listenOptions?: ListenOptions;
  readonly path: string | undefined;
  readonly allows: OriginRule;
  readonly heartbeat: HeartbeatOptions;
  readonly wss: WebSocketServerType;
}

/** A server, or one path of it, as an acceptor. */
export class WebSocketAcceptor implements Acceptor {
  readonly #options: WebSocketAcceptorOptions;
  readonly #heartbeat: Heartbeat;
  /** The handshakes that are under way. */
  readonly #handshakes = new Map<Duplex, Handshake>();
  #events: AcceptorEvents | undefined;
  /** Releases the path and removes the listeners from the server. */
  #detach: (() => void) | undefined;
  #hasListened = false;

  constructor(options: WebSocketAcceptorOptions) {
    this.#options = options;
    this.#heartbeat = new Heartbeat(options.heartbeat);
  }

  attach(events: AcceptorEvents): void {
    const { server, listenOptions, path, wss } = this.#options;
    this.#events = events;
    const claimed = listenOptions === undefined ? path : undefined; // a server of its own has all paths, to report the wrong ones
    const releasePath = claimPath(server, claimed, (...request) => this.#upgrade(...request));
    if (releasePath === undefined) {
      events.closed({ kind: "address-in-use", message: "another listener is on that path of the server" });
      return;
    }
    wss.on("wsClientError", (error, socket) => {
      respond(socket, 400, `${error.message}\n`, "Sec-WebSocket-Version: 13\r\n");
      this.#reject(socket, handshakeReason(error));
    });
    const unwatch = this.#watchServer();
    this.#detach = () => {
      releasePath();
      unwatch();
    };
    if (server.listening) this.#reportListening();
    if (listenOptions !== undefined) server.listen(listenOptions);
  }

  close(): void {
    this.#detach?.();
    this.#detach = undefined;
    const { server, listenOptions } = this.#options;
    if (listenOptions === undefined) return;
    server.close();
    for (const socket of this.#handshakes.keys()) socket.destroy();
    server.closeAllConnections(); // those that were answered, and are not closed yet
  }

  pump(nowMs: number): number | undefined {
    const { server } = this.#options;
    const dueInMs = this.#heartbeat.pump(nowMs);
    // A server that is closed reports it only when its last connection has gone.
    if (this.#detach !== undefined && this.#hasListened && !server.listening) this.#finish(SERVER_CLOSED);
    return this.#detach === undefined && this.#heartbeat.size === 0 ? undefined : dueInMs;
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const { allows, wss, path, listenOptions } = this.#options;
    const { origin, host } = request.headers;
    const isAdmitted = listenOptions === undefined ? this.#admit(socket) : this.#handshakes.has(socket);
    if (!isAdmitted) return; // it has its answer
    if (path !== undefined && pathOf(request) !== path) {
      respond(socket, 404, NO_LISTENER);
      this.#reject(socket, pathReason(pathOf(request)));
      return;
    }
    if (!allows(origin, host)) {
      respond(socket, 403, "pages of that origin may not connect\n");
      this.#reject(socket, originReason(origin));
      return;
    }
    wss.handleUpgrade(request, socket, head, (ws) => {
      const handshake = this.#handshakes.get(socket);
      this.#handshakes.delete(socket);
      const link = new WebSocketLink(ws, this.#heartbeat, "accepted");
      link.setSocket(socket);
      handshake?.incoming(link);
    });
  }

  /** Begins the handshake of a peer, which counts from now on; `false` for one that the listener refuses. */
  #admit(socket: Socket): boolean {
    let from: Address | undefined;
    try {
      from = addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    } catch {
      socket.destroy(); // whom the system cannot name, no limit can count
      return false;
    }
    const handshake = this.#events?.handshaking(from, () => socket.destroy());
    if (handshake === undefined) return false;
    const { refusal } = handshake;
    if (refusal !== undefined) {
      respond(socket, statusOf(refusal), `${refusal.message}\n`);
      return false;
    }
    this.#handshakes.set(socket, handshake);
    socket.once("close", () => this.#reject(socket, LEFT));
    return true;
  }

  /** Ends the handshake of a socket, if one is under way. */
  #reject(socket: Duplex, reason: CloseReason): void {
    const handshake = this.#handshakes.get(socket);
    this.#handshakes.delete(socket);
    handshake?.rejected(reason);
  }

  #finish(reason: CloseReason): void {
    this.close(); // the owner may listen again, with another listener on the path
    this.#events?.closed(reason);
  }

  #reportListening(): void {
    this.#hasListened = true;
    this.#events?.listening(listeningAddress(this.#options.server));
  }

  /** Reports the events of the server. Only observes its errors: those of a shared server are its owner's to handle. */
  #watchServer(): () => void {
    const { server, listenOptions } = this.#options;
    const listeners: Record<string | symbol, (...args: never[]) => void> = {
      listening: () => this.#reportListening(),
      close: () => this.#finish(SERVER_CLOSED),
      [errorMonitor]: (error: Error) => {
        if (server.listening) this.#events?.rejected(reasonOf(error));
        else this.#finish(reasonOf(error));
      },
      ...(listenOptions !== undefined && {
        connection: (socket: Socket) => void this.#admit(socket),
        request: ({ socket }: IncomingMessage) => this.#reject(socket, NO_UPGRADE),
        clientError: (error: CodedError, socket: Duplex) => this.#reject(socket, handshakeReason(error)),
      }),
    };
    const emitter: EventEmitter = server;
    const types = Reflect.ownKeys(listeners);
    for (const type of types) emitter.on(type, listeners[type] as () => void);
    return () => {
      for (const type of types) emitter.off(type, listeners[type] as () => void);
    };
  }
}

/** The HTTP status for a peer that the listener refuses. */
function statusOf({ kind, code }: CloseReason): number {
  if (kind === "denied") return 403;
  return code === "acceptRateHz" ? 429 : 503;
}

const SERVER_CLOSED: CloseReason = { kind: "local", message: "the HTTP server was closed" };
const LEFT: CloseReason = { kind: "remote", message: "the client left before it had a WebSocket" };
const NO_UPGRADE: CloseReason = {
  kind: "protocol",
  message: "the client sent a request that asks for no WebSocket",
  code: "426",
};
