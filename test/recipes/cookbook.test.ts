/**
 * The page of the cookbook against its programs: it shows their lines, says what
 * their headers say, and leaves none out. Each rule is first shown a bad sample.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { anchorsOf, manualAt, manualOf, root } from "../manuals/manual.ts";

const FOLDER = "demo/recipes/";
const page = manualAt(`${FOLDER}README.md`).text;
const programs = new Map(
  readdirSync(root + FOLDER)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name, readFileSync(root + FOLDER + name, "utf8")] as const),
);
/** A block that is longer is no answer for a reader in a hurry. */
const MOST_LINES = 10;

describe("the cookbook", () => {
  test("shows lines of the program that it names above them, in its order", () => {
    const text =
      "## A\n[`a.ts`](a.ts)\n```ts\nlet a;\nlet c;\n```\n```ts\nlet b;\n```\n## B\n[`b.ts`](b.ts)\n";
    const sample = new Map([["a.ts", "  let a;\n  let b;\n  let c;\n"]]);
    expect(strangeBlocks(text, sample)).toEqual([
      "A shows lines that a.ts has not: let a;",
      "B names no program",
    ]);
    expect(strangeBlocks(page, programs)).toEqual([]);
  });

  test("says what the header of the program says", () => {
    const text = "## A\n[`a.ts`](a.ts)\n\nWhy?\nSo.\n";
    const header = (words: string) => new Map([["a.ts", `/**\n * ${words}\n *\n *     npx tsx a.ts\n */\n`]]);
    expect(otherWords(text, header("Why?\n * So."))).toEqual([]);
    expect(otherWords(text, header("Why not?"))).toEqual(["A says other things than a.ts"]);
    expect(otherWords(page, programs)).toEqual([]);
  });

  test("leaves no program out, and each has its test", () => {
    const named = sectionsOf(page).map(({ program }) => program);
    expect([...programs.keys()].filter((name) => !named.includes(name))).toEqual([]);
    const tests = named.map((name) => `test/recipes/${name.replace(/\.ts$/, ".test.ts")}`);
    expect(tests.filter((path) => !existsSync(root + path))).toEqual([]);
  });

  test("counts in its table the lines that it shows, ten at most", () => {
    const text =
      "| a | 2 | [`a.ts`](#a) |\n| b | 1 | [`b.ts`](#b) |\n\n## A\n[`a.ts`](a.ts)\n```ts\nlet a;\n\n```\n";
    expect(wrongRows(text)).toEqual(["a has 1 lines", "b leads nowhere"]);
    expect(wrongRows(page)).toEqual([]);
    expect(rowsOf(page).length).toBeGreaterThan(0);
    const long = sectionsOf(page).filter(({ blocks }) => linesIn(blocks) > MOST_LINES);
    expect(long.map(({ title }) => title)).toEqual([]);
  });
});

/** One recipe on the page. */
interface Section {
  readonly title: string;
  /** Its file, `NAME.ts`; empty where none is named. */
  readonly program: string;
  readonly words: string;
  readonly blocks: readonly string[];
}

function sectionsOf(text: string): Section[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const title = section.slice(0, section.indexOf("\n"));
      const program = /^\[`[\w-]+\.ts`\]\(([\w-]+\.ts)\)$/m.exec(section)?.[1] ?? "";
      const blocks = manualOf("", section).blocks.filter(({ language }) => language === "ts");
      const words = section
        .replace(/^.*\n/, "")
        .replace(/^\[`.*$/m, "")
        .replace(/^```[\s\S]*?^```$/gm, "");
      return { title, program, words: spaced(words), blocks: blocks.map(({ code }) => code) };
    });
}

/** Blocks whose lines do not stand so in the program, one below the other. */
function strangeBlocks(text: string, sources: ReadonlyMap<string, string>): string[] {
  return sectionsOf(text).flatMap(({ title, program, blocks }) => {
    const source = sources.get(program);
    if (source === undefined) return [`${title} names no program`];
    const lines = trimmed(source);
    return blocks
      .filter((code) => !lines.includes(trimmed(code)))
      .map((code) => `${title} shows lines that ${program} has not: ${code.trim().split("\n")[0]}`);
  });
}

function otherWords(text: string, sources: ReadonlyMap<string, string>): string[] {
  return sectionsOf(text)
    .filter(({ program, words }) => headerOf(sources.get(program) ?? "") !== words)
    .map(({ title, program }) => `${title} says other things than ${program}`);
}

/** The header comment of a program without its commands, which are indented. */
function headerOf(source: string): string {
  const comment = /^\/\*\*\n([\s\S]*?)\n \*\/$/m.exec(source)?.[1] ?? "";
  return spaced(comment.replaceAll(/^ \*(?: {4,}.*| ?)/gm, ""));
}

function rowsOf(text: string): { wants: string; lines: number; anchor: string }[] {
  return [...text.matchAll(/^\| (.+) \| (\d+) \| .*\(#([\w-]+)\) \|$/gm)].map(
    ([, wants = "", lines, anchor = ""]) => ({ wants, lines: Number(lines), anchor }),
  );
}

function wrongRows(text: string): string[] {
  const sections = new Map(sectionsOf(text).map((section) => [anchorsOf(`## ${section.title}`)[0], section]));
  return rowsOf(text).flatMap(({ wants, lines, anchor }) => {
    const section = sections.get(anchor);
    if (section === undefined) return [`${wants} leads nowhere`];
    const shown = linesIn(section.blocks);
    return shown === lines ? [] : [`${wants} has ${shown} lines`];
  });
}

function linesIn(blocks: readonly string[]): number {
  return blocks.flatMap((code) => code.split("\n")).filter((line) => line.trim() !== "").length;
}

/** The lines without what is in front of them, each with its ending. */
function trimmed(code: string): string {
  return `\n${code.replaceAll(/^[ \t]+/gm, "").trimEnd()}\n`;
}

function spaced(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
