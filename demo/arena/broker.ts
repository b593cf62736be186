/**
 * The broker of the demo: a nats-server of its own, on the loopback, with its store in a
 * folder of its own. Whoever kills it, it comes back at the same address with the same store, after
 * a while. It does not outlive this process, whatever that dies of.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CUT_MS } from "./controls.ts";
import { HOST } from "./page-server.ts";

/** Where `nats-server` is on PATH; `undefined` when it is not. */
export function natsServerHere(): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, "nats-server");
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** A nats-server that this process has started. */
export class Broker {
  readonly url: string;
  readonly #program: string;
  readonly #port: number;
  readonly #store: string;
  #child: ChildProcess | undefined;
  /** Ends the broker when this process is gone. */
  #watchdog: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backMs = 0;
  #isOver = false;

  private constructor(program: string, port: number, store: string) {
    this.url = `nats://${HOST}:${port}`;
    this.#program = program;
    this.#port = port;
    this.#store = store;
  }

  /**
   * Starts one, and waits until it answers.
   *
   * @throws Error when it does not
   */
  static async start(program: string, port: number): Promise<Broker> {
    const broker = new Broker(program, port, await mkdtemp(join(tmpdir(), "arena-nats-")));
    broker.#start();
    for (let tries = 0; tries < START_TRIES; tries++) {
      if (await answers(port)) return broker;
      await sleep(START_PAUSE_MS);
    }
    await broker.end();
    throw new Error(`${program} does not answer on port ${port}`);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** For how long it stays away; 0 while it runs. */
  get leftMs(): number {
    return this.#child === undefined ? Math.max(0, this.#backMs - performance.now()) : 0;
  }

  /** Kills it. It is started again, as when somebody else has killed it. */
  cut(): void {
    this.#child?.kill("SIGKILL");
  }

  /** Ends it, and removes its store. */
  async end(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL"); // its store is thrown away
      await gone;
    }
    await rm(this.#store, { recursive: true, force: true });
  }

  #start(): void {
    if (this.#isOver) return;
    const args = ["-a", HOST, "-p", String(this.#port), "-js", "-sd", this.#store];
    const child = spawn(this.#program, args, { stdio: "ignore" });
    this.#child = child;
    child.on("error", () => {}); // it is not there any more: nobody answers, which is said
    child.once("exit", () => {
      this.#child = undefined;
      this.#watchdog?.kill("SIGKILL");
      this.#backMs = performance.now() + CUT_MS;
      if (!this.#isOver) this.#timer = setTimeout(() => this.#start(), CUT_MS);
    });
    this.#watchdog = spawn("sh", ["-c", WATCHDOG, "sh", String(child.pid), this.#store], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#watchdog.on("error", () => {});
    this.#watchdog.stdin?.on("error", () => {});
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Its stdin ends when this process does, also by kill -9. */
const WATCHDOG = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';
const START_PAUSE_MS = 50;
/** Ten seconds, on a busy machine. */
const START_TRIES = 200;
