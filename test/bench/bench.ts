/**
 * The benchmark as a function: works in, results out. The contestants take
 * turns within a round and the rounds follow each other, so that whatever else
 * the machine does meets all alike.
 */

import { lack } from "../machine.ts";
import { certificates } from "../transport/node/certificates.ts";
import { obstacleFor, obstacleTo } from "./machine.ts";
import { type Cores, chooseCores } from "./measure/child.ts";
import { bundlePrograms } from "./measure/programs.ts";
import type { Result, Share } from "./measure/reports.ts";
import { type Bench, runOnce } from "./measure/run.ts";
import { faultsOf, isMet, Rows } from "./report/rows.ts";
import { CONTESTANTS, type ContestantName, type Work } from "./works.ts";

/** What to run. */
export interface BenchOptions {
  readonly works: readonly Work[];
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The window of a work that has the first seconds of a process in it. */
  readonly coldMs: number;
  /** Whether the first round also counts system calls. */
  readonly syscalls: boolean;
  /** Whether a missed expectation is run once more under the profiler. */
  readonly profiles: boolean;
}

/** What came of it. */
export interface Outcome {
  readonly rows: Rows;
  readonly cores: Cores;
  /** What could not take part, and why. */
  readonly skipped: readonly string[];
  /** Runs whose figures do not measure what they claim, and why. */
  readonly faults: readonly string[];
  /** Runs that broke. */
  readonly broken: readonly string[];
  readonly profiles: readonly { readonly title: string; readonly shares: readonly Share[] }[];
}

/** Runs the works. */
export async function runBench(options: BenchOptions, note: (progress: string) => void): Promise<Outcome> {
  const folder = certificates()?.folder;
  const programs = await bundlePrograms();
  const { warmUpMs, measureMs, coldMs } = options;
  const times = { warmUpMs, measureMs, coldMs };
  const bench: Bench = { programs, cores: chooseCores(), ...times, certificates: folder ?? "" };
  const runs = new Runs(bench, options, note);
  try {
    const plan = options.works.map((work) => ({ work, contestants: runs.ableTo(work, folder) }));
    for (let round = 0; round < options.rounds; round++) {
      for (const { work, contestants } of plan) {
        for (const name of contestants) await runs.run(work, name, round);
      }
    }
    if (options.profiles) await runs.profileMissed();
    return runs;
  } finally {
    programs.dispose();
  }
}

class Runs implements Outcome {
  readonly rows = new Rows();
  readonly skipped: string[] = [];
  readonly faults: string[] = [];
  readonly broken: string[] = [];
  readonly profiles: { title: string; shares: readonly Share[] }[] = [];
  readonly #bench: Bench;
  readonly #options: BenchOptions;
  readonly #note: (progress: string) => void;
  readonly #hasStrace: boolean;

  constructor(bench: Bench, options: BenchOptions, note: (progress: string) => void) {
    this.#bench = bench;
    this.#options = options;
    this.#note = note;
    this.#hasStrace = options.syscalls && lack("strace") === undefined;
  }

  get cores(): Cores {
    return this.#bench.cores;
  }

  /** Who can take part in a work here. */
  ableTo(work: Work, certificates: string | undefined): ContestantName[] {
    return work.contestants.filter((name) => {
      const obstacle = obstacleTo(work) ?? obstacleFor(name, certificates);
      if (obstacle !== undefined) this.#skip(`${work.name}, ${name}: ${obstacle}`);
      return obstacle === undefined;
    });
  }

  async run(work: Work, name: ContestantName, round: number): Promise<void> {
    const title = `${work.name}, ${name}, round ${round + 1} of ${this.#options.rounds}`;
    this.#note(title);
    const syscalls = this.#hasStrace && round === 0 && work.figures.includes("syscalls");
    for (let attempt = 1; ; attempt++) {
      try {
        this.#keep(work, name, round, await runOnce(this.#bench, work, name, { syscalls }));
        return;
      } catch (error) {
        const message = `${title}: ${(error as Error).message}`;
        this.#note(message);
        if (attempt < ATTEMPTS) continue;
        this.broken.push(message);
        return;
      }
    }
  }

  /** Shows for each expectation that was missed where the time went. */
  async profileMissed(): Promise<void> {
    for (const work of this.#options.works) {
      const missed = work.expected.filter(
        (expected) => isMet(expected, this.rows.compared(work.name, expected)) === false,
      );
      for (const name of new Set(missed.map(({ of }) => of))) await this.#profile(work, name);
    }
  }

  #keep(work: Work, name: ContestantName, round: number, result: Result): void {
    this.rows.add(work.name, name, round, result);
    const faults = faultsOf(work, name, result);
    if (faults.length > 0) this.rows.doubt(work.name, name);
    this.faults.push(...faults.map((fault) => `${work.name}, ${name}, round ${round + 1}: ${fault}`));
  }

  async #profile(work: Work, name: ContestantName): Promise<void> {
    this.#note(`${work.name}, ${name}, under the profiler`);
    try {
      const { server } = await runOnce(this.#bench, work, name, { profile: true });
      this.profiles.push({
        title: `${work.title}: ${CONTESTANTS[name].title}`,
        shares: server.profile ?? [],
      });
    } catch (error) {
      this.broken.push(`${work.name}, ${name}, under the profiler: ${(error as Error).message}`);
    }
  }

  #skip(what: string): void {
    this.skipped.push(what);
    this.#note(`skipped: ${what}`);
  }
}

/** A machine that others use too may stand still for a whole window. */
const ATTEMPTS = 3;
