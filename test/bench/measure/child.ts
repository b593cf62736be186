/**
 * One child process, on a core of its own where the machine allows. It ends
 * when this process does: its stdin closes then.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Command } from "./protocol.ts";

/** Cores of this machine for the two sides; none where programs cannot be bound to one. */
export interface Cores {
  readonly server: string | undefined;
  readonly load: string | undefined;
}

export class Child {
  readonly #name: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #told: unknown[] = [];
  readonly #exited: Promise<void>;
  #over = false;
  #wake = () => {};

  /** @param name for whoever reads what went wrong */
  constructor(name: string, command: readonly string[], job: object, core: string | undefined) {
    const bound = core === undefined ? [] : ["taskset", "-c", core];
    const [program = "", ...args] = [...bound, ...command, JSON.stringify(job)];
    this.#name = `${name}: ${command.at(-1)}`;
    // Not in development: the hot frames of a silent server are what its warning is about.
    const env = { ...process.env, NODE_ENV: "production" };
    this.#process = spawn(program, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin.on("error", () => {}); // it ended under a command; the exit tells the same
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      this.#told.push(JSON.parse(line));
      this.#wake();
    });
    this.#exited = new Promise((resolve) => {
      const ended = () => {
        this.#over = true;
        this.#wake();
        resolve();
      };
      this.#process.on("exit", ended);
      this.#process.on("error", ended); // no such program
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The next thing that it tells. Throws when it ends, or says nothing in time. */
  async next<Message>(timeoutMs: number): Promise<Message> {
    await this.quietFor(timeoutMs);
    if (this.#told.length > 0) return this.#told.shift() as Message;
    throw new Error(`${this.#name}: ${this.#over ? "ended" : `said nothing within ${timeoutMs} ms`}`);
  }

  /** Waits until it has told something or ended, and no longer than `lengthMs`. */
  quietFor(lengthMs: number): Promise<void> {
    if (this.#told.length > 0 || this.#over) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lengthMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Whether it has told something that was not asked for yet, or ended. */
  get hasSpoken(): boolean {
    return this.#told.length > 0 || this.#over;
  }

  command(command: Command): void {
    this.#process.stdin.write(`${command}\n`);
  }

  /** Lets it go, by force after a while. */
  async end(): Promise<void> {
    this.#process.stdin.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** The first two cores that this process may use, one for each side. */
export function chooseCores(): Cores {
  try {
    const answer = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" });
    const [server, load] = expand(answer.slice(answer.lastIndexOf(":") + 1));
    if (server !== undefined && load !== undefined) return { server, load };
  } catch {
    // No such program here: the system places the processes as it likes.
  }
  return { server: undefined, load: undefined };
}

/** "0-2,5" as ["0", "1", "2", "5"]. */
function expand(list: string): string[] {
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
  });
}

const END_TIMEOUT_MS = 5_000;
