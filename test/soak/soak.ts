/**
 * One soak: a server in this process, its players in another, and wave after wave
 * of players, with a look at what is left behind each.
 */
import { fileURLToPath } from "node:url";
import { runLoop } from "../../src/index.ts";
import { Child } from "../demo/children.ts";
import { heapBytes } from "../proof/measure.ts";
import { soakListeners } from "./listeners.ts";
import type { Command, Wave } from "./players.ts";
import { SeededRandom } from "./seeded-random.ts";
import { SoakServer } from "./server.ts";
import { activeNow, complaintsOf, type Sample } from "./verdict.ts";

/** A server, its players, and the waves. */
export class Soak {
  readonly #seed: number;
  readonly #server: SoakServer;
  readonly #players: Child;
  readonly #samples: Sample[] = [];
  readonly #stop = new AbortController();
  readonly #loop: Promise<unknown>;
  /** What is active when nobody is there, as of before the first wave. */
  #activeAtRest = "";
  #gaps = 0;

  constructor(seed: number) {
    this.#seed = seed;
    const all = soakListeners();
    this.#server = new SoakServer(all, new SeededRandom(seed));
    console.log(`listeners: ${all.map(({ name }) => name).join(", ")}`);
    const program = fileURLToPath(new URL("players.ts", import.meta.url));
    this.#players = new Child(process.execPath, ["--import", "tsx", program], "pipe");
    const { poller } = this.#server;
    const { signal } = this.#stop;
    this.#loop = runLoop({ rateHz: 60, poller, tick: (_, frame) => this.#server.tick(frame), signal });
    this.#loop.catch(() => {}); // told when it is awaited
  }

  /** Waves until the time is over. Answers what is wrong. */
  async run(lengthMs: number): Promise<string[]> {
    const untilMs = performance.now() + lengthMs;
    await this.#until(() => this.#server.addresses !== undefined);
    this.#command({ listeners: this.#server.addresses ?? [] });
    this.#activeAtRest = activeNow();
    console.log("wave  players  words in  words out  dropped  heap KiB  active");
    for (let wave = 1; performance.now() < untilMs || wave <= 1; wave++) await this.#wave(wave);
    const endings = [...this.#server.endings].sort().map(([kind, count]) => `${kind} ${count}`);
    console.log(`endings: ${endings.join(", ")}`);
    return [
      ...(this.#gaps > 0 ? [`players received ${this.#gaps} words out of order`] : []),
      ...this.#server.faults.slice(0, MOST_TOLD),
      ...(this.#players.err.all.length > 0
        ? [`the players complain: ${this.#players.err.all.join("\n")}`]
        : []),
      ...complaintsOf(this.#samples, this.#activeAtRest),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.#server.poller[Symbol.asyncDispose]();
  }

  async #wave(wave: number): Promise<void> {
    this.#command({ seed: this.#seed + wave, wave: WAVE_MS });
    const said = this.#players.out.until(/^\{.*\}$/);
    const { players, gaps } = JSON.parse((await said)[0]) as Wave;
    this.#gaps += gaps;
    await this.#until(() => this.#server.remains.length === 0 && activeNow() === this.#activeAtRest);
    const { stats } = this.#server.poller;
    const sample = {
      wave,
      players,
      heapBytes: heapBytes(),
      active: activeNow(),
      remains: this.#server.remains,
    };
    this.#samples.push(sample);
    const { receivedMessages, sentMessages, dropped } = stats;
    const figures = [players, receivedMessages, sentMessages, dropped, Math.round(sample.heapBytes / 1_024)];
    console.log(
      `${String(wave).padStart(4)}  ${figures.map((figure, at) => String(figure).padStart(WIDTHS[at] ?? 0)).join("  ")}  ${sample.active}`,
    );
  }

  #command(command: Command): void {
    this.#players.type(`${JSON.stringify(command)}\n`);
  }

  /** Waits, while the loop goes on; what does not come is a complaint of the sample's, and no error. */
  async #until(isThere: () => boolean): Promise<void> {
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (!isThere() && performance.now() < deadlineMs) {
      await Promise.race([this.#loop, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
  }
}

/** Short enough for a row of samples in two minutes, long enough for all sorts of players to meet. */
const WAVE_MS = 6_000;
/** For the last goodbyes of a wave. */
const DEADLINE_MS = 10_000;
const MOST_TOLD = 20;
const WIDTHS = [7, 8, 9, 7, 8];
