/**
 * The page of the cookbook against its programs: it shows their lines, says what
 * their headers say, and leaves none out. Each rule is first shown a bad sample.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { anchorsOf, manualAt, manualOf, root } from "../manuals/manual.ts";

const FOLDER = "demo/recipes/";
const page = manualAt(`${FOLDER}README.md`).text;
const files = new Map(
  readdirSync(root + FOLDER, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => /\.\w+$/.test(name) && !/README\.md$|tsconfig\.json$|\.html$/.test(name))
    .map((name) => [name, readFileSync(root + FOLDER + name, "utf8")] as const),
);
const programs = new Map([...files].filter(([name]) => /\.tsx?$/.test(name)));
/** A block that is longer is no answer for a reader in a hurry. */
const MOST_LINES = 10;

describe("the cookbook", () => {
  test("shows lines of the file that it names above them, in its order", () => {
    const text =
      "## A\n[`a.ts`](a.ts)\n```ts\nlet a;\nlet c;\n```\n```ts\nlet b;\n```\n" +
      "[`a.conf`](a.conf)\n```nginx\nb on;\n```\n```nginx\nc on;\n```\n" +
      "## B\n[`b.ts`](b.ts)\n## C\n```ts\nlet a;\n```\n";
    const sample = new Map([
      ["a.ts", "  let a;\n  let b;\n  let c;\n"],
      ["a.conf", "  b on;\n"],
    ]);
    expect(strangeBlocks(text, sample)).toEqual([
      "A shows lines that a.ts has not: let a;",
      "A shows lines that a.conf has not: c on;",
      "B names no program",
      "C names no program",
      "C shows lines of no file: let a;",
    ]);
    expect(strangeBlocks(page, files)).toEqual([]);
  });

  test("says what the header of the program says", () => {
    const text = "## A\n[`a.ts`](a.ts)\n\nWhy?\nSo.\n";
    const header = (words: string) => new Map([["a.ts", `/**\n * ${words}\n *\n *     npx tsx a.ts\n */\n`]]);
    expect(otherWords(text, header("Why?\n * So."))).toEqual([]);
    expect(otherWords(text, header("Why not?"))).toEqual(["A says other things than a.ts"]);
    expect(otherWords(page, programs)).toEqual([]);
  });

  test("leaves no file out, and each program has its test", () => {
    const named = sectionsOf(page).map(({ program }) => program);
    const shown = sectionsOf(page).flatMap(({ blocks }) => blocks.map(({ file }) => file));
    expect([...files.keys()].filter((name) => ![...named, ...shown].includes(name))).toEqual([]);
    const tests = named.map((name) => `test/recipes/${name.replace(/[./].*/, ".test.ts")}`); // of a folder, one
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
  readonly blocks: readonly Block[];
}

interface Block {
  /** The file that is named above it; empty where none is. */
  readonly file: string;
  readonly code: string;
}

function sectionsOf(text: string): Section[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const title = section.slice(0, section.indexOf("\n"));
      const parts = section.split(FILE); // each name stands before what is below it
      const program = parts[1] ?? "";
      const blocks = parts.flatMap((part, index) =>
        index % 2 === 1
          ? []
          : manualOf("", part).blocks.map(({ code }) => ({ file: parts[index - 1] ?? "", code })),
      );
      const words = section
        .replace(/^.*\n/, "")
        .replace(/^\[`.*$/gm, "")
        .replace(/^```[\s\S]*?^```$/gm, "");
      return { title, program, words: spaced(words), blocks };
    });
}

/** Blocks whose lines do not stand so in their file, one below the other. */
function strangeBlocks(text: string, sources: ReadonlyMap<string, string>): string[] {
  return sectionsOf(text).flatMap(({ title, program, blocks }) => {
    const faults = sources.has(program) ? [] : [`${title} names no program`];
    for (const { file, code } of blocks) {
      if (trimmed(sources.get(file) ?? "").includes(trimmed(code))) continue;
      const whose = file === "" ? "of no file" : `that ${file} has not`;
      faults.push(`${title} shows lines ${whose}: ${code.trim().split("\n")[0]}`);
    }
    return faults;
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

function linesIn(blocks: readonly Block[]): number {
  return blocks.flatMap(({ code }) => code.split("\n")).filter((line) => line.trim() !== "").length;
}

/** The lines without what is in front of them, each with its ending. */
function trimmed(code: string): string {
  return `\n${code.replaceAll(/^[ \t]+/gm, "").trimEnd()}\n`;
}

/** The line that names the file of the blocks below it. */
const FILE = /^\[`[\w/-]+\.\w+`\]\(([\w/-]+\.\w+)\)$/m;

function spaced(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
