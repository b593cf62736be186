/**
 * The end of a run's output: what this machine lacks, and which tests were left
 * out because of it. Reads what `machine.ts` has put into the tests' `meta`;
 * says nothing where every test took place.
 *
 *     left out: nc is not here: 3 tests in test/demo/sockets/chat.test.ts (1), test/…/echo.test.ts (2)
 *
 * Writes the files of those tests, one on a line, to what TICKWIRE_LEFT_OUT_TO names, for a
 * second run on a machine that has more.
 */
import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** A test, as far as it matters here. */
export interface Told {
  /** The path from the root. */
  readonly file: string;
  readonly leftOut?: readonly string[];
  readonly lessened?: string;
}

export default class LeftOut implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const told = modules.flatMap(toldBy);
    const lines = linesOf(told);
    const to = process.env.TICKWIRE_LEFT_OUT_TO ?? "";
    if (to !== "")
      writeFileSync(
        to,
        filesOf(told)
          .map((file) => `${file}\n`)
          .join(""),
      );
    if (lines.length > 0) console.log(`${lines.join("\n")}\n`);
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

/** The files in which a test was left out, each once. */
export function filesOf(tests: readonly Told[]): string[] {
  const files = tests.filter(({ leftOut = [] }) => leftOut.length > 0).map(({ file }) => file);
  return [...new Set(files)].sort();
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
    for (let task: typeof test | typeof test.parent = test; task.type !== "module"; task = task.parent) {
      for (const reason of task.meta().leftOut ?? []) reasons.add(reason);
    }
    const { lessened } = test.meta();
    told.push({
      file: module.relativeModuleId,
      leftOut: [...reasons],
      ...(lessened !== undefined && { lessened }),
    });
  }
  return told;
}
