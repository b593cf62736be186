/**
 * `npm run bench`: tickwire's servers beside those that people write instead.
 * Prints the tables; a whole run also writes them to `results/` and into the
 * README. Ends with code 1 when a row is missing, and with 2 when it could not
 * run at all.
 */
import { parseArgs } from "node:util";
import { type BenchOptions, runBench } from "./bench.ts";
import { report, writeResults } from "./report/report.ts";
import { WORKS, type Work } from "./works.ts";

const USAGE = `npm run bench -- [options]
  --quick          one very short run of each row, about a minute in all
  --only A,B       only these rows, such as idle-1000; nothing is written then
  --against A,B    only these contestants, such as plain,tcp; nothing is written then
  --runs N         runs of each contestant at each row (3)
  --seconds N      the measured window (2)`;

const OPTIONS = {
  quick: { type: "boolean", default: false },
  only: { type: "string" },
  against: { type: "string" },
  runs: { type: "string" },
  seconds: { type: "string" },
  help: { type: "boolean", default: false },
} as const;
/** What the row of the first seconds says in its title. Here, as `main` is awaited before the end of the file. */
const COLD_MS = 4_000;

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
  const { quick, only, against } = values;
  const options: BenchOptions = {
    works: worksNamed(only, against, quick),
    rounds: number("runs", values.runs ?? (quick ? "1" : "3")),
    measureMs: number("seconds", values.seconds ?? (quick ? "0.3" : "2")) * 1_000,
    coldMs: quick ? 300 : COLD_MS,
    warmUpMs: quick ? 100 : 800,
    syscalls: true,
    profiles: !quick,
  };
  const outcome = await runBench(options, (progress) => console.error(progress));
  console.log(report(options, outcome));
  if (!quick && only === undefined && against === undefined) writeResults(options, outcome);
  if (quick)
    console.log("\nA quick run shows that every row works. Its windows are too short to judge anything by.");
  for (const broken of outcome.broken) console.error(`BROKEN: ${broken}`);
  if (outcome.broken.length > 0) process.exitCode = 1;
}

/** The works asked for. An unknown one would measure nothing, and look as if all were well. */
function worksNamed(only: string | undefined, against: string | undefined, quick: boolean): Work[] {
  const names = only?.split(",");
  const contestants = against?.split(",");
  for (const name of names ?? []) {
    if (WORKS.some((work) => work.name === name)) continue;
    throw new Error(`--only: expected some of ${WORKS.map((work) => work.name).join(", ")}, got "${name}"`);
  }
  return WORKS.filter(({ name }) => names?.includes(name) ?? true).map((work) => ({
    ...work,
    contestants: work.contestants.filter((name) => contestants?.includes(name) ?? true),
    ...(quick && work.task.kind === "churn" && { task: { ...work.task, times: 1_000 } }),
  }));
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return name === "runs" ? Math.ceil(value) : value;
  throw new Error(`--${name}: expected a number above 0, got "${text}"`);
}
