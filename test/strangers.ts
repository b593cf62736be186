/**
 * Strangers: peers who send what no player sends, and leave as they like. A program that
 * listens must outlive all of them. Knows no program, and only the bytes of its carrier.
 *
 *     pieces ──▶ sent to its end, reset behind it, or never read ──▶ gone, when the program has ended it too
 */
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import { SEED } from "./seed.ts";
import { SeededRandom } from "./soak/seeded-random.ts";

/** Bytes, or text as Latin-1. */
export type Piece = string | Uint8Array;

/**
 * Sends each piece over TCP, once to its end and once with a reset behind it; connects to
 * leave at once; and sends much of what is known without reading any answer. Ends when
 * the program has let go of all of them.
 *
 * @param known what the program understands, which is cut and repeated, too
 * @param options `extra` pieces are sent as they are; `isPatient` is for a program that
 *   takes a flood slowly, by a `messageRateHz`: nobody waits then for its end
 */
export async function overTcp(
  port: number,
  known: readonly Piece[],
  { extra = [], isPatient = false }: { extra?: readonly Piece[]; isPatient?: boolean } = {},
): Promise<void> {
  for (const piece of [...GARBAGE, ...extra, ...known.flatMap(nearly)]) {
    const ends = isPatient ? [] : [stranger(port, piece, "end")];
    await Promise.all([...ends, stranger(port, piece, "reset")]);
  }
  await Promise.all(Array.from({ length: 20 }, () => stranger(port, "", "reset")));
  await Promise.all(known.map((piece) => stranger(port, repeated(piece, 5_000), "deaf")));
  await crowd(port);
}

