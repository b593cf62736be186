/**
 * The end of a run's output: what this machine lacks, and which tests were left
 * out because of it. Reads what `machine.ts` has put into the tests' `meta`;
 * says nothing where every test took place.
 *
 *     left out: nc is not here: 3 tests in test/demo/sockets/chat.test.ts (1), test/…/echo.test.ts (2)
 *
 * Writes those tests to what TICKWIRE_LEFT_OUT_TO names, a file and a name on each line.
 * A second run on a machine that has more, with that list in TICKWIRE_ONLY_OF, takes these
 * alone, and fails where one of them takes no place without a reason.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";

/** A test, as far as it matters here. */
export interface Told {
  /** The path from the root. */
  readonly file: string;
  /** As the runner matches names: those around it, and its own, with a space between. */
  readonly name: string;
  /** Whether it took place. */
  readonly hasRun?: boolean;
  readonly leftOut?: readonly string[];
  readonly lessened?: string;
}

export default class LeftOut implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const told = modules.flatMap(toldBy);
    const lines = linesOf(told);
    const { TICKWIRE_LEFT_OUT_TO: to = "", TICKWIRE_ONLY_OF: of = "" } = process.env;
    if (to !== "") writeFileSync(to, listOf(told));
    if (lines.length > 0) console.log(`${lines.join("\n")}\n`);
    const missing = of === "" ? [] : missingIn(readFileSync(of, "utf8"), told);
    for (const test of missing) console.error(`listed, and took no place: ${test}`);
    if (missing.length > 0) process.exitCode = 1;
  }
}

/** A line for each reason, in the order of the alphabet. */
export function linesOf(tests: readonly Told[]): string[] {
  const lines = new Map<string, Map<string, number>>();
  const note = (line: string, file: string): void => {
    const files = lines.get(line) ?? new Map<string, number>();
    lines.set(line, files.set(file, (files.get(file) ?? 0) + 1));
  };
  for (const { file, leftOut = [], lessened } of tests) {
    for (const reason of leftOut) note(`left out: ${reason}`, file);
    if (lessened !== undefined) note(`done with less: ${lessened}`, file);
  }
  return [...lines].map(([line, files]) => `${line}: ${whichOf(files)}`).sort();
}

/** The tests that were left out, a file and a name on each line. */
export function listOf(tests: readonly Told[]): string {
  const leftOut = tests.filter(({ leftOut = [] }) => leftOut.length > 0);
  return leftOut.map((test) => `${lineOf(test)}\n`).join("");
}

/** What the names of the tests of a list match, and no other. */
export function patternOf(list: string): RegExp {
  const names = list.split("\n").flatMap((line) => line.split("\t").slice(1));
  const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll(" ", "\\s"));
  return new RegExp(`^(${escaped.join("|")})$`);
}

/** The tests of a list that neither took place nor were left out for a reason. */
export function missingIn(list: string, tests: readonly Told[]): string[] {
  const known = new Set(
    tests.filter(({ hasRun, leftOut = [] }) => hasRun === true || leftOut.length > 0).map(lineOf),
  );
  return list.split("\n").filter((line) => line !== "" && !known.has(line));
}

function lineOf({ file, name }: Told): string {
  return `${file}\t${name.replace(/\s/g, " ")}`;
}

function whichOf(files: ReadonlyMap<string, number>): string {
  const count = [...files.values()].reduce((sum, one) => sum + one, 0);
  const names = [...files].map(([file, tests]) => (files.size === 1 ? file : `${file} (${tests})`));
  return `${count} ${count === 1 ? "test" : "tests"} in ${names.sort().join(", ")}`;
}

function toldBy(module: TestModule): Told[] {
  const told: Told[] = [];
  for (const test of module.children.allTests()) {
    const reasons = new Set<string>();
    const names: string[] = [];
    for (let task: TestCase | TestCase["parent"] = test; task.type !== "module"; task = task.parent) {
      names.unshift(task.name);
      for (const reason of task.meta().leftOut ?? []) reasons.add(reason);
    }
    const { lessened } = test.meta();
    told.push({
      file: module.relativeModuleId,
      name: names.join(" "),
      hasRun: test.result().state !== "skipped",
      leftOut: [...reasons],
      ...(lessened !== undefined && { lessened }),
    });
  }
  return told;
}
