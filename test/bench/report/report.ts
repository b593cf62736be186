/**
 * What a benchmark says, in Markdown: what was expected and what came of it,
 * then all figures of each work. A whole run is written down, and the manual of
 * the benchmark shows its first part.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { BenchOptions, Outcome } from "../bench.ts";
import { describeMachine } from "../machine.ts";
import { barsOf, CHARTS, svgOf } from "./chart.ts";
import { details, summary } from "./table.ts";

/** The whole report. */
export function report(options: BenchOptions, outcome: Outcome): string {
  return [
    head(options, outcome),
    "",
    "## What was expected",
    "",
    ...summary(options.works, outcome.rows),
    "",
    ...details(options.works, outcome.rows),
    ...profiles(outcome),
    ...list("Left out", outcome.skipped),
    ...list("Not measured as claimed", outcome.faults),
    ...list("Broken", outcome.broken),
    "Every run carried its load unless it is listed above: the load's own CPU stayed under 90 % of its core and",
    "its event loop less than a tick late (p99), and what it sent, what the game took, what the server sent and",
    "what the load received agree within 5 %. A † marks those of whose runs more than half are listed.",
  ].join("\n");
}

/** Writes `results/`, and the manual's part between its marks. */
export function writeResults(options: BenchOptions, outcome: Outcome): void {
  const results = new URL("../results/", import.meta.url);
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL("results.md", results), `# Results\n\n${report(options, outcome)}\n`);
  for (const chart of CHARTS) {
    const groups = barsOf(chart, options.works, outcome.rows);
    for (const theme of ["light", "dark"] as const) {
      writeFileSync(new URL(`${chart.name}-${theme}.svg`, results), svgOf(chart, groups, theme));
    }
  }
  const part = [head(options, outcome), "", ...summary(options.works, outcome.rows)].join("\n");
  writeFileSync(MANUAL, betweenMarks(readFileSync(MANUAL, "utf8"), part));
}

/** `text` with `part` between the two marks of that name. */
export function betweenMarks(text: string, part: string, name = "bench"): string {
  const marks = [`<!-- ${name} -->`, `<!-- /${name} -->`] as const;
  const [start, end] = [text.indexOf(marks[0]), text.indexOf(marks[1])];
  if (start === -1 || end < start) throw new Error(`there is no ${marks.join(" … ")}`);
  return `${text.slice(0, start + marks[0].length)}\n\n${part}\n\n${text.slice(end)}`;
}

function head({ rounds, measureMs, warmUpMs }: BenchOptions, { cores }: Outcome): string {
  const date = new Date().toISOString().slice(0, 10);
  const how = `medians of ${rounds} × ${measureMs / 1_000} s after ${warmUpMs / 1_000} s of warm-up`;
  return `${date}: ${describeMachine(cores)}; ${how}, the contestants in turns; (least–most).`;
}

function profiles({ profiles }: Outcome): string[] {
  if (profiles.length === 0) return [];
  return [
    "## Where the time of the missed rows goes",
    "",
    "Each function's own share of the server's time, by `--cpu-prof`, rest excluded.",
    "",
    ...profiles.flatMap(({ title, shares }) => [
      `### ${title}`,
      "",
      "| function | own time |",
      "|---|--:|",
      ...shares.map(({ name, percent }) => `| \`${name}\` | ${percent.toFixed(1)} % |`),
      "",
    ]),
  ];
}

function list(title: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : [`## ${title}`, "", ...entries.map((entry) => `- ${entry}`), ""];
}

/** Where the table of the last whole run stands. */
export const MANUAL: URL = new URL("../README.md", import.meta.url);
