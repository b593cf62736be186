/**
 * `npm run bench`: tickwire beside a hand-written `node:net` server that does
 * the same work, as a Markdown table on stdout. Ends with code 1 when a run did
 * not carry its load, as its figures then mean nothing, and with 2 when it could
 * not run at all.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { type BenchOptions, runBench } from "./bench.ts";
import { SCENARIOS } from "./scenarios.ts";

const USAGE = `npm run bench -- [options]
  --quick            one short run of each row, about 20 s in all
  --rows a,c         only these rows
  --runs N           pairs of runs for each row (3)
  --measure-ms MS    the measured window (4000)
  --warm-up-ms MS    what comes before it (1500)
  --connections N    so many clients, in place of a row's own number
  --profile FOLDER   also leave CPU profiles of the servers there`;

const OPTIONS = {
  quick: { type: "boolean", default: false },
  rows: { type: "string", default: "a,b,c,d" },
  runs: { type: "string" },
  "measure-ms": { type: "string" },
  "warm-up-ms": { type: "string" },
  connections: { type: "string" },
  profile: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { quick, connections, profile } = values;
  const options: BenchOptions = {
    rows: rowsOf(values.rows),
    runs: count("runs", values.runs ?? (quick ? "1" : "3")),
    measureMs: count("measure-ms", values["measure-ms"] ?? (quick ? "1000" : "4000")),
    warmUpMs: count("warm-up-ms", values["warm-up-ms"] ?? (quick ? "500" : "1500")),
    ...(connections !== undefined && { connections: count("connections", connections) }),
    ...(profile !== undefined && { profileFolder: profile }),
  };
  checkFileDescriptors(options.connections ?? 1_000);
  const { report, faults } = await runBench(options, (progress) => console.error(progress));
  console.log(report);
  if (faults.length > 0) process.exitCode = 1;
}

/** The rows asked for. An unknown one would measure nothing, and look as if all were well. */
function rowsOf(text: string): string[] {
  const known = SCENARIOS.map(({ row }) => row);
  const rows = text.split(",");
  for (const row of rows) {
    if (!known.includes(row))
      throw new Error(`--rows: expected some of ${[...new Set(known)]}, got "${row}"`);
  }
  return rows;
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name}: expected a whole number from 1 up, got "${text}"`);
}

/** Each process holds one descriptor for each connection, and a few of its own. */
function checkFileDescriptors(connections: number): void {
  if (process.platform === "win32") return;
  const allowed = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }));
  if (allowed >= connections + 100) return; // "unlimited" is NaN, and no number is too large for it
  if (Number.isNaN(allowed)) return;
  console.error(
    `${connections} connections need more open files than ${allowed}: run \`ulimit -n ${connections + 200}\` first`,
  );
}
