/**
 * A reader of a manual: somebody with a new, empty folder outside this
 * repository, who writes the programs that the manual shows, types its commands
 * and looks at what happens. The port 14900 of the manuals is another one here,
 * as somebody else may read the same page on this machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { vi } from "vitest";
import { commandsOf, type Manual, programsOf, root } from "./manual.ts";
import { npmEnvironment, type Registry, startRegistry } from "./npm.ts";
import { packed } from "./packed.ts";

/** For one command or one answer: a deadline for what hangs, on a machine that is ten times slower. */
export const DEADLINE_MS = 100_000;

/** For packing and installing, which build the whole package: the same, in proportion. */
export const SETUP_MS = 600_000;

/** Somebody who follows one manual. */
export class Reader {
  readonly manual: Manual;
  readonly folder: string;
  readonly #registry: Registry;
  readonly #running = new Set<Running>();

  private constructor(manual: Manual, registry: Registry) {
    this.manual = manual;
    this.#registry = registry;
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "tickwire-manual-")));
  }

  /** A reader with an empty folder. */
  static async of(manual: Manual): Promise<Reader> {
    return new Reader(manual, await startRegistry(await packed()));
  }

  /** Writes a program of the manual into the folder. `port` stands in for the manual's. */
  write(name: string, port: number = MANUAL_PORT): void {
    const program = programsOf(this.manual).find((one) => one.name === name);
    if (program === undefined) throw new Error(`${this.manual.path} shows no ${name}`);
    writeFileSync(join(this.folder, name), program.code.replaceAll(`${MANUAL_PORT}`, `${port}`));
  }

  /** Types what installs, in the manual's order. A tool that it names is lent by this repository. */
  async install(): Promise<void> {
    const named = new Set(["typescript"]); // for the type-check, which no reader need do
    for (const command of commandsOf(this.manual).filter(isInstall)) {
      const words = command.split(" ");
      // Taken back first: npm removes what it did not install.
      for (const place of [...TOOLS.values()].flat()) rmSync(this.#placeOf(place), { force: true });
      await this.run(words.filter((word) => !TOOLS.has(word)).join(" "));
      for (const word of words) named.add(word);
      for (const place of [...named].flatMap((name) => TOOLS.get(name) ?? [])) this.#lend(place);
    }
  }

  /** Types a command, and waits for its end. Throws what it printed when it failed. */
  async run(command: string, cwd: string = this.folder): Promise<string> {
    const running = this.start(command, { cwd });
    const code = await running.exit;
    if (code === 0) return running.output;
    throw new Error(`${command} ended with ${code}\n${running.output}${running.errors}`);
  }

  /** Types a command, and lets it run. */
  start(
    command: string,
    { port = MANUAL_PORT, cwd = this.folder }: { port?: number; cwd?: string } = {},
  ): Running {
    const env = npmEnvironment({
      npm_config_registry: this.#registry.url,
      npm_config_cache: join(this.folder, ".npm"),
    });
    const running = new Running(command.replaceAll(`${MANUAL_PORT}`, `${port}`), cwd, env);
    this.#running.add(running);
    return running;
  }

  /** Ends everything that was started. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.kill()));
    this.#running.clear();
  }

  /** Ends everything that was started, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.endAll();
    await this.#registry.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Lends the folder what this repository has in the same place. */
  #lend(name: string): void {
    const place = this.#placeOf(name);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(realpathSync(join(root, "node_modules", name)), place, "junction");
  }

  #placeOf(name: string): string {
    return join(this.folder, "node_modules", name);
  }
}

/** Whether a command installs packages into the reader's folder. */
export function isInstall(command: string): boolean {
  return command.startsWith("npm install ");
}

/** A command that was typed. */
export class Running {
  readonly command: string;
  output = "";
  errors = "";
  /** Its exit code, or the name of the signal that ended it. */
  readonly exit: Promise<number | string>;
  readonly #child: ChildProcess;
  #isOver = false;

