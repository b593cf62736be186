/** The machine that is measured: what it is, and what it lacks. */
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, type } from "node:os";
import { lack } from "../machine.ts";
import type { Cores } from "./measure/child.ts";
import { CONTESTANTS, type ContestantName, type Work } from "./works.ts";

/** One line for a reader. */
export function describeMachine(cores: Cores): string {
  const model = cpus()[0]?.model ?? "unknown CPU";
  const bound = cores.server === undefined ? "not bound to cores" : "server and load on a core each";
  return `Node ${process.version}, ${type()}, ${model}, ${availableParallelism()} cores, ${bound}`;
}

/** Why this machine cannot run a work; `undefined` when it can. */
export function obstacleTo({ connections }: Work): string | undefined {
  const allowed = openFiles();
  const needed = connections + SPARE_FILES;
  if (allowed >= needed) return undefined;
  return `${connections} connections need ${needed} open files per process, and \`ulimit -n\` is ${allowed}`;
}

/** Why this machine lacks a contestant; `undefined` when it has it. */
export function obstacleFor(name: ContestantName, certificates: string | undefined): string | undefined {
  const { program, wire, isNative } = CONTESTANTS[name];
  if (program === "python_loop") return lack("python3");
  if (program === "epoll_loop") return lack("a compiler of C for epoll");
  if (isNative === true) return lack("native sockets");
  if (wire === "tls" && certificates === undefined) return `${lack("openssl")}, which makes certificates`;
  return wire === "unix" ? lack("unix sockets") : undefined;
}

/** How many files a child may open. Node has raised the limit to the hard one by itself. */
function openFiles(): number {
  if (process.platform === "win32") return Infinity;
  const answer = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  return answer === "unlimited" ? Infinity : Number(answer);
}

/** What a process opens beside its connections. */
const SPARE_FILES = 100;
