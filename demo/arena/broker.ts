/**
 * The broker of the demo: a nats-server of its own, on the loopback, with its store in a
 * folder of its own. Can be killed, and comes back at the same address with the same store.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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
  #timer: NodeJS.Timeout | undefined;
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

  /** Kills it, and starts it again after `forMs`. */
  cut(forMs: number): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#start(), forMs);
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
    child.on("error", () => {}); // it is not there any more: nobody answers, which is said
    this.#child = child;
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

const START_PAUSE_MS = 50;
/** Ten seconds, on a busy machine. */
const START_TRIES = 200;