/** The same over WebSocket at `path`, and over the HTTP below it. */
export async function overWebSocket(
  port: number,
  path: string,
  known: readonly Piece[],
  isPatient = false,
): Promise<void> {
  const upgrade = (headers = "", at = path): string =>
    `GET ${at} HTTP/1.1\r\nHost: x\r\n${headers || UPGRADE}\r\n`;
  const requests = [
    upgrade("", "/elsewhere"),
    upgrade("", "*"),
    upgrade("Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
    upgrade(UPGRADE.replace("13", "12")),
    upgrade(UPGRADE.replace(/Sec-WebSocket-Key.*\r\n/, "")),
    upgrade(UPGRADE.replace("==", "=")),
    upgrade(`${UPGRADE}Origin: https://elsewhere.example\r\n`),
    upgrade(`${UPGRADE}Origin: \xff\r\nCookie: ${"a=%ff; ".repeat(1_000)}\r\n`),
    upgrade(`${UPGRADE}Sec-WebSocket-Protocol: ,,\r\nSec-WebSocket-Extensions: permessage-deflate; x="\r\n`),
    upgrade(`${UPGRADE}X-Long: ${"x".repeat(50_000)}\r\n`),
    upgrade(`${UPGRADE}Content-Length: 5\r\n\r\nhello`),
    upgrade().slice(0, 60),
    `${upgrade()}${upgrade()}`,
    `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\nhalf`,
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nx",
    "CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /%00%ff../..//etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50),
    "GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
  ];
  const frames = [...GARBAGE, ...FRAMES, ...known.flatMap(nearly).map((piece) => frame(0x82, piece))];
  const extra = [...requests, ...frames.map((piece) => joined(upgrade(), piece))];
  await overTcp(port, [], { extra, isPatient });
  for (const piece of known) {
    await stranger(port, joined(upgrade(), ...Array<Uint8Array>(2_000).fill(frame(0x82, piece))), "deaf");
  }
}

/**
 * Strangers to sessions over WebSocket at `path`: those of the WebSocket, greetings that are
 * none, and what a peer that was welcomed may not send. Some of these are held, as the
 * sessions of players who are lost.
 */
export async function overSession(port: number, path: string, known: readonly Piece[]): Promise<void> {
  const random = new SeededRandom(SEED);
  const greetings: Piece[] = [
    ...SAID_TO_DIALLERS,
    hello(random).fill(0xff, 0, 3),
    hello(random).fill(9, 3, 4),
    hello(random).fill(2, 4, 5), // resumes what nobody knows
    hello(random).fill(0xff, 29, 33), // as the last of four thousand million lines
    hello(random).fill(0xff, 33, 41), // has more than there is in the world
    joined(hello(random).fill(0, 29, 33)),
    joined(hello(random), "\x01\0\x02hi"), // did not wait
  ];
  await overWebSocket(port, path, greetings);
  let count = 0;
  for (const piece of [...GARBAGE, ...SESSION_FRAMES, ...known.flatMap(nearly).map(data)]) {
    if (await welcomed(`ws://127.0.0.1:${port}${path}`, hello(random), piece)) count++;
  }
  if (count === 0) throw new Error("it has welcomed nobody to a session");
}

/** Begins a session, sends this behind the welcome, and drops its line once that was read, or the program ends it. Answers whether it was welcomed. */
async function welcomed(url: string, greeting: Uint8Array, piece: Piece): Promise<boolean> {
  const socket = new WebSocket(url);
  socket.on("error", () => {}); // it may be refused
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.once("open", () => socket.send(greeting));
  let isWelcome = false;
  socket.once("message", (bytes: Buffer) => {
    isWelcome = bytes[4] === 3;
    socket.send(bytesOf(piece));
    socket.ping();
  });
  socket.once("pong", () => socket.terminate());
  await gone;
  return isWelcome;
}

/** The first bytes of a session that there was not before. */
function hello(random: SeededRandom): Uint8Array {
  return joined("TWS\x01\x01", random.bytes(24), "\x01\0\0\0", new Uint8Array(8), "\0\0\x01\0\0");
}

/** A frame of a session with such bytes. */
function data(piece: Piece): Uint8Array {
  const bytes = bytesOf(piece).subarray(0, 16_383);
  return joined(Uint8Array.of(1, 0, 0x80 | (bytes.length & 0x7f), bytes.length >> 7), bytes);
}

/** Sends each piece as a datagram, and the small ones in a flood. */
export async function overUdp(port: number, known: readonly Piece[]): Promise<void> {
  const socket = createSocket("udp4");
  socket.on("error", () => {}); // it may be refused
  const send = (piece: Uint8Array): Promise<void> =>
    new Promise((resolve) => socket.send(piece, port, "127.0.0.1", () => resolve()));
  for (const piece of [...GARBAGE, ...known.flatMap(nearly), ""]) {
    const datagram = bytesOf(piece).subarray(0, 65_507);
    await send(datagram);
    for (let count = 0; count < 50; count++) await send(datagram.subarray(0, count * 20));
  }
  await new Promise<void>((resolve) => socket.close(resolve));
}

/** Takes all the connections that a program may open, where those are few, and then asks for something. */
async function crowd(port: number): Promise<void> {
  const sockets = Array.from({ length: 200 }, () => connect({ port, host: "127.0.0.1" }).resume());
  for (const socket of sockets) socket.on("error", () => {}); // it may be refused
  await Promise.all(
    sockets.map((socket) => new Promise((come) => socket.once("connect", come).once("close", come))),
  );
  for (const socket of sockets.slice(0, 20)) {
    const gone = closed(socket);
    if (!socket.closed) socket.end("GET /page.js HTTP/1.1\r\nHost: x\r\n\r\n");
    if (!socket.closed) await gone;
  }
  for (const socket of sockets) socket.destroy();
}

/** Connects, sends half a message and stays. Returns the function that leaves. */
export async function stay(port: number, piece: Piece): Promise<() => void> {
  const sockets = Array.from({ length: 10 }, () => connect({ port, host: "localhost" }));
  for (const socket of sockets) socket.on("error", () => {}); // a deadline may end it
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => socket.write(bytesOf(piece), () => resolve()))),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** @param leaves by the end of its stream, a reset, or a reset after it has read nothing */
async function stranger(port: number, piece: Piece, leaves: "end" | "reset" | "deaf"): Promise<void> {
  const socket = connect({ port, host: "localhost" });
  socket.on("error", () => {}); // it may be refused in the middle
  const gone = closed(socket);
  if (leaves !== "deaf") socket.resume();
  if (leaves === "end") socket.end(bytesOf(piece));
  else socket.write(bytesOf(piece), () => socket.resetAndDestroy());
  await gone;
}

