/** The ends of sessions as programs, for the tests that stop them and break their lines. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { Child, DEADLINE_MS } from "../../demo/children.ts";
import type { EndOptions, Facts } from "./end.ts";
import type { Carrier } from "./saying.ts";

/** Starts an end here, or in a network of its own. */
export type Start = (command: string, ...args: string[]) => Child;

/** An end that runs. */
export class EndProgram {
  readonly child: Child;
  readonly #name: string;

  constructor(
    verb: "listen" | "connect",
    carrier: Carrier,
    where: string,
    options: EndOptions,
    start: Start = startHere,
  ) {
    this.#name = verb;
    this.child = start(process.execPath, builtProgram(), verb, carrier, where, JSON.stringify(options));
  }

  port(): Promise<number> {
    return this.child.port();
  }

  tell(word: "talk" | "hush" | "close" | "abort" | "dispose" | "tell"): void {
    this.child.type(`${word}\n`);
  }

  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void {
    this.child.process.kill(signal);
  }

  async facts(): Promise<Facts> {
    this.tell("tell");
    const [, text = ""] = await this.child.out.until(/^told (.*)$/);
    return JSON.parse(text) as Facts;
  }

  /** Asks until it is so, and answers with what it said then. */
  async until(isSo: (facts: Facts) => boolean): Promise<Facts> {
    let last: Facts | undefined;
    for (const giveUpMs = performance.now() + DEADLINE_MS; performance.now() < giveUpMs; ) {
      last = await this.facts();
      if (isSo(last)) return last;
    }
    throw new Error(
      `${this.#name}: it never came to be so: ${isSo}\n${JSON.stringify(last)}\n${this.child.err.all.join("\n")}`,
    );
  }
}

function startHere(command: string, ...args: string[]): Child {
  return new Child(command, args, "pipe");
}

/** The program as one file, which begins ten times as soon as one that a loader translates. */
function builtProgram(): string {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), "tickwire-session-end-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(here("../../../node_modules"), join(folder, "node_modules"), "junction");
  const outfile = join(folder, "end.mjs");
  const as = {
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
  } as const;
  buildSync({ entryPoints: [here("end.ts")], outfile, ...as });
  return (built = outfile);
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

let built: string | undefined;
