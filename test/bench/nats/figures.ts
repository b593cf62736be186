/** What the runs say, as figures, and the tables of the manual. Nothing here measures anything. */
import { type Spread, spreadOf } from "../report/statistics.ts";
import { formatSpread } from "../report/table.ts";
import type { NatsResult } from "./run.ts";
import { type NatsWork, WIRES, type WireName } from "./works.ts";

export type FigureName =
  | "messages"
  | "endsUs"
  | "brokerUs"
  | "allUs"
  | "deliveryUs"
  | "turnP50Ms"
  | "turnP99Ms";

/** Of one wire in one run; `undefined` where the machine cannot say. */
export const FIGURES: Readonly<Record<FigureName, (result: NatsResult) => number | undefined>> = {
  messages: ({ world }) => world.taken / (world.elapsedMs / 1_000),
  endsUs: ({ gateway, world }) => ((gateway.cpuMs + world.cpuMs) * 1_000) / world.taken,
  brokerUs: ({ brokerCpuMs, world }) =>
    brokerCpuMs === undefined ? undefined : (brokerCpuMs * 1_000) / world.taken,
  allUs: ({ gateway, world, brokerCpuMs = 0 }) =>
    ((gateway.cpuMs + world.cpuMs + brokerCpuMs) * 1_000) / world.taken,
  deliveryUs: (result) =>
    result.brokerCpuMs === undefined ? undefined : (result.brokerCpuMs * 1_000) / deliveriesOf(result),
  turnP50Ms: ({ gateway }) => gateway.turnP50Ms,
  turnP99Ms: ({ gateway }) => gateway.turnP99Ms,
};

/** What the broker has handed to somebody: to the world, and to all gateways. */
export function deliveriesOf({ gateway, world, crowd }: NatsResult): number {
  const toWorld = crowd === undefined ? world.taken : gateway.sent;
  return toWorld + gateway.taken + (crowd?.taken ?? 0);
}

/** The results of all rounds. */
export class NatsRows {
  readonly #results = new Map<string, NatsResult[]>();

  /** In the order of the rounds. */
  add(work: string, wire: WireName | "all", result: NatsResult): void {
    const key = `${work} ${wire}`;
    this.#results.set(key, [...this.of(work, wire), result]);
  }

  of(work: string, wire: WireName | "all"): readonly NatsResult[] {
    return this.#results.get(`${work} ${wire}`) ?? [];
  }

  figure(work: string, wire: WireName, name: FigureName): Spread | undefined {
    return spreadOf(this.#values(work, wire, name).filter((value) => value !== undefined));
  }

  /** Taken within each round, as whatever else the machine does meets neighbours alike. */
  ratio(work: string, wire: WireName, against: WireName, name: FigureName): Spread | undefined {
    const others = this.#values(work, against, name);
    const ratios = this.#values(work, wire, name).map((value, round) => {
      const other = others[round];
      return value === undefined || other === undefined ? undefined : value / other;
    });
    return spreadOf(ratios.filter((ratio) => ratio !== undefined));
  }

  #values(work: string, wire: WireName, name: FigureName): (number | undefined)[] {
    return this.of(work, wire).map(FIGURES[name]);
  }
}

/** One table for each kind of work. */
export function tables(works: readonly NatsWork[], rows: NatsRows): string[] {
  const isLatency = ({ task }: NatsWork) => task.kind === "latency";
  return [
    ...table(
      [
        "work",
        "",
        "messages/s",
        "CPU of both ends",
        "of the broker",
        "of all, × `tcp()`",
        "× by hand",
        "input to state",
      ],
      works.filter((work) => !isLatency(work)).flatMap((work) => costRows(work, rows)),
    ),
    "",
    ...table(
      ["60 Hz × 1 message, the world looks", "", "p50", "p99", "added, p50", "added, p99", "a frame later"],
      works.filter(isLatency).flatMap((work) => latencyRows(work, rows)),
    ),
  ];
}

function costRows({ name, title, wires }: NatsWork, rows: NatsRows): string[][] {
  const measured = wires.filter((wire) => rows.of(name, wire).length > 0);
  return measured.map((wire, index) => {
    const us = (figure: FigureName) => format(rows.figure(name, wire, figure)?.median, 2, " µs");
    const times = (against: WireName) =>
      wire === against ? "" : formatOr(rows.ratio(name, wire, against, "allUs"));
    const messages = rows.figure(name, wire, "messages")?.median;
    const whole = messages === undefined ? "–" : Math.round(messages).toLocaleString("en-US");
    const [p50, p99] = [rows.figure(name, wire, "turnP50Ms"), rows.figure(name, wire, "turnP99Ms")];
    const turn = p50 === undefined ? "" : `${format(p50.median, 0, "")} (${format(p99?.median, 0, "")}) ms`;
    const broker = WIRES[wire].isOfBroker ? us("brokerUs") : "";
    return [
      index === 0 ? title : "",
      WIRES[wire].title,
      whole,
      us("endsUs"),
      broker,
      times("tcp"),
      times("hand"),
      turn,
    ];
  });
}

function latencyRows({ name, task, wires }: NatsWork, rows: NatsRows): string[][] {
  const rounds = rows.of(name, "all").map(({ world }) => world.latencies ?? []);
  if (rounds.length === 0 || task.kind !== "latency") return [];
  return wires.map((wire, index) => {
    type Name = "p50Ms" | "p99Ms" | "addedP50Ms" | "addedP99Ms" | "laterPart";
    const median = (of: Name) =>
      spreadOf(rounds.map((round) => round[index]?.[of]).filter((value) => value !== undefined))?.median;
    const ms = (of: Name) => format(median(of), 2, " ms");
    const later =
      task.looks === "in frames" ? format((median("laterPart") ?? Number.NaN) * 100, 1, " %") : "";
    const added = index === 0 ? ["", "", ""] : [ms("addedP50Ms"), ms("addedP99Ms"), later];
    return [index === 0 ? task.looks : "", WIRES[wire].title, ms("p50Ms"), ms("p99Ms"), ...added];
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|---|---|${"--:|".repeat(head.length - 2)}`, ...rows.map(line)];
}

function format(value: number | undefined, digits: number, unit: string): string {
  return value === undefined || Number.isNaN(value) ? "–" : `${value.toFixed(digits)}${unit}`;
}

function formatOr(spread: Spread | undefined): string {
  return spread === undefined ? "–" : formatSpread(spread);
}
