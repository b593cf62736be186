/**
 * The programs of `demo/sockets` as children, and the peers that know nothing
 * of this library: Python, netcat, openssl. Whether the machine has them is
 * asked of `needs`, in the test.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Child, DEADLINE_MS, endAll } from "../children.ts";

/** What a peer said, once it is over. */
export interface Said {
  readonly code: number | null;
  readonly out: Buffer;
  readonly err: string;
}

/** A program of the folder. */
export function program(name: string, ...args: string[]): Child {
  return new Child(process.execPath, ["--import", "tsx", `demo/sockets/${name}.ts`, ...args]);
}

/** A server of the folder that listens, and its port; 0 on a path. */
export async function server(name: string, ...args: string[]): Promise<{ child: Child; port: number }> {
  const child = program(name, ...args);
  const [, port] = await child.out.until(/^listening on \S+?(?::(\d+))?( \(.*)?$/);
  return { child, port: Number(port ?? 0) };
}

/**
 * Lets a foreign program run to its end, with this input. It is killed at the
 * deadline. Its input stays open until it has said `answerBytes`: some leave
 * at the end of their input and do not wait for an answer.
 */
export async function run(
  command: string,
  args: readonly string[],
  input = "",
  answerBytes = 0,
): Promise<Said> {
  const peer = spawn(command, args, { timeout: DEADLINE_MS, killSignal: "SIGKILL" });
  peers.add(peer);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  peer.stdout.on("data", (piece: Buffer) => {
    out.push(piece);
    if (Buffer.concat(out).length >= answerBytes) peer.stdin.end();
  });
  peer.stderr.on("data", (piece: Buffer) => err.push(piece));
  peer.stdin.on("error", () => {}); // it may have ended without reading all of it
  peer.stdin.write(input);
  if (answerBytes === 0) peer.stdin.end();
  const [code] = (await once(peer, "close")) as [number | null];
  peers.delete(peer);
  return { code, out: Buffer.concat(out), err: Buffer.concat(err).toString() };
}

/** Lets a Python script run to its end; its arguments are in `argv[1:]`. */
export function python(script: string, ...args: (string | number)[]): Promise<Said> {
  return run("python3", ["-c", `${PREAMBLE}${script}`, ...args.map(String)]);
}

/** Ends all that the last test began. */
export async function endEverything(): Promise<void> {
  for (const peer of peers) peer.kill("SIGKILL");
  peers.clear();
  await endAll();
}

const PREAMBLE = `
import hashlib, os, select, socket, sys, time
at = ("127.0.0.1", int(sys.argv[1])) if len(sys.argv) > 1 else None
`;
const peers = new Set<ChildProcess>();
