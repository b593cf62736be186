/**
 * The recipes as processes, and the strangers that each of them must outlive. A
 * recipe listens on the port of its first argument, and prints where.
 */
import type { Socket } from "node:net";
import { expect } from "vitest";
import { Caller, Child } from "../demo/children.ts";
import { overTcp } from "../strangers.ts";

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
 * Sends what strangers send. The program must still run, without a word of an error.
 *
 * @param known lines that the recipe understands, which are cut and repeated, too
 */
export async function insult(child: Child, port: number, ...known: string[]): Promise<void> {
  await overTcp(
    port,
    known.map((line) => `${line}\n`),
  );
  expect([child.process.exitCode, child.process.signalCode]).toEqual([null, null]);
  expect(child.err.all).toEqual([]);
}

/** Waits for the end, also after an error, at which `once` would throw. */
function closed(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once("close", resolve));
}
