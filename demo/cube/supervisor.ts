/**
 * Keeps one peer's process running, for the launcher: starts it, passes on what
 * it prints, starts it again when it dies, and ends it. Its window comes back
 * at the same address, so that an open page finds it again.
 *
 *     start ──▶ serving ──▶ died ──▶ pause ──▶ start …
 *       └─▶ over: it could not begin, it ended by itself, or it dies too often
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Role } from "./shared/world.ts";

/** What to run, and where its lines go. */
export interface SupervisorOptions {
  readonly role: Role;
  /** The program's arguments behind the role. */
  readonly args: readonly string[];
  /** More of them, which each start has anew; none when left out. */
  readonly freshArgs?: () => readonly string[];
  /** Whether it ends by itself when all went well. */
  readonly mayFinish: boolean;
  /** Takes each line that it prints, and what happens to it. */
  readonly say: (line: string) => void;
  /** Called once, with the address of its window. */
  readonly onWindow: (url: string) => void;
}

/** One process, again and again. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  /** The address of its window, once there was one. */
  #url: string | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Runs until `signal`, or until it cannot go on. Answers an exit code. */
  async run(signal: AbortSignal): Promise<number> {
    for (let deaths = 0; !signal.aborted; ) {
      const { how, servedMs } = await this.#runOnce(signal);
      if (signal.aborted || (how === 0 && this.#options.mayFinish)) return 0;
      if (how === 1 && servedMs < BEGIN_MS) return 1; // it could not begin, and has said why
      deaths = servedMs > STEADY_MS ? 1 : deaths + 1;
      if (deaths > MOST_DEATHS) {
        this.#options.say(`ended again (${how}), and is left alone now`);
        return 1;
      }
      this.#options.say(`ended (${how}); starting it again in ${PAUSE_MS} ms`);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {}); // the signal ends the pause too
    }
    return 0;
  }

  /** Runs the process once: how it ended, and for how long it had a window. */
  async #runOnce(signal: AbortSignal): Promise<{ how: number | string; servedMs: number }> {
    const { role, args, freshArgs = () => [] } = this.#options;
    const window = this.#url === undefined ? [] : ["--window", new URL(this.#url).host];
    const child = spawnSelf([role, ...args, ...freshArgs(), ...window]);
    if (child.pid !== undefined) this.#options.say(`process ${child.pid}`); // to be killed, and watched coming back
    let servingSinceMs = Infinity;
    this.#passOn(child.stdout, (line) => {
      const [, url] = /^window (http:\S+)$/.exec(line) ?? [];
      if (url === undefined) return;
      servingSinceMs = performance.now();
      if (this.#url === undefined) this.#options.onWindow(url);
      this.#url = url;
    });
    this.#passOn(child.stderr);
    const stop = () => end(child);
    signal.addEventListener("abort", stop);
    try {
      const [code, killedBy] = (await once(child, "close")) as [number | null, string | null];
      const servedMs = Math.max(0, performance.now() - servingSinceMs);
      return { how: code ?? killedBy ?? "lost", servedMs };
    } catch (error) {
      return { how: (error as Error).message, servedMs: 0 }; // it was not started
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #passOn(stream: Readable | null, look?: (line: string) => void): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      this.#options.say(line);
      look?.(line);
    });
  }
}

/** This program with other arguments. It has a channel to here, and ends when that closes. */
function spawnSelf(args: readonly string[]): ChildProcess {
  const [, script = ""] = process.argv;
  return spawn(process.execPath, [...process.execArgv, script, ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
}

/** Politely, and then not. */
function end(child: ChildProcess): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
  child.once("close", () => clearTimeout(timer));
}

/** Time to read what happened; nobody waits long for a window. */
const PAUSE_MS = 500;
/** A port that is taken, a page that cannot be built: all that can be wrong from the beginning shows in this time. */
const BEGIN_MS = 1_000;
/** A process that has served this long was well, and what it dies of is a new trouble. */
const STEADY_MS = 10_000;
/** A process that dies so often in a row does so for a reason that starting it again does not mend. */
const MOST_DEATHS = 5;
/** A process says goodbye within half a second; the rest is for a busy machine. */
const END_WITHIN_MS = 2_000;
