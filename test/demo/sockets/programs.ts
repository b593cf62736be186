/**
 * The socket programs as children, and the foreign ones that speak to them.
 */
import { spawnSync } from "node:child_process";
import { Child } from "../children.ts";

/** A program of `demo/sockets`, with a stdin to type at. */
export function program(name: string, ...args: string[]): Child {
  return new Child(process.execPath, ["--import", "tsx", `demo/sockets/${name}.ts`, ...args], "pipe");
}

/** Somebody with `nc`, who types. */
export function netcat(port: number, ...flags: string[]): Child {
  return new Child("nc", [...flags, "127.0.0.1", `${port}`], "pipe");
}

/** A few lines of Python; `port` and `socket` are there. */
export function python(port: number, code: string): Child {
  return new Child("python3", ["-u", "-c", `import socket, sys, select\nport = ${port}\n${code}`]);
}

/** Whether these commands are missing; says so, as the tests that want them are left out. */
export function lacks(...commands: readonly string[]): boolean {
  const missing = commands.filter((command) => spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0);
  if (missing.length > 0) console.warn(`not tested here, for want of ${missing.join(" and ")}`);
  return missing.length > 0;
}