/** Waits for the end, also after an error, at which `once` would throw. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

/** What is known, cut off, repeated, and with what a terminal obeys. */
function nearly(piece: Piece): Piece[] {
  return [piece, bytesOf(piece).subarray(0, -1), repeated(piece, 2_000), joined(piece, " \0\x1b[2J\r\n")];
}

function repeated(piece: Piece, count: number): Uint8Array {
  return joined(...Array<Piece>(count).fill(piece));
}

function joined(...pieces: readonly Piece[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map(bytesOf)));
}

function bytesOf(piece: Piece): Uint8Array {
  return typeof piece === "string" ? Buffer.from(piece, "latin1") : piece;
}

/** A frame of a client, whose mask is zero: its bytes go as they are. */
function frame(first: number, piece: Piece): Uint8Array {
  const bytes = bytesOf(piece).subarray(0, 65_535);
  const length = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 0xff];
  length[0] = (length[0] ?? 0) | 0x80;
  return joined(Uint8Array.of(first, ...length, 0, 0, 0, 0), bytes);
}

const UPGRADE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/** What is no message of any codec, or too much of one. */
const GARBAGE: readonly Piece[] = [
  Uint8Array.from({ length: 65_536 }, (_, index) => (index * 167 + (index >> 8) * 59) & 0xff),
  new Uint8Array(4_096),
  new Uint8Array(4_096).fill(0xff),
  "x".repeat(200_000),
  "\n".repeat(100_000),
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "half a line",
  "__proto__ constructor\nNaN Infinity -0 1e999\n{}[]\"'`$(x)\n\xe2\x80\xae\x00\xf0\x9f\x98\x80\n",
];

/** Frames of WebSocket that no client may send, or none that means well. */
const FRAMES: readonly Piece[] = [
  Uint8Array.of(0x82, 5, 1, 2, 3, 4, 5), // without a mask
  frame(0xf2, "reserved bits"),
  frame(0x83, "a kind that is not there"),
  frame(0x80, "the rest of nothing"),
  frame(0x09, "half a ping"),
  frame(0x88, "\x03"), // half a code
  frame(0x88, "\x03\xed"), // a code that is never sent
  frame(0x88, "\x03\xe8\xff"),
  frame(0x81, "\xff\xfe"),
  joined(frame(0x02, "half"), frame(0x82, "another one in it")),
  joined(...Array<Uint8Array>(500).fill(frame(0x89, "x".repeat(125)))),
  joined(...Array<Uint8Array>(500).fill(frame(0x00, ""))),
  Uint8Array.of(0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1), // of 8 EiB
  frame(0x82, "x".repeat(65_535)),
];

/** Greetings of the other end of a session: a welcome, and a refusal. */
const SAID_TO_DIALLERS: readonly Piece[] = [
  "TWS\x01\x03\0\0\0\0\0\0\0\0\0\0\x01\0\x30\x75\0\0\0",
  "TWS\x01\x04\x01\0\0\0",
];

/** Frames of a session that no peer may send, or none that means well. */
const SESSION_FRAMES: readonly Piece[] = [
  "\0\0",
  "\x09\0",
  "\x01\0\0", // no bytes at all
  "\x01\0\xff\xff\xff\xff\x0f", // four thousand million to come
  "\x01\0\x80\0", // a length that is not in its shortest form
  "\x02\xff\xff\xff\xff\x7f", // a number of more than 32 bits
  "\x02\xff\x01", // took what was never sent
  "\x04\0\x07\0\0\0\0\0\0\xf8\x7f", // a clock that is no number
  "\x05\0\x07", // echoes what was not asked
  "\x06\0\x06\0", // ends twice
  "\x07\0\xa0\x0f\xff", // a text of 255 bytes
  "\x07\0\xa0\x0f\x02\xff\xfe", // no UTF-8
  "\x07\0\0\0\0\x01\0\x01a", // goes on behind its goodbye
  "\x03\0\x01".repeat(20_000),
  "\x08\0",
];
