/**
 * What a broker of NATS costs between gateways and worlds, beside a direct link and beside
 * its client by hand:
 *
 *     npx tsx test/bench/nats/main.ts [--quick] [--only frames,flood] [--rounds 3] [--seconds 2] [--write]
 *
 * Every contestant runs in each round, with a broker of its own. With `--write` the tables go
 * into the manuals of `tickwire/nats` and of the transports, between their marks.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { lack } from "../../machine.ts";
import { describeMachine } from "../machine.ts";
import { type Cores, chooseCores } from "../measure/child.ts";
import { bundleOf } from "../measure/programs.ts";
import { betweenMarks } from "../report/report.ts";
import { NatsRows, tables } from "./figures.ts";
import { paperTable } from "./paper.ts";
import { type NatsBench, runWork } from "./run.ts";
import { type NatsWork, type WireName, WORKS } from "./works.ts";

const OPTIONS = {
  quick: { type: "boolean", default: false },
  only: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  write: { type: "boolean", default: false },
} as const;

const MANUAL = new URL("../../../src/transport/nats/README.md", import.meta.url);
const PAPER = new URL("../../../src/transport/README.md", import.meta.url);

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const { quick, only, write } = values;
  if (write && (quick || only !== undefined)) throw new Error("--write: only a whole run is written down");
  const works = worksNamed(only);
  const rounds = number("rounds", values.rounds ?? (quick ? "1" : "3"));
  const measureMs = number("seconds", values.seconds ?? (quick ? "0.3" : "2")) * 1_000;
  const missing = lack("nats-server");
  if (missing !== undefined) {
    console.log(`Nothing was measured: ${missing}. Debian's package is nats-server.`);
    return;
  }
  const bench = { cores: chooseCores(), warmUpMs: quick ? 200 : 800, measureMs };
  const rows = await measured(works, rounds, bench);
  const head = `${new Date().toISOString().slice(0, 10)}: ${describe(bench.cores)}; medians of ${rounds} × ${measureMs / 1_000} s, (least–most).`;
  const report = [head, "", ...tables(works, rows)].join("\n");
  console.log(report);
  if (only !== undefined) return; // the paper needs all that was measured
  const cost = {
    smallUs: rows.figure("frames", "nats", "deliveryUs")?.median ?? Number.NaN,
    largeUs: rows.figure("fan-out", "nats", "deliveryUs")?.median ?? Number.NaN,
  };
  const said = `Of a core of the broker, a small message takes ${cost.smallUs.toFixed(1)} µs, and one of 12 to 27 KB ${cost.largeUs.toFixed(1)} µs.`;
  const rounded = { smallUs: Number(cost.smallUs.toFixed(1)), largeUs: Number(cost.largeUs.toFixed(1)) };
  const paper = `${said}\n\n${paperTable(rounded)}`;
  console.log(`\n${paper}`);
  if (write) {
    writeFileSync(MANUAL, betweenMarks(readFileSync(MANUAL, "utf8"), report));
    writeFileSync(PAPER, betweenMarks(readFileSync(PAPER, "utf8"), paper, "paper"));
  }
}

async function measured(
  works: readonly NatsWork[],
  rounds: number,
  options: Omit<NatsBench, "programs">,
): Promise<NatsRows> {
  const rows = new NatsRows();
  const programs = await bundleOf(["nats/peer", "load/load"]);
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const work of works) {
        for (const wires of runsOf(work)) {
          console.error(`${work.name}, ${wires.join(" ")}, round ${round} of ${rounds}`);
          const [first] = wires as [WireName];
          const result = await runWork({ ...options, programs }, work, wires);
          rows.add(work.name, wires.length === 1 ? first : "all", result);
        }
      }
    }
  } finally {
    programs.dispose();
  }
  return rows;
}

/** Which wires are measured together: in a measurement of latency all. */
function runsOf({ task, wires }: NatsWork): readonly (readonly WireName[])[] {
  return task.kind === "latency" ? [wires] : wires.map((wire) => [wire]);
}

function worksNamed(only: string | undefined): readonly NatsWork[] {
  const names = only?.split(",");
  const known = WORKS.map(({ name }) => name);
  for (const name of names ?? []) {
    if (!known.includes(name)) throw new Error(`--only: expected some of ${known.join(", ")}, got "${name}"`);
  }
  return WORKS.filter(({ name }) => names?.includes(name) ?? true);
}

function describe(cores: Cores): string {
  const [, version = "?"] = /v(\d\S*)/.exec(execFileSync("nats-server", ["-v"], { encoding: "utf8" })) ?? [];
  const where = cores.server === undefined ? "" : " on a core each, the broker on both";
  return `nats-server ${version}, ${describeMachine({ server: undefined, load: undefined }).replace(", not bound to cores", "")}, gateway and world${where}`;
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return name === "rounds" ? Math.ceil(value) : value;
  throw new Error(`--${name}: expected a number above 0, got "${text}"`);
}
