/**
 * `npm run bench`: tickwire beside a hand-written `node:net` server that does
 * the same work, as a Markdown table on stdout. Ends with code 1 when a run did
 * not carry its load, as its figures then mean nothing.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { runBench } from "./bench.ts";

const USAGE = `npm run bench -- [options]
  --quick            one short run of each row, about 20 s in all
  --rows a,c         only these rows
  --runs N           pairs of runs for each row (3)
  --measure-ms MS    the measured window (4000)
  --warm-up-ms MS    what comes before it (1500)
  --connections N    so many clients, in place of a row's own number
  --profile FOLDER   also leave CPU profiles of the servers there`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rows: { type: "string", default: "a,b,c,d" },
    runs: { type: "string" },
    "measure-ms": { type: "string" },
    "warm-up-ms": { type: "string" },
    connections: { type: "string" },
    profile: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(USAGE);
else await main();

async function main(): Promise<void> {
  const { quick, rows, runs, connections, profile } = values;
  checkFileDescriptors(Number(connections ?? 1_000));
  const { report, faults } = await runBench(
    {
      rows: rows.split(","),
      runs: Number(runs ?? (quick ? 1 : 3)),
      measureMs: Number(values["measure-ms"] ?? (quick ? 1_000 : 4_000)),
      warmUpMs: Number(values["warm-up-ms"] ?? (quick ? 500 : 1_500)),
      ...(connections !== undefined && { connections: Number(connections) }),
      ...(profile !== undefined && { profileFolder: profile }),
    },
    (progress) => console.error(progress),
  );
  console.log(report);
  if (faults.length > 0) process.exitCode = 1;
}

/** Each process holds one descriptor for each connection, and a few of its own. */
function checkFileDescriptors(connections: number): void {
  if (process.platform === "win32") return;
  const allowed = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }));
  if (allowed >= connections + 100) return; // "unlimited" is NaN, and no number is too large for it
  if (Number.isNaN(allowed)) return;
  console.error(
    `${connections} connections need more open files than ${allowed}: run \`ulimit -n 4096\` first`,
  );
}
