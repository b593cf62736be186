/**
 * Who on an HTTP server takes a request to become a WebSocket: a table of paths
 * for each server, so that several listeners share one. What nobody takes is
 * answered, and never left hanging. Knows HTTP, and no WebSocket.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A server that requests come to. */
export type AnyServer = Server | SecureServer;
/** Takes a request over, and its socket with what came behind it. */
export type TakeUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer) => void;

/**
 * Takes a path of a server, or every path that nobody else has. Answers how to
 * give it back; `undefined` when it is taken.
 */
export function claimPath(
  server: AnyServer,
  path: string | undefined,
  take: TakeUpgrade,
): (() => void) | undefined {
  const board = boards.get(server) ?? new UpgradeRouter(server);
  return board.add(path, take);
}

/** Answers a request on its bare socket, and closes that. */
export function answer(socket: Duplex, status: number, text: string, header = ""): void {
  socket.on("error", ignore);
  socket.once("finish", () => socket.destroy());
  const length = Buffer.byteLength(text);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n${header}` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\n\r\n${text}`,
  );
}

/** The one listener that a server has for all who share it. */
class UpgradeRouter {
  readonly #server: AnyServer;
  readonly #takers = new Map<string | undefined, TakeUpgrade>();

  constructor(server: AnyServer) {
    this.#server = server;
  }

  add(path: string | undefined, take: TakeUpgrade): (() => void) | undefined {
    if (this.#takers.has(path)) return undefined;
    if (this.#takers.size === 0) {
      boards.set(this.#server, this);
      this.#server.on("upgrade", this.#route);
    }
    this.#takers.set(path, take);
    return () => this.#remove(path, take);
  }

  #remove(path: string | undefined, take: TakeUpgrade): void {
    if (this.#takers.get(path) !== take) return;
    this.#takers.delete(path);
    if (this.#takers.size > 0) return;
    boards.delete(this.#server);
    this.#server.off("upgrade", this.#route);
  }

  readonly #route = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket; // a server of HTTP has no other
    const take = this.#takers.get(pathOf(request)) ?? this.#takers.get(undefined);
    const isOurs = take !== undefined || this.#server.listenerCount("upgrade") === 1;
    if (!isOurs) return; // somebody else may know the path
    socket.on("error", ignore); // from here on HTTP does not listen to it
    if (take === undefined) answer(socket, 404, "nobody takes a WebSocket at this path\n");
    else take(request, socket, head);
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "").split("?", 1)[0] ?? "";
}

/** The socket closes by itself after an error; only a listener must be there. */
function ignore(): void {}

const boards = new WeakMap<AnyServer, UpgradeRouter>();
