/**
 * Players by WebSocket, of the package ws alone, as any page or other program
 * would be one: each line of theirs is one text. And the strangers that come by
 * WebSocket, whom every such recipe must outlive.
 */
import { PassThrough } from "node:stream";
import { expect } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { type Child, Lines } from "../demo/children.ts";

/** One player; what it receives, text by text, and how it ends: `refused STATUS`, `closed CODE` or `failed CODE`. */
export class WebPlayer {
  readonly socket: WebSocket;
  readonly received: Lines;
  readonly ending: Promise<string>;
  /** The status of the answer to its request; 101 when it opened. */
  readonly status: Promise<number | undefined>;

  readonly #opened: Promise<void>;

  constructor(url: string, options: ClientOptions = {}, protocols: string[] = []) {
    const texts = new PassThrough();
    this.socket = new WebSocket(url, protocols, options);
    this.received = new Lines(`a player of ${url}`, texts);
    this.socket.on("message", (data) => texts.write(`${data}\n`));
    this.#opened = new Promise((resolve) => this.socket.once("open", resolve));
    this.status = new Promise((resolve) => {
      this.socket.on("open", () => resolve(101));
      this.socket.on("unexpected-response", (_, { statusCode }) => resolve(statusCode));
    });
    this.ending = new Promise((resolve) => {
      this.socket.on("unexpected-response", (_, { statusCode }) => {
        resolve(`refused ${statusCode}`);
        this.socket.terminate();
      });
      this.socket.on("error", (error: NodeJS.ErrnoException) => resolve(`failed ${error.code}`));
      this.socket.on("close", (code) => resolve(`closed ${code}`));
    });
    this.ending.then(() => texts.end());
    players.add(this.socket);
  }

  /** Sends a text, once the connection is open. */
  send(text: string | Uint8Array): void {
    this.#opened.then(() => this.socket.send(text));
  }
}

/** Ends all players of the last test. */
export function endPlayers(): void {
  for (const socket of players) socket.terminate();
  players.clear();
}

/**
 * Opens WebSockets and sends through them what no player sends: as texts, as binary
 * messages, and bare, where frames are expected. The program must still run,
 * without a word of an error.
 */
export async function insultByWebSocket(
  child: Child,
  url: string,
  options: ClientOptions = {},
): Promise<void> {
  for (const piece of GARBAGE) {
    for (const way of ["text", "binary", "bare"] as const) await stranger(url, options, piece, way);
  }
  expect([child.process.exitCode, child.process.signalCode]).toEqual([null, null]);
  expect(child.err.all).toEqual([]);
}

/** Ends when the server has ended it, and resets its socket once its garbage has left otherwise. */
async function stranger(
  url: string,
  options: ClientOptions,
  piece: string,
  way: "text" | "binary" | "bare",
): Promise<void> {
  const player = new WebPlayer(url, options);
  player.socket.once("open", () => {
    const leave = () => player.socket.terminate();
    if (way === "bare") socketOf(player).write(piece, leave);
    else player.socket.send(piece, { binary: way === "binary" }, leave);
  });
  await player.ending;
}

function socketOf({ socket }: WebPlayer): NodeJS.WritableStream {
  return (socket as unknown as { readonly _socket: NodeJS.WritableStream })._socket;
}

const GARBAGE: readonly string[] = [
  "",
  "\0\x1b[2J\u202e\ud83d\ude00",
  "x".repeat(200_000),
  "\n".repeat(50_000),
  "\xff".repeat(4_096),
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  '{"__proto__":{}}',
];
const players = new Set<WebSocket>();
