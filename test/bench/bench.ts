/**
 * The benchmark as a function: rows in, Markdown out. The two sides take turns,
 * so that whatever else the machine does meets both alike.
 */
import { availableParallelism, cpus } from "node:os";
import { bundlePrograms, type Programs, type RunLength } from "./run.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { faultsOf, type Pair, TABLE_HEAD, tableRows } from "./table.ts";

/** What to run. */
export interface BenchOptions extends RunLength {
  /** The letters of the rows. */
  readonly rows: readonly string[];
  /** Pairs of runs for each scenario. */
  readonly runs: number;
  /** So many clients in place of a scenario's own number. */
  readonly connections?: number;
  /** A folder for CPU profiles of the servers. */
  readonly profileFolder?: string;
}

/** Runs the rows. The report is Markdown; `faults` says which runs did not carry their load. */
export async function runBench(
  options: BenchOptions,
  note: (progress: string) => void,
): Promise<{ report: string; faults: string[] }> {
  const programs = await bundlePrograms();
  const rows: string[] = [];
  const notes: string[] = [];
  const faults: string[] = [];
  try {
    for (const given of SCENARIOS.filter(({ row }) => options.rows.includes(row))) {
      const scenario = { ...given, connections: options.connections ?? given.connections };
      const pairs: Pair[] = [];
      for (let run = 1; run <= options.runs; run++) {
        note(`${scenario.row} ${run}/${options.runs}: ${scenario.title}`);
        const pair = await runPair(programs, scenario, options);
        pairs.push(pair);
        for (const side of ["tickwire", "net"] as const) {
          const found = faultsOf(scenario, pair[side]);
          faults.push(...found.map((fault) => `${scenario.row} ${run}/${options.runs} ${side}: ${fault}`));
        }
      }
      rows.push(...tableRows(scenario, pairs));
      if (scenario.note !== undefined) notes.push(`**${scenario.row}** ${scenario.note}`, "");
    }
  } finally {
    programs.dispose();
  }
  return {
    report: [machine(options), "", ...TABLE_HEAD, ...rows, "", ...notes, ...verdict(faults)].join("\n"),
    faults,
  };
}

async function runPair(programs: Programs, scenario: Scenario, options: BenchOptions): Promise<Pair> {
  const tickwire = await programs.run("tickwire", scenario, options, options.profileFolder);
  const net = await programs.run("net", scenario, options, options.profileFolder);
  return { tickwire, net };
}

function machine({ runs, warmUpMs, measureMs }: BenchOptions): string {
  const model = cpus()[0]?.model ?? "unknown CPU";
  const how = `medians of ${runs} × ${measureMs / 1_000} s after ${warmUpMs / 1_000} s of warm-up`;
  return `Node ${process.version}, ${model}, ${availableParallelism()} cores; ${how}, the sides in turns.`;
}

function verdict(faults: readonly string[]): string[] {
  if (faults.length === 0) return ["Every run carried its full load."];
  return ["**NOT MEASURED AS CLAIMED:**", "", ...faults.map((fault) => `- ${fault}`)];
}