  constructor(command: string, cwd: string, env: NodeJS.ProcessEnv) {
    this.command = command;
    // A group of its own: npx starts others, and does not tell them that it was ended.
    this.#child = spawn("sh", ["-c", command], {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (data) => {
      this.output += data;
    });
    this.#child.stderr?.on("data", (data) => {
      this.errors += data;
    });
    this.exit = once(this.#child, "close").then(([code, signal]) => {
      this.#isOver = true;
      return (code ?? signal) as number | string;
    });
  }

  /** Waits until it has printed exactly this. Throws when it prints something else, or is over without it. */
  async printed(wanted: string): Promise<void> {
    await until(() => {
      if (this.output === wanted) return true;
      if (!wanted.startsWith(this.output) || this.#isOver)
        throw new Over(`${this.command} printed ${this.said}`);
      return false;
    });
  }

  /** Connects to a port that it will listen on, as soon as it does. */
  async reach(port: number): Promise<Caller> {
    return until(() => {
      if (this.#isOver) throw new Over(`${this.command} is over: ${this.said}`);
      return Caller.to(port);
    });
  }

  /** Asks it for a page, as soon as it serves one. */
  async page(url: string): Promise<string> {
    return until(async () => {
      if (this.#isOver) throw new Over(`${this.command} is over: ${this.said}`);
      return (await fetch(url)).text();
    });
  }

  /** What it printed, on both. */
  get said(): string {
    return JSON.stringify(this.output + this.errors);
  }

  async kill(): Promise<void> {
    if (!this.#isOver && this.#child.pid !== undefined) {
      try {
        process.kill(-this.#child.pid, "SIGKILL");
      } catch {
        // it has ended just now
      }
    }
    await this.exit;
  }
}

/** Somebody with `nc`. */
export class Caller {
  readonly #socket: net.Socket;
  #text = "";

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      this.#text += data.toString("latin1");
    });
    socket.on("error", () => {}); // the program was ended
  }

  static async to(port: number): Promise<Caller> {
    const socket = net.connect(port, "localhost"); // whichever family it listens on
    await once(socket, "connect");
    return new Caller(socket);
  }

  type(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** Ends the stream, after what was typed. */
  leave(): void {
    this.#socket.end();
  }

  /** Everything that came, once it ends with this text, or has it in its midst. Throws when the stream is over without it. */
  async received(wanted: string | RegExp): Promise<string> {
    const isThere = () =>
      typeof wanted === "string" ? this.#text.endsWith(wanted) : wanted.test(this.#text);
    while (!isThere()) {
      if (this.#socket.closed) throw new Error(`the program has hung up after ${JSON.stringify(this.#text)}`);
      await new Promise<void>((resolve) => {
        this.#socket.once("data", () => resolve()).once("close", () => resolve());
      });
    }
    return this.#text;
  }
}

/**
 * A port for a program of a manual that nobody has now. It is below those that
 * the system gives away by itself, so that nobody takes it by chance.
 */
export async function freePort(): Promise<number> {
  return until(async () => {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    const server = net.createServer().listen(port);
    await once(server, "listening");
    await once(server.close(), "close");
    return port;
  });
}

/** The first answer that is neither a failure nor `false`; asks again and again until the deadline. */
export async function until<T>(ask: () => T | Promise<T>): Promise<Exclude<T, false>> {
  let over: Over | undefined;
  const answer = await vi.waitFor(
    async () => {
      try {
        const got = await ask();
        if (got === false) throw new Error("not yet");
        return got as Exclude<T, false>;
      } catch (error) {
        if (!(error instanceof Over)) throw error;
        over = error; // there is nothing to wait for
        return undefined;
      }
    },
    { timeout: DEADLINE_MS, interval: 30 },
  );
  if (over !== undefined) throw over;
  return answer as Exclude<T, false>;
}

/** It will not come, however long one waits. */
class Over extends Error {}

const MANUAL_PORT = 14_900;

/** Tools that a manual has installed, each with its places in `node_modules`. */
const TOOLS: ReadonlyMap<string, readonly string[]> = new Map([
  ["koffi", ["koffi"]],
  ["@nats-io/kv", ["@nats-io/kv"]],
  ["@nats-io/transport-node", ["@nats-io/transport-node"]],
  ["esbuild", ["esbuild", ".bin/esbuild"]],
  ["tsx", ["tsx", ".bin/tsx"]],
  ["typescript", ["typescript", ".bin/tsc", "@types/node"]],
  ["vite", ["vite", ".bin/vite"]],
  ["vitest", ["vitest", ".bin/vitest"]],
]);
