/**
 * A WebSocket server of tickwire with its drops, and peers that are not: the ws
 * package as it is, and bare sockets that send what they like.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import {
  type CloseReason,
  type Connection,
  type Listener,
  lines,
  Poller,
  type PollerOptions,
} from "../../../src/index.ts";
import { type WebSocketServerOptions, websocketServer } from "../../../src/websocket.ts";

/** What each test leaves behind, ended in the reverse order. */
export const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A server with the drops that it reported, and steps of the event loop. */
export class ServerRig {
  readonly net: Poller;
  readonly listener: Listener<string>;
  readonly drops: CloseReason[] = [];
  readonly accepted: Connection<string>[] = [];
  now = 0;

  constructor(options: WebSocketServerOptions, limits: PollerOptions = {}) {
    this.net = new Poller(limits);
    this.listener = this.net.listen(websocketServer(options), lines());
    this.net.on("drop", ({ reason }) => this.drops.push(reason));
    endings.push(() => this.net[Symbol.dispose]());
  }

  get port(): number {
    return this.listener.address?.port ?? 0;
  }

  async until(isThere: () => boolean): Promise<void> {
    for (const giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
      this.net.poll(this.now);
      for (
        let accepted: Connection<string> | undefined;
        (accepted = this.listener.tryAccept()) !== undefined;
      ) {
        this.accepted.push(accepted);
      }
      if (isThere()) return;
      this.net.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error("it did not come");
  }
}

export async function openServer(
  options: Partial<WebSocketServerOptions> = {},
  limits: PollerOptions = {},
): Promise<ServerRig> {
  const place = options.server === undefined ? { host: "127.0.0.1", port: 0 } : {};
  const made = new ServerRig({ ...place, ...options } as WebSocketServerOptions, limits);
  await made.until(() => made.listener.state !== "starting");
  return made;
}

export interface RawPeer {
  readonly ws: WebSocket;
  readonly received: string[];
  readonly ending: () => { code: number; text: string } | undefined;
  /** The status of an answer that opens no WebSocket. */
  readonly status: () => number | undefined;
}

/** A peer that is the ws package alone. */
export function rawPeer(
  server: ServerRig,
  path = "/",
  options: object = {},
  protocols: readonly string[] = [],
): RawPeer {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, [...protocols], options);
  const received: string[] = [];
  let ending: { code: number; text: string } | undefined;
  let answer: IncomingMessage | undefined;
  ws.on("message", (data) => received.push(String(data)));
  ws.on("close", (code, text) => {
    ending = { code, text: String(text) };
  });
  ws.on("unexpected-response", (_, response) => {
    answer = response;
    ws.terminate();
  });
  ws.on("error", () => {});
  endings.push(() => ws.terminate());
  return { ws, received, ending: () => ending, status: () => answer?.statusCode };
}

export interface RawClient {
  readonly socket: Socket;
  readonly received: () => string;
  readonly isOver: () => boolean;
}

/** A bare socket that sends what it likes, with what came back. */
export async function rawClient(port: number, sends: string | Uint8Array = ""): Promise<RawClient> {
  const socket: Socket = connect(port, "127.0.0.1");
  let received = "";
  let isOver = false;
  socket.on("data", (data) => {
    received += data.toString("latin1");
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    isOver = true;
  });
  endings.push(() => socket.destroy());
  await once(socket, "connect");
  socket.write(sends);
  return { socket, received: () => received, isOver: () => isOver };
}

export const HANDSHAKE: string =
  "GET / HTTP/1.1\r\nHost: game\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** A server with a page, of nobody's but the test's. */
export async function site(): Promise<Server> {
  const server = createServer((_, response) => response.end("the page"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  endings.push(() => server.close());
  return server;
}

/** A server that answers each connection by `serve`, and the URL of a WebSocket there. */
export async function rawServer(serve: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => serve(socket.on("error", () => {})));
  endings.push(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A frame as a client sends it, masked with zeros. */
export function frame(firstByte: number, payload: string | Uint8Array, isMasked = true): Buffer {
  const body = Buffer.from(payload as string);
  return Buffer.concat([
    Buffer.from([firstByte, (isMasked ? 0x80 : 0) | body.length]),
    ...(isMasked ? [Buffer.alloc(4)] : []),
    body,
  ]);
}

/** What a server answers to the request of a client, to open a WebSocket (RFC 6455, section 4.2.2). */
export function acceptOf(request: Uint8Array): string {
  const key = /Sec-WebSocket-Key: (\S+)/i.exec(String(request))?.[1] ?? "";
  const answer = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`;
}
