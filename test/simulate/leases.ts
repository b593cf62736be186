/**
 * Processes that claim the same leases, on simulated time: they stall, crash, release and hand over,
 * their clocks run at rates of their own, and their lines to the registry lose calls and answers,
 * bring them late and out of order, or are cut. All of it is drawn from a seed.
 */
import { type Claim, lease, memory, Poller, type Registry } from "../../src/index.ts";
import { type Fate, LeasingLine } from "../core/claim/leasing-line.ts";
import { must } from "../fuzz/fault.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import { LeaseLaws, type Saved } from "./lease-laws.ts";
import { randomOf } from "./plan.ts";

/** What a game of a seed did. */
export interface LeaseOutcome {
  readonly seed: number;
  readonly holds: number;
  readonly acts: number;
  readonly failure: unknown;
}

/** Changes the registry of one process, for a fault that must be found. */
export type TamperRegistry = (registry: Registry) => Registry;

/** Plays the game of that seed. */
export function simulateLeases(seed: number, tamper: TamperRegistry = (registry) => registry): LeaseOutcome {
  const game = new LeaseGame(seed, tamper);
  let failure: unknown;
  try {
    game.play();
  } catch (error) {
    failure = error;
  }
  const sum = (field: "holds" | "acts") => game.laws.reduce((all, laws) => all + laws[field], 0);
  return { seed, holds: sum("holds"), acts: sum("acts"), failure };
}

class LeaseGame {
  readonly laws: readonly LeaseLaws[];
  readonly #random: SeededRandom;
  readonly #tamper: TamperRegistry;
  readonly #wire = memory();
  readonly #names: readonly string[];
  readonly #ttlMs: number;
  readonly #chance: number;
  /** How many of all calls are not simply answered, on lines that nobody disturbs. */
  #badness: number;
  #processes: Process[] = [];
  /** Lines of those who crashed: what is late on them may still come. */
  readonly #dead: Process[] = [];
  #nowMs = 0;

  constructor(seed: number, tamper: TamperRegistry) {
    const random = randomOf(seed, 7);
    this.#random = random;
    this.#tamper = tamper;
    this.#ttlMs = random.pick([200, 1_000, 5_000]);
    this.#chance = random.pick([0, 0.02, 0.1, 0.3]);
    this.#badness = random.pick([0, 0, 0.1, 0.4]);
    this.#names = ["world.1", "world.2"].slice(0, random.between(1, 2));
    this.laws = this.#names.map((name) => new LeaseLaws(name));
    for (let count = random.between(1, 5); count > 0; count--) this.#start();
  }

