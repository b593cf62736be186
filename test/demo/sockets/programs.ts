/**
 * The socket programs as children, and the foreign ones that speak to them.
 */
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
