/**
 * The upgrade router: which listener of an HTTP server handles an upgrade
 * request. It keeps a table of paths for each server, so that several listeners
 * share the server. A request for an unknown path is answered, never left
 * hanging, unless the server has other 'upgrade' listeners: then it may be theirs. A
 * listener without a path takes what they have left alone. Knows HTTP, and no WebSocket.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { drop } from "../node/drop-socket.ts";
import { pathOf } from "./upgrade-request.ts";

/** An HTTP or HTTPS server. */
export type AnyServer = Server | SecureServer;
/** Takes over a request and its socket. `head` has the bytes that arrived after the request. */
type UpgradeHandler = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/**
 * Claims a path of a server; without `path`, every path that no other listener
 * claims. Returns `undefined` when it is claimed already, and otherwise the
 * function that releases it.
 */
export function claimPath(
  server: AnyServer,
  path: string | undefined,
  handler: UpgradeHandler,
): (() => void) | undefined {
  const router = routers.get(server) ?? new UpgradeRouter(server);
  return router.add(path, handler);
}

/** Sends an HTTP response on a bare socket, and closes it. */
export function respond(socket: Duplex, status: number, text: string, header = ""): void {
  socket.on("error", ignore);
  socket.once("finish", () => drop(socket));
  const length = Buffer.byteLength(text);
  const head =
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n${header}` +
    `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\n\r\n`;
  try {
    if (socket.writable) socket.end(head + text);
    else drop(socket);
  } catch {
    drop(socket); // an answer is a courtesy
  }
}

/** The only 'upgrade' listener on a server, for all the listeners that share it. */
class UpgradeRouter {
  readonly #server: AnyServer;
  readonly #handlers = new Map<string | undefined, UpgradeHandler>();

  constructor(server: AnyServer) {
    this.#server = server;
  }

  add(path: string | undefined, handler: UpgradeHandler): (() => void) | undefined {
    if (this.#handlers.has(path)) return undefined;
    if (this.#handlers.size === 0) {
      routers.set(this.#server, this);
      this.#server.prependListener("upgrade", this.#route); // it sees each socket before others do
    }
    this.#handlers.set(path, handler);
    return () => this.#remove(path, handler);
  }

  #remove(path: string | undefined, handler: UpgradeHandler): void {
    if (this.#handlers.get(path) !== handler) return;
    this.#handlers.delete(path);
    if (this.#handlers.size > 0) return;
    routers.delete(this.#server);
    this.#server.off("upgrade", this.#route);
  }

  readonly #route = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket; // an HTTP server has no other streams
    // The HTTP server listens for errors no more, and others may leave the request alone: a reset would end the process.
    socket.on("error", ignore);
    const handler = this.#handlers.get(pathOf(request.url ?? ""));
    const hasOthers = this.#server.listenerCount("upgrade") > 1;
    const rest = this.#handlers.get(undefined);
    if (handler !== undefined || !hasOthers) this.#take(handler ?? rest, request, socket, head);
    else if (rest !== undefined) {
      const before = traceOf(socket);
      process.nextTick(() => {
        if (traceOf(socket) === before) this.#take(rest, request, socket, head);
      });
    }
  };

  #take(handler: UpgradeHandler | undefined, request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (handler === undefined) respond(socket, 404, NO_LISTENER);
    else handler(request, socket, head);
  }
}

/** What changes at a socket when a listener handles its request: it is listened to, written to, or destroyed. */
function traceOf(socket: Socket): string {
  const listeners = ["data", "readable", "end", "error", "close"].map((type) => socket.listenerCount(type));
  return [...listeners, socket.bytesWritten, socket.writableLength, socket.destroyed].join();
}

/** A socket closes by itself after an error, but needs a listener for it. */
function ignore(): void {}

/** The answer to a request for an unknown path. */
export const NO_LISTENER = "no WebSocket listener at this path\n";
const routers = new WeakMap<AnyServer, UpgradeRouter>();
