/**
 * One run: a server process and a load process for one scenario, a warm-up, a
 * measured window, and both reports. The children are gone afterwards, however
 * it ends.
 *
 * The servers are bundled once, as a user's would be, so that neither side
 * pays for the translation of TypeScript while it is measured.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Command, Job, LoadReport, Ready, ServerReport, Side } from "./reports.ts";
import type { Scenario } from "./scenarios.ts";

/** How long a run is, in milliseconds. */
export interface RunLength {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What one run found. */
export interface Result {
  readonly server: ServerReport;
  readonly load: LoadReport;
}

/** The bundled programs, in a folder of their own until they are disposed of. */
export interface Programs {
  /** Runs one side of a scenario. With `profileFolder`, the server leaves a CPU profile there. */
  run(side: Side, scenario: Scenario, length: RunLength, profileFolder?: string): Promise<Result>;
  dispose(): void;
}

/** Bundles the servers and the load. */
export async function bundlePrograms(): Promise<Programs> {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-bench-"));
  const here = fileURLToPath(new URL(".", import.meta.url));
  await build({
    entryPoints: ["server-tickwire.ts", "server-net.ts", "load.ts"].map((name) => join(here, name)),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  return {
    run: (side, scenario, length, profileFolder) =>
      runOnce(join(folder, `server-${side}.mjs`), join(folder, "load.mjs"), scenario, length, profileFolder),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runOnce(
  serverFile: string,
  loadFile: string,
  scenario: Scenario,
  { warmUpMs, measureMs }: RunLength,
  profileFolder?: string,
): Promise<Result> {
  const profileFlags = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`];
  const server = new Child(serverFile, { scenario, port: 0 }, profileFlags);
  let load: Child | undefined;
  try {
    const { port } = await server.next<Ready>(READY_TIMEOUT_MS);
    load = new Child(loadFile, { scenario, port });
    await load.next<Ready>(READY_TIMEOUT_MS);
    await server.quietFor(warmUpMs);
    for (const child of [server, load]) child.command("begin");
    await server.quietFor(measureMs);
    for (const child of [server, load]) child.command("end");
    return { server: await server.next(REPORT_TIMEOUT_MS), load: await load.next(REPORT_TIMEOUT_MS) };
  } finally {
    await Promise.all([server.end(), load?.end()]);
  }
}

/** One child process. It ends when this one does: its channel closes then. */
class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #told: unknown[] = [];
  readonly #exited: Promise<void>;
  #over = false;
  #wake = () => {};

  constructor(file: string, job: Job, flags: string[] = []) {
    this.#name = file;
    this.#process = fork(file, [JSON.stringify(job)], {
      execArgv: flags,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#process.on("message", (message) => {
      this.#told.push(message);
      this.#wake();
    });
    this.#process.on("error", () => {}); // a channel that closed under a command; the exit tells the same
    this.#exited = new Promise((resolve) => {
      this.#process.on("exit", () => {
        this.#over = true;
        this.#wake();
        resolve();
      });
    });
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

  command(command: Command): void {
    if (this.#process.connected) this.#process.send(command);
  }

  /** Lets it go, by force after a while: a server that is profiled needs a moment to write. */
  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

const READY_TIMEOUT_MS = 15_000;
const REPORT_TIMEOUT_MS = 10_000;
const END_TIMEOUT_MS = 5_000;
