/**
 * The arena in one process: gateways, worlds and bots as objects, each with a poller and time of its
 * own, over `memory()`. What shows it without a broker, and what tests step through. A kill
 * is a poller that is gone without a word, a stop one that is not polled.
 */
import type { MemoryTransport, Transport } from "../../src/index.ts";
import { Bots } from "./bots.ts";
import { type Controlled, type Controls, CUT_MS, RESTART_MS } from "./controls.ts";
import { Gateway, gatewayName } from "./gateway.ts";
import type { Part } from "./member.ts";
import type { BrokerView, ProcessState } from "./shared/operator-wire.ts";
import { WORLD_HZ } from "./shared/rules.ts";
import { World, worldName } from "./world.ts";

/** What an arena in one process is made of. */
export interface LocalOptions {
  readonly gateways: number;
  readonly worlds: number;
  readonly bots: number;
  readonly seed: number;
  readonly bus: MemoryTransport;
  /** Where the players of a gateway come in: with sessions. */
  readonly players: (index: number) => Transport;
  /** The way of a bot to a gateway, without the session. */
  readonly transport: (place: string) => Transport;
  /** Where the gateways are. */
  readonly places: readonly string[];
  readonly say: (who: string, line: string) => void;
}

/** All of it; call {@link step} once in each frame. */
export class LocalArena implements Controls {
  readonly processes: readonly LocalProcess[];
  readonly #bus: MemoryTransport;
  #nowMs = 0;
  #cutUntilMs: number | undefined;

  constructor({ gateways, worlds, bots, seed, bus, players, transport, places, say }: LocalOptions) {
    this.#bus = bus;
    const processes: LocalProcess[] = [];
    for (let index = 0; index < worlds; index++) {
      const name = worldName(index);
      const make = (): World => new World({ index, worlds, bus, say: (line) => say(name, line) });
      processes.push(new LocalProcess(name, "world", make, 1_000 / WORLD_HZ));
    }
    for (let index = 0; index < gateways; index++) {
      const make = (): Gateway => new Gateway({ index, zones: worlds, bus, players: players(index), places });
      processes.push(new LocalProcess(gatewayName(index), "gateway", make));
    }
    if (bots > 0) {
      const make = (): Bots => new Bots({ bots, zones: worlds, bus, places, transport, seed });
      processes.push(new LocalProcess("bots", "bots", make));
    }
    this.processes = processes;
  }

  get broker(): BrokerView {
    const leftMs = this.#cutUntilMs === undefined ? 0 : this.#cutUntilMs - this.#nowMs;
    const state = this.#cutUntilMs === undefined ? "running" : "cut";
    return { words: "memory(), all in one process", state, leftMs, why: undefined };
  }

  cut(): void {
    this.#cutUntilMs = this.#nowMs + CUT_MS;
    this.#bus.hold();
  }

  /** One frame of everything at `nowMs`. */
  step(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#cutUntilMs !== undefined && nowMs >= this.#cutUntilMs) {
      this.#cutUntilMs = undefined;
      this.#bus.cut(); // what was on its way is lost, as with a broker
      this.#bus.release();
    }
    for (const one of this.processes) one.step(nowMs);
  }

  /** The process of that name. */
  get(name: string): LocalProcess {
    const found = this.processes.find((one) => one.name === name);
    if (found === undefined) throw new RangeError(`there is no ${name}`);
    return found;
  }

  async end(): Promise<void> {
    for (const { part } of this.processes) await part?.end();
  }
}

/** One process that is none. */
class LocalProcess implements Controlled {
  readonly name: string;
  readonly role: Controlled["role"];
  readonly pid: number = process.pid;
  readonly #make: () => Part;
  readonly #everyMs: number;
  #part: Part | undefined;
  #isStopped = false;
  #dueMs = Number.NEGATIVE_INFINITY;
  #nowMs = 0;
  #steppedMs = 0;
  /** How long each frame took since the last note. */
  #framesMs: number[] = [];
  #notedMs = 0;

  constructor(name: string, role: Controlled["role"], make: () => Part, everyMs = 0) {
    this.name = name;
    this.role = role;
    this.#make = make;
    this.#everyMs = everyMs;
  }

  get state(): ProcessState {
    if (this.#isStopped) return "stopped";
    return this.#part === undefined ? "gone" : "running";
  }

  /** What it is; `undefined` while it is gone. */
  get part(): Part | undefined {
    return this.#part;
  }

  step(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#isStopped || nowMs < this.#dueMs) return;
    this.#part ??= this.#make();
    const { poller } = this.#part.member;
    const dtMs = this.#framesMs.length === 0 ? 0 : nowMs - this.#steppedMs;
    this.#steppedMs = nowMs;
    this.#dueMs = Math.max(this.#dueMs + this.#everyMs, nowMs);
    const beganMs = performance.now();
    poller.poll(nowMs);
    this.#part.member.frame(this.#part, dtMs, nowMs);
    poller.flush();
    this.#note(performance.now() - beganMs, nowMs);
  }

  kill(): void {
    this.#part?.member.kill();
    this.#framesMs = [];
    this.#part = undefined;
    this.#isStopped = false;
    this.#dueMs = this.#nowMs + RESTART_MS;
  }

  stop(): void {
    if (this.#part !== undefined) this.#isStopped = true;
  }

  continue(): void {
    this.#isStopped = false;
  }

  #note(tookMs: number, nowMs: number): void {
    this.#framesMs.push(tookMs);
    if (nowMs - this.#notedMs < 1_000) return;
    this.#notedMs = nowMs;
    const sorted = this.#framesMs.sort((one, other) => one - other);
    const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    this.#part?.member.note({ ticks: sorted.length, tickMs: { p50: at(0.5), p99: at(0.99), max: at(1) } });
    this.#framesMs = [tookMs];
  }
}
