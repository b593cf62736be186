/**
 * What this machine has of what some tests need, and the one place that looks:
 * on PATH for programs, and at the system for what it allows. A test names its
 * needs where it stands,
 *
 *     test("answers netcat", needs("nc"), async () => { … });
 *
 * and is left out where the machine lacks one of them. The reasons are in its
 * `meta`, from which `left-out.ts` tells after the run what did not take place.
 * Benchmarks and other programs ask here, too, so this file imports no test.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { delimiter, join } from "node:path";
import type {} from "vitest";
import { system } from "../src/transport/native/libc.ts";

/** A program, by the name that a test spawns, or something that the system allows. */
export type Need =
  | (
      | "chromium"
      | "curl"
      | "ip"
      | "nats-server"
      | "nc"
      | "nginx"
      | "npm"
      | "openssl"
      | "python3"
      | "ss"
      | "strace"
      | "tc"
    )
  | (
      | "python3 with ssl"
      | "IPv6"
      | "127.0.0.2"
      | "unix sockets"
      | "abstract names"
      | "signals"
      | "root"
      | "native sockets"
      | "a compiler of C for epoll"
      | "a pipe as stdout"
    );

/** Options of a test or of a `describe`. */
export interface LeftOutOptions {
  readonly skip?: true;
  readonly meta?: { readonly leftOut: readonly string[] };
}

declare module "vitest" {
  interface TaskMeta {
    /** Why this test is left out on this machine. */
    readonly leftOut?: readonly string[];
    /** What this test did less of, and why. */
    lessened?: string;
  }
}

/** Options of a test that needs all of these: none where they are here. */
export function needs(...all: readonly Need[]): LeftOutOptions {
  return leftOutFor(...all.map(lack));
}

/** Options of a test that is left out for these reasons; it runs where there are none. */
export function leftOutFor(...reasons: readonly (string | undefined)[]): LeftOutOptions {
  const leftOut = reasons.filter((reason) => reason !== undefined);
  return leftOut.length === 0 ? {} : { skip: true, meta: { leftOut } };
}

/** Why this machine lacks `need`, in words; `undefined` where it has it, which is the usual case. */
export function lack(need: Need): string | undefined {
  if (!known.has(need)) known.set(need, LOOKS[need]());
  return known.get(need);
}

/** Where Chromium is: what CHROME_PATH names, or the first of its names on PATH; `undefined` where there is none. */
export function chromium(): string | undefined {
  const named = process.env.CHROME_PATH ?? "";
  return named === "" ? onPath("chromium", "chromium-browser", "google-chrome") : programAt(named);
}

/** The first of these programs on PATH, as a path; `undefined` where there is none. */
export function onPath(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  for (const name of names) {
    for (const folder of folders) {
      for (const ending of endings) {
        const path = programAt(join(folder, name + ending));
        if (path !== undefined) return path;
      }
    }
  }
  return undefined;
}

function programAt(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? path : undefined;
  } catch {
    return undefined;
  }
}

function program(name: string): () => string | undefined {
  return () => (onPath(name) === undefined ? `${name} is not here` : undefined);
}

/** Python, with what it imports: a wrapper on PATH may have no Python behind it. */
function pythonWith(...modules: readonly string[]): () => string | undefined {
  return () => {
    if (onPath("python3") === undefined) return "python3 is not here";
    const { status, error, stderr } = spawnSync("python3", ["-c", `import ${modules}`], { encoding: "utf8" });
    if (status === 0) return undefined;
    const why = error?.message ?? stderr.trim().split("\n").at(-1);
    return `python3 cannot import ${modules.join(", ")}: ${why}`;
  };
}

/** Some programs of that name have other options: the tests need `-N`. */
function openBsdNetcat(): string | undefined {
  if (onPath("nc") === undefined) return "nc is not here";
  const { stdout, stderr } = spawnSync("nc", ["-h"], { encoding: "utf8" });
  return /^usage: nc \[-\w*N/m.test(stdout + stderr)
    ? undefined
    : "nc is here, and has no -N, as OpenBSD's has";
}

/** Every need of a test, and how it is looked for. */
const LOOKS: Readonly<Record<Need, () => string | undefined>> = {
  chromium: () => (chromium() === undefined ? "chromium is not here" : undefined),
  curl: program("curl"),
  ip: program("ip"),
  "nats-server": program("nats-server"),
  nc: openBsdNetcat,
  nginx: program("nginx"),
  npm: program("npm"),
  openssl: program("openssl"),
  python3: pythonWith("argparse", "socket"),
  ss: program("ss"),
  strace: program("strace"),
  tc: program("tc"),
  /** `::1`; containers often have no IPv6. */
  IPv6: () =>
    Object.values(networkInterfaces()).some((addresses) =>
      addresses?.some(({ address }) => address === "::1"),
    )
      ? undefined
      : "IPv6 is not here: there is no ::1",
  "python3 with ssl": pythonWith("ssl"),
  "a compiler of C for epoll": () =>
    process.platform === "linux" && onPath("cc") !== undefined
      ? undefined
      : "there is no cc here that builds for epoll",
  "native sockets": () => {
    const libc = system();
    return typeof libc === "string" ? `native sockets are not here: ${libc}` : undefined;
  },
  root: () => (process.getuid?.() === 0 ? undefined : "the user is not root"),
  /** macOS has only 127.0.0.1, unless somebody gives it more. */
  "127.0.0.2": () => (process.platform === "darwin" ? "127.0.0.2 is no address of this machine" : undefined),
  "unix sockets": () => (process.platform === "win32" ? "unix sockets are not here" : undefined),
  "abstract names": () =>
    process.platform === "linux" ? undefined : "unix sockets have no abstract names here",
  signals: () => (process.platform === "win32" ? "signals are not here" : undefined),
  /** What a terminal is opened for is not to happen in a test. */
  "a pipe as stdout": () => (process.stdout.isTTY ? "stdout is a terminal" : undefined),
};

/** What was found; a machine stays the same for the length of a run. */
const known = new Map<Need, string | undefined>();
