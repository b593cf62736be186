/**
 * An HTTP server, or one path of it, as an acceptor of WebSockets. Decides which
 * requests are accepted: by the listener's limits, their path, their origin, and a
 * valid handshake.
 *
 *     own port:  first packet ──▶ limits ─┐
 *     shared:    upgrade ───────▶ limits ─┴▶ path ──▶ origin ──▶ admit ──▶ handshake ──▶ incoming
 *                                    └─────────┴─────────┴─────────┴──────────┴───────▶ rejected, with an HTTP response
 *
 * Each peer that was admitted ends in one of the two, also one that says nothing
 * and leaves. An accepted connection then runs in `websocket-link.ts`.
 */

import { type EventEmitter, errorMonitor } from "node:events";
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { ListenOptions, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { carriesCode } from "../browser/close-codes.ts";
import { drop, quietly } from "../node/drop-socket.ts";
import { reasonOf } from "../node/error-codes.ts";
import { addressOf } from "../node/stream.ts";
import { listeningAddress } from "../node/stream-acceptor.ts";
import type { IsTrusted } from "../node/trusted-proxies.ts";
import type { AdmitQueue, Refusal } from "./admit.ts";
import { type ForwardedHeader, forwardedAddress } from "./forwarded.ts";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
import type { OriginRule } from "./origins.ts";
import { type CodedError, handshakeReason, originReason, pathReason } from "./reasons.ts";
import { HttpUpgradeRequest } from "./upgrade-request.ts";
import { type AnyServer, claimPath, NO_LISTENER, respond } from "./upgrade-router.ts";
import { WebSocketLink } from "./websocket-link.ts";
import type { WebSocketServerType, WebSocketType } from "./ws.ts";

/** The parts of an acceptor. */
export interface WebSocketAcceptorOptions {
  readonly server: AnyServer;
  /** The address to listen on, if the acceptor owns the server. */
  readonly listenOptions?: ListenOptions;
  readonly path: string | undefined;
  readonly allows: OriginRule;
  /** Asks the game; `undefined` when it is not asked. */
  readonly admit: AdmitQueue | undefined;
  readonly heartbeat: HeartbeatOptions;
  readonly framing: "stream" | "message";
  /** Whose word on the address of a peer is believed, and in which header it is. */
  readonly isTrusted: IsTrusted;
  readonly forwardedHeader: ForwardedHeader;
  readonly wss: WebSocketServerType;
}

/** A server, or one path of it, as an acceptor. */
export class WebSocketAcceptor implements Acceptor {
  readonly carriesCode: typeof carriesCode = carriesCode;
  readonly #options: WebSocketAcceptorOptions;
  readonly #heartbeat: Heartbeat;
  /** The handshakes that are under way. */
  readonly #handshakes = new Map<Duplex, Pending>();
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
    if (listenOptions !== undefined) this.#guard(() => server.listen(listenOptions));
  }

  close(): void {
    this.#finish(CLOSED_LOCALLY);
  }

  pump(nowMs: number, _poller?: object, beginsFrame = false): number | undefined {
    const { server, admit } = this.#options;
    const dueInMs = Math.min(this.#heartbeat.pump(nowMs, beginsFrame), admit?.pump(nowMs) ?? Infinity);
    // A server that is closed reports it only when its last connection has gone.
    if (this.#detach !== undefined && this.#hasListened && !server.listening) this.#finish(SERVER_CLOSED);
    return this.#detach === undefined && this.#heartbeat.size === 0 ? undefined : dueInMs;
  }

  #upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void {
    const { allows, path, listenOptions, admit } = this.#options;
    if (listenOptions === undefined) this.#begin(socket, message);
    const pending = this.#handshakes.get(socket);
    if (pending === undefined) return; // it has its answer
    if (listenOptions !== undefined && !this.#identify(socket, pending, message)) return;
    const request = new HttpUpgradeRequest(message, pending.from);
    if (path !== undefined && request.path !== path) {
      this.#refuse(socket, { status: 404, reason: pathReason(request.path) }, NO_LISTENER);
    } else if (!allows(request.origin, request.headers.host)) {
      this.#refuse(socket, { status: 403, reason: originReason(request.origin) }, NOT_THAT_ORIGIN);
    } else if (admit === undefined) {
      this.#open(message, socket, head, request);
    } else {
      pending.forget = admit.ask(request, (outcome) => {
        if ("status" in outcome) {
          this.#refuse(socket, outcome, `${STATUS_CODES[outcome.status]}\n`);
          return;
        }
        request.facts = outcome.facts;
        this.#open(message, socket, head, request);
      });
    }
  }

  /** Opens the WebSocket of a request that was admitted. */
  #open(message: IncomingMessage, socket: Socket, head: Buffer, request: HttpUpgradeRequest): void {
    const { wss, framing } = this.#options;
    const accept = (ws: WebSocketType): void => {
      const pending = this.#handshakes.get(socket);
      this.#handshakes.delete(socket);
      const link = new WebSocketLink(ws, this.#heartbeat, { role: "accepted", framing });
      link.setSocket(socket, request);
      pending?.handshake.incoming(link);
    };
    try {
      wss.handleUpgrade(message, socket, head, accept);
    } catch (cause) {
      this.#reject(socket, { ...TAKEN, cause });
    }
  }

  /** Begins the handshake of a peer, which counts from now on, unless the listener refuses it. */
  #begin(socket: Socket, message?: IncomingMessage): void {
    let from: Address | undefined;
    try {
      from = addressOf(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    } catch {
      drop(socket); // whom the system cannot name, no limit can count
      return;
    }
    if (message !== undefined) from = this.#forwarded(from, message);
    const isProxy = message === undefined && this.#options.isTrusted(from); // whose peer is not known yet
    const handshake = this.#events?.handshaking(isProxy ? undefined : from, () => drop(socket));
    if (handshake === undefined) return;
    const { refusal } = handshake;
    if (refusal !== undefined) {
      respond(socket, statusOf(refusal), `${refusal.message}\n`);
      return;
    }
    this.#handshakes.set(socket, { handshake, from, isProxy, forget: undefined });
    socket.once("close", () => this.#reject(socket, LEFT));
  }

  /** Counts a trusted proxy's peer by its own address from now on; `false` when the listener refuses that. */
  #identify(socket: Socket, pending: Pending, message: IncomingMessage): boolean {
    if (!pending.isProxy) return true;
    pending.from = this.#forwarded(pending.from, message);
    const refusal = pending.handshake.identified(pending.from);
    if (refusal === undefined) return true;
    this.#handshakes.delete(socket);
    respond(socket, statusOf(refusal), `${refusal.message}\n`);
    return false;
  }

  #forwarded(from: Address | undefined, { headers }: IncomingMessage): Address | undefined {
    const { isTrusted, forwardedHeader } = this.#options;
    return forwardedAddress(from, headers, forwardedHeader, isTrusted);
  }

  /** Answers a request that opens no WebSocket, and ends its handshake. */
  #refuse(socket: Socket, { status, reason }: Refusal, text: string): void {
    respond(socket, status, text);
    this.#reject(socket, reason);
  }

  /** Ends the handshake of a socket, if one is under way. */
  #reject(socket: Duplex, reason: CloseReason): void {
    const pending = this.#handshakes.get(socket);
    this.#handshakes.delete(socket);
    pending?.forget?.();
    pending?.handshake.rejected(reason);
  }

  #finish(reason: CloseReason): void {
    if (this.#detach === undefined) return;
    this.#release(this.#detach);
    this.#events?.closed(reason);
  }

  /** Lets go of the server, which its owner may have listen again, with another listener on the path. */
  #release(detach: () => void): void {
    detach();
    this.#detach = undefined;
    const { server, listenOptions } = this.#options;
    for (const socket of this.#handshakes.keys()) drop(socket);
    if (listenOptions === undefined) return;
    quietly(() => server.close());
    quietly(() => server.closeAllConnections()); // those that were answered, and are not closed yet
  }

  #reportListening(): void {
    this.#hasListened = true;
    this.#guard(() => this.#events?.listening(listeningAddress(this.#options.server)));
  }

  /** Calls the server. What the system refuses there closes the listener with a reason. */
  #guard(call: () => unknown): void {
    try {
      call();
    } catch (error) {
      this.#finish(reasonOf(error as Error));
    }
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
        connection: (socket: Socket) => this.#begin(socket),
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

/** A peer that is shaking hands. */
interface Pending {
  readonly handshake: Handshake;
  /** The address of the peer; that of its proxy until it is known. */
  from: Address | undefined;
  /** Whether its socket is a trusted proxy's. */
  readonly isProxy: boolean;
  /** Forgets the request that the game decides about, while it does. */
  forget: (() => void) | undefined;
}

/** The HTTP status for a peer that the listener refuses. */
function statusOf({ kind, code }: CloseReason): number {
  if (kind === "denied") return 403;
  return code === "acceptRateHz" ? 429 : 503;
}

const NOT_THAT_ORIGIN = "pages of that origin may not connect\n";
const CLOSED_LOCALLY: CloseReason = { kind: "local", message: "this side closed the listener" };
const SERVER_CLOSED: CloseReason = { kind: "local", message: "the HTTP server was closed" };
const LEFT: CloseReason = { kind: "remote", message: "the client left before it had a WebSocket" };
const TAKEN: CloseReason = {
  kind: "failed",
  message: "another upgrade listener of the server has taken the request (see cause); give a path",
};
const NO_UPGRADE: CloseReason = {
  kind: "protocol",
  message: "the client sent a request that asks for no WebSocket",
  code: "426",
};