  play(): void {
    const stepMs = this.#ttlMs / this.#random.pick([20, 50, 130]);
    for (let step = 0; step < STEPS; step++) {
      this.#nowMs += stepMs;
      this.#disturb();
      for (const process of this.#processes) process.frame(this.#nowMs, this.#badness);
    }
    // Everything works again: each lease has one owner soon.
    this.#badness = 0;
    for (const process of this.#processes) process.heal(0);
    if (this.#processes.length === 0) this.#start();
    const endMs = this.#nowMs + 4 * this.#ttlMs + 1_000;
    while (this.#nowMs < endMs) {
      this.#nowMs += stepMs;
      for (const process of this.#processes) process.frame(this.#nowMs, this.#badness);
    }
    for (const name of this.#names) {
      const owners = this.#processes.filter((process) => process.holds(name));
      must(owners.length === 1, () => `${name}: ${owners.length} hold it when all is well again`);
    }
  }

  #start(): void {
    const random = this.#random;
    // A fifth of ttlMs is the margin: clocks may differ by a quarter, and these do by less.
    const rate = random.pick([1, 1, 0.91, 0.95, 1.05, 1.09]);
    const line = new LeasingLine(this.#wire);
    const { registry } = line;
    line.registry = () => this.#tamper(registry.call(line));
    const offsetMs = random.between(0, 1_000_000);
    const toOwnMs = (nowMs: number): number => offsetMs + rate * nowMs;
    this.#processes.push(new Process(random, line, toOwnMs, this.#names, this.laws, this.#ttlMs));
  }

  #disturb(): void {
    const random = this.#random;
    for (const { line } of [...this.#processes, ...this.#dead]) {
      while (line.late.length > 0 && random.next() < 0.1)
        line.late.splice(random.between(0, line.late.length - 1), 1)[0]?.();
    }
    if (random.next() >= this.#chance) return;
    const process = random.pick(this.#processes.length > 0 ? this.#processes : [undefined]);
    const lengthMs = this.#ttlMs * random.pick([0.1, 0.5, 0.9, 1.2, 3]);
    const what = random.pick([
      "stall",
      "stall",
      "cut",
      "cut",
      "deaf",
      "bad",
      "crash",
      "start",
      "release",
      "hand over",
    ]);
    if (what === "start" && this.#processes.length < 6) this.#start();
    if (process === undefined) return;
    if (what === "stall") process.stalledUntilMs = this.#nowMs + lengthMs;
    if (what === "cut" || what === "deaf" || what === "bad") process.spoil(what, this.#nowMs + lengthMs);
    if (what === "release" || what === "hand over") process.give(what === "hand over");
    if (what === "crash") {
      this.#dead.push(process);
      this.#processes = this.#processes.filter((other) => other !== process);
    }
  }
}

/** One process: a poller, a line, a clock, and a claim of each lease. */
class Process {
  readonly line: LeasingLine;
  stalledUntilMs = 0;
  readonly #random: SeededRandom;
  readonly #toOwnMs: (nowMs: number) => number;
  readonly #poller = new Poller();
  readonly #worlds: World[];
  #spoiledUntilMs = 0;

  constructor(
    random: SeededRandom,
    line: LeasingLine,
    toOwnMs: (nowMs: number) => number,
    names: readonly string[],
    laws: readonly LeaseLaws[],
    ttlMs: number,
  ) {
    this.#random = random;
    this.line = line;
    this.#toOwnMs = toOwnMs;
    this.#poller.on("unhold", () => {}); // its claims say so themselves
    this.#worlds = names.map((name, index) => {
      const claim = () => this.#poller.claim(lease(line, name, { ttlMs }));
      return new World(claim, laws[index] as LeaseLaws);
    });
  }

  frame(nowMs: number, badness: number): void {
    if (nowMs < this.stalledUntilMs) return;
    if (nowMs >= this.#spoiledUntilMs) this.heal(badness);
    this.#poller.poll(this.#toOwnMs(nowMs));
    for (const world of this.#worlds) world.tick(this.#random);
    this.#poller.flush();
  }

  holds(name: string): boolean {
    return this.#worlds.some(({ claim }) => claim.name === name && claim.state === "held");
  }

  spoil(how: "cut" | "deaf" | "bad", untilMs: number): void {
    this.#spoiledUntilMs = untilMs;
    this.line.isDeaf = how !== "bad";
    if (how === "cut") this.line.fate = () => this.#random.pick<Fate>(["lost", "lost", "late", "failed"]);
    if (how === "bad") this.line.fate = () => this.#random.pick(FATES);
  }

  heal(badness: number): void {
    this.line.isDeaf = false;
    this.line.fate = () => (this.#random.next() < badness ? this.#random.pick(FATES) : "answered");
  }

  give(withState: boolean): void {
    for (const world of this.#worlds) world.give(withState);
  }
}

/** One lease in one process, and what its owner does with it. */
class World {
  claim: Claim;
  readonly #claim: () => Claim;
  readonly #laws: LeaseLaws;
  #state = "waiting";
  #step = 0;
  #saving: Saved | undefined;

  constructor(claim: () => Claim, laws: LeaseLaws) {
    this.#claim = claim;
    this.#laws = laws;
    this.claim = claim();
  }

  tick(random: SeededRandom): void {
    const { claim } = this;
    const { state } = claim;
    const way = `${this.#state} ${state}`;
    must(state === this.#state || NEXT.includes(way), () => `${claim.name}: a claim went from ${way}`);
    if (state === "held" && this.#state === "waiting") this.#laws.hold(claim, savedOf(claim.snapshot));
    this.#state = state;
    if (state === "held") this.#act(random);
    if (state === "lost" || state === "released") this.#renew(random);
  }

  give(withState: boolean): void {
    if (withState) this.claim.transfer(bytesOf({ epoch: this.claim.epoch, step: ++this.#step }));
    else this.claim.release();
    this.#state = this.claim.state;
  }

  #act(random: SeededRandom): void {
    const { claim } = this;
    this.#laws.act(claim);
    if (this.#saving !== undefined && !claim.isSaving) {
      this.#laws.confirm(this.#saving);
      this.#saving = undefined;
    }
    if (random.next() >= 0.1) return;
    const saved = { epoch: claim.epoch, step: ++this.#step };
    if (claim.trySave(bytesOf(saved))) this.#saving = saved;
  }

  #renew(random: SeededRandom): void {
    if (random.next() >= 0.2) return;
    this.claim = this.#claim();
    this.#state = "waiting";
    this.#step = 0;
    this.#saving = undefined;
  }
}

function bytesOf(saved: Saved): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(saved));
}

function savedOf(bytes: Uint8Array | undefined): Saved | undefined {
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Saved);
}

const STEPS = 600;
const NEXT = ["waiting held", "held lost", "held released", "waiting released"];
const FATES: readonly Fate[] = [
  "answered",
  "answered",
  "lost",
  "unanswered",
  "late",
  "answered late",
  "failed",
];
