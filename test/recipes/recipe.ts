/**
 * The recipes as processes, and the strangers that each of them must outlive. A
 * recipe listens on the port of its first argument, and prints where.
 */
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import { Caller, Child } from "../demo/children.ts";

/** A program of the cookbook that listens, on a port that the system chose. */
export async function recipe(name: string, ...args: string[]): Promise<{ child: Child; port: number }> {
  const child = new Child(
    process.execPath,
    ["--import", "tsx", `demo/recipes/${name}.ts`, "0", ...args],
    "pipe",
  );
  return { child, port: await child.port() };
}

/** What a program has said or will say, wherever the line stands among the others. */
export async function said(child: Child, pattern: RegExp): Promise<RegExpExecArray> {
  for (const line of child.out.all) {
    const found = pattern.exec(line);
    if (found !== null) return found;
  }
  return child.out.until(pattern);
}

/** A player over bare TCP who has sent these lines. */
export function player(port: number, ...lines: string[]): Caller {
  const caller = new Caller(port);
  caller.socket.on("error", () => {}); // a reset is one of its ends
  caller.send(lines.map((line) => `${line}\n`).join(""));
  return caller;
}

/** Waits until the server has ended this connection. */
export async function ended({ socket }: Caller): Promise<void> {
  if (!socket.closed) await closed(socket);
}

/**
 * Sends what no player sends, once to its end and once with a reset behind it, and
 * connects to leave at once. The program must still run, without a word of an error.
 *
 * @param known lines that the recipe understands, which are cut and repeated, too
 */
export async function insult(child: Child, port: number, ...known: string[]): Promise<void> {
  const pieces = [
    ...GARBAGE,
    ...known.flatMap((line) => [line, `${line}\n`.repeat(2_000), `${line} \0\x1b[2J\n`]),
  ];
  for (const piece of pieces) {
    await Promise.all([stranger(port, piece, "end"), stranger(port, piece, "reset")]);
  }
  await Promise.all(Array.from({ length: 20 }, () => stranger(port, "", "reset")));
  expect([child.process.exitCode, child.process.signalCode]).toEqual([null, null]);
  expect(child.err.all).toEqual([]);
}

async function stranger(port: number, piece: string | Uint8Array, leaves: "end" | "reset"): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1" }).resume();
  socket.on("error", () => {}); // it may be refused in the middle
  const gone = closed(socket);
  if (leaves === "end") socket.end(piece);
  else socket.write(piece, () => socket.resetAndDestroy());
  await gone;
}

/** Waits for the end, also after an error, at which `once` would throw. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}

/** What is no message of any codec, or too much of one. */
export const GARBAGE: readonly (string | Uint8Array)[] = [
  Uint8Array.from({ length: 65_536 }, (_, index) => (index * 167 + (index >> 8) * 59) & 0xff),
  new Uint8Array(4_096),
  new Uint8Array(4_096).fill(0xff),
  "x".repeat(200_000),
  "\n".repeat(100_000),
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "half a line",
  "__proto__ constructor\nNaN Infinity -0 1e999\n{}[]\"'`$(x)\n\u202e\u0000\ud83d\ude00\n",
];
