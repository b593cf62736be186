/**
 * One process of the arena, for the launcher: starts it, passes on what it prints, starts it
 * again when it dies, and stops, continues and ends it.
 *
 *     start ──▶ running ⇄ stopped ──▶ died ──▶ pause ──▶ start …
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Controlled, RESTART_MS } from "./controls.ts";
import type { ProcessState } from "./shared/operator-wire.ts";

/** What to run, and where its lines go. */
export interface ChildOptions {
  readonly name: string;
  readonly role: Controlled["role"];
  readonly args: readonly string[];
  readonly say: (line: string) => void;
  /** It dies each time as soon as it is started. */
  readonly onHopeless: () => void;
}

/** One process, again and again. */
export class ArenaChild implements Controlled {
  readonly name: string;
  readonly role: Controlled["role"];
  readonly #options: ChildOptions;
  #child: ChildProcess | undefined;
  #isStopped = false;
  #isOver = false;
  #deaths = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.role = options.role;
    this.#options = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get state(): ProcessState {
    if (this.#child === undefined) return "gone";
    return this.#isStopped ? "stopped" : "running";
  }

  kill(): void {
    this.#child?.kill("SIGKILL");
  }

  stop(): void {
    if (this.#child?.kill("SIGSTOP") === true) this.#isStopped = true;
  }

  continue(): void {
    this.#child?.kill("SIGCONT");
    this.#isStopped = false;
  }

  /** Ends it for good: politely, and then not. */
  async end(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, "exit");
    this.continue();
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
    await gone;
    clearTimeout(timer);
  }

  #start(): void {
    const [, script = ""] = process.argv;
    const { role, args, say } = this.#options;
    const beganMs = performance.now();
    const child = spawn(process.execPath, [...process.execArgv, script, role, ...args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"], // it ends when the channel does
    });
    this.#child = child;
    this.#isStopped = false;
    say(`process ${child.pid}`);
    passOn(child.stdout, say);
    passOn(child.stderr, say);
    child.once("error", () => {}); // it was not started, and "exit" may not come
    child.once("exit", (code, signal) => {
      this.#child = undefined;
      if (this.#isOver) return;
      this.#deaths = performance.now() - beganMs > STEADY_MS ? 0 : this.#deaths + 1;
      say(`ended (${code ?? signal})`);
      if (this.#deaths > MOST_DEATHS) this.#options.onHopeless();
      else this.#timer = setTimeout(() => this.#start(), RESTART_MS);
    });
  }
}

function passOn(stream: Readable | null, say: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream }).on("line", say);
}

/** A process that has run so long was well. */
const STEADY_MS = 5_000;
/** People who kill processes are quick. */
const MOST_DEATHS = 8;
/** A process says goodbye within half a second; the rest is for a busy machine. */
const END_WITHIN_MS = 3_000;
