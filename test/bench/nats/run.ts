/**
 * One run of one wire at one work: a broker where the wire needs one, a world, a gateway, all
 * other gateways and the players where there are some. All are gone afterwards.
 */
import { Broker } from "../../transport/nats/broker.ts";
import { Child, type Cores } from "../measure/child.ts";
import type { Bundle } from "../measure/programs.ts";
import type { Begun, Job, Ready } from "../measure/protocol.ts";
import type { LoadReport } from "../measure/reports.ts";
import { CONTESTANTS, type Work } from "../works.ts";
import { type CpuOfThreads, cpuMsBetween, cpuOf } from "./cpu-of.ts";
import type { NatsJob, PeerReport, Role } from "./job.ts";
import type { Place } from "./wires/wire.ts";
import { type NatsWork, WIRES, type WireName } from "./works.ts";

export interface NatsBench {
  readonly programs: Bundle;
  readonly cores: Cores;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** What one run found. */
export interface NatsResult {
  readonly gateway: PeerReport;
  readonly world: PeerReport;
  readonly crowd?: PeerReport;
  readonly players?: LoadReport;
  /** `undefined` without a broker, and where the system does not say. */
  readonly brokerCpuMs: number | undefined;
}

/** @param wires one, or in a measurement of latency all */
export async function runWork(
  bench: NatsBench,
  work: NatsWork,
  wires: readonly WireName[],
): Promise<NatsResult> {
  const needsBroker = wires.some((wire) => WIRES[wire].isOfBroker);
  const broker = needsBroker ? await Broker.start() : undefined;
  const run = new Run(bench, work, wires, broker);
  try {
    return await run.measure();
  } finally {
    await run.end();
    await broker?.[Symbol.asyncDispose]();
  }
}

class Run {
  readonly #bench: NatsBench;
  readonly #work: NatsWork;
  readonly #wires: readonly WireName[];
  readonly #broker: Broker | undefined;
  readonly #children: Child[] = [];

  constructor(bench: NatsBench, work: NatsWork, wires: readonly WireName[], broker: Broker | undefined) {
    this.#bench = bench;
    this.#work = work;
    this.#wires = wires;
    this.#broker = broker;
  }

  async measure(): Promise<NatsResult> {
    const { cores, warmUpMs, measureMs } = this.#bench;
    const { task } = this.#work;
    const { child: world, port } = await this.#start("world", 0, cores.server);
    const { child: gateway, port: players } = await this.#start("gateway", port, cores.load);
    const hasCrowd = task.kind === "fan-out" && task.gateways > 1;
    const crowd = hasCrowd ? (await this.#start("crowd", port, cores.server)).child : undefined;
    const load = task.kind === "fan-out" ? await this.#startPlayers(players, task) : undefined;
    const all = [world, gateway, crowd, load].filter((child) => child !== undefined);
    await Promise.race(all.map((child) => child.quietFor(warmUpMs)));
    for (const child of all) child.command("begin");
    for (const child of all) await child.next<Begun>(TIMEOUT_MS);
    const before = this.#brokerCpu();
    await Promise.race(all.map((child) => child.quietFor(measureMs)));
    const after = this.#brokerCpu();
    for (const child of all) child.command("end");
    return {
      world: await world.next(TIMEOUT_MS),
      gateway: await gateway.next(TIMEOUT_MS),
      ...(crowd !== undefined && { crowd: await crowd.next<PeerReport>(TIMEOUT_MS) }),
      ...(load !== undefined && { players: await load.next<LoadReport>(TIMEOUT_MS) }),
      brokerCpuMs: cpuMsBetween(before, after),
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()));
  }

  async #start(
    role: Role,
    port: number,
    core: string | undefined,
  ): Promise<{ readonly child: Child; readonly port: number }> {
    const place: Place = { servers: this.#broker?.url ?? "", port };
    const job: NatsJob = { role, task: this.#work.task, wires: this.#wires, place };
    const title = `${this.#work.name}, ${this.#wires.join(" ")}, ${role}`;
    const child = new Child(title, this.#bench.programs.node("peer"), job, core);
    this.#children.push(child);
    return { child, port: (await child.next<Ready>(TIMEOUT_MS)).port };
  }

  /** The players are those of the benchmark of servers. */
  async #startPlayers(port: number, { players, rateHz }: FanOut): Promise<Child> {
    const work: Work = {
      name: this.#work.name,
      title: this.#work.title,
      connections: players,
      task: { kind: "receive", perTick: 1, rateHz },
      contestants: [],
      figures: [],
      expected: [],
    };
    const job: Job = {
      work,
      contestant: CONTESTANTS.tcp,
      address: { port, path: "" },
      certificates: "",
      isProfiled: false,
    };
    const { programs, cores } = this.#bench;
    const child = new Child(`${this.#work.name}, players`, programs.node("load"), job, cores.load);
    this.#children.push(child);
    await child.next<Ready>(TIMEOUT_MS);
    return child;
  }

  #brokerCpu(): CpuOfThreads {
    const pid = this.#broker?.pid;
    return pid === undefined ? undefined : cpuOf(pid);
  }
}

type FanOut = NatsWork["task"] & { readonly kind: "fan-out" };

const TIMEOUT_MS = 30_000;
