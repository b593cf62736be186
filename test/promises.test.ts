/**
 * The chapter "What it promises" of the tests' manual names a test for each promise. A name
 * that is no test's promises nothing, so each is looked for where it is said to
 * be.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

interface Promised {
  readonly title: string;
  readonly file: string;
}

const manual = readFileSync(new URL("README.md", import.meta.url), "utf8");

/** The rows of the chapter's table. */
function promisesOf(markdown: string): Promised[] {
  const chapter = /^## What it promises\n([\s\S]*?)^## /m.exec(markdown)?.[1] ?? "";
  return [...chapter.matchAll(/^\|[^|]*\| (.+) \| `(test\/[^`]+)` \|$/gm)].map(
    ([, title = "", file = ""]) => ({
      title,
      file,
    }),
  );
}

/** What is wrong with them; nothing when each names a test that is there. */
function unfounded(promises: readonly Promised[]): string[] {
  return promises
    .filter(({ title, file }) => {
      const place = new URL(`../${file}`, import.meta.url);
      return !existsSync(place) || !titlesOf(readFileSync(place, "utf8")).includes(title);
    })
    .map(({ title, file }) => `"${title}" is no test in ${file}`);
}

/** What is written as the first thing behind an opening bracket, or as a row's title: a test's title, among others. */
function titlesOf(source: string): string[] {
  return [...source.matchAll(/(?:\(|\btitle:)\s*"((?:\\.|[^"\\])*)"/g)].map(([, title = ""]) => title);
}

describe("the promises", () => {
  test("each name a test that is there", () => {
    const sample = promisesOf(
      "## What it promises\n\n| it | is no test | `test/promises.test.ts` |\n| it | each name a test that is there | `test/none.ts` |\n## Next\n",
    );
    expect(unfounded(sample)).toEqual([
      '"is no test" is no test in test/promises.test.ts',
      '"each name a test that is there" is no test in test/none.ts',
    ]);
    const promises = promisesOf(manual);
    expect(promises.length).toBe(manual.match(/^\|.*\| `test\/[^`]+` \|$/gm)?.length);
    expect(promises.length).toBeGreaterThan(15);
    expect(unfounded(promises)).toEqual([]);
  });
});
