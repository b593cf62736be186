/**
 * A manual: one README.md of this repository, as a reader and a test see it.
 * Cuts the text into its code blocks, headings and links. Runs nothing.
 *
 *     # Heading ──▶ anchors      [text](target) ──▶ links
 *     ```sh     ──▶ commands     ```ts // name.mts ──▶ programs
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";

/** The repository's root, ending in a slash. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** One README.md. */
export interface Manual {
  /** Its path from the root, such as `src/core/README.md`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** One code block. */
export interface Block {
  /** What stands behind its opening fence; empty where nothing does. */
  readonly language: string;
  readonly code: string;
}

/** A code block whose first line names its file: `// server.mts: what it does`. */
export interface Program {
  readonly name: string;
  readonly code: string;
}

/** A link or a picture. */
export interface Link {
  readonly target: string;
  readonly isPicture: boolean;
}

/** Every README.md of the repository, the root's first. */
export function allManuals(): Manual[] {
  return readmesIn("").map((path) => manualOf(path, readFileSync(root + path, "utf8")));
}

/** The manual at `path`. Throws when there is none. */
export function manualAt(path: string): Manual {
  return manualOf(path, readFileSync(root + path, "utf8"));
}

export function manualOf(path: string, text: string): Manual {
  const blocks = [...text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
    language,
    code,
  }));
  return { path, text, blocks };
}

/** The blocks of a manual that are files to write. */
export function programsOf({ blocks }: Manual): Program[] {
  return blocks.flatMap(({ language, code }) => {
    const name = /^\/\/ ([\w.-]+\.m?[jt]s)\b/.exec(code)?.[1];
    return /^(ts|js)$/.test(language) && name !== undefined ? [{ name, code }] : [];
  });
}

/** The lines of a manual's shell blocks, in order, without their comments. */
export function commandsOf({ blocks }: Manual): string[] {
  return blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.split("\n").map((line) => line.replace(/(^|\s)#.*/, "").trim()))
    .filter((line) => line !== "");
}

/** The links and pictures of a manual, outside its code. */
export function linksOf({ text }: Manual): Link[] {
  const prose = withoutCode(text);
  return [
    ...[...prose.matchAll(/(!?)\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, mark, target = ""]) => ({
      target,
      isPicture: mark === "!",
    })),
    ...[...prose.matchAll(/<(?:img|source)\b[^>]*?\bsrc(?:set)?="([^"]+)"/g)].map(([, target = ""]) => ({
      target,
      isPicture: true,
    })),
  ];
}

/** The files and folders of this repository that a manual's text names in `code`, and its commands name. */
export function pathsIn(manual: Manual): string[] {
  const inText = [...manual.text.replace(BLOCK, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const isPath = /^(?:src|test|demo|\.ci|\.github)\/[\w./-]+$/;
  return [...inText, ...commandsOf(manual)]
    .flatMap((code) => code.split(/\s+/))
    .filter((word) => isPath.test(word));
}

/** The anchors of a text's headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  return [...text.replace(BLOCK, "").matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Where a link of a manual leads, from the root, and at which heading. */
export function resolved(
  { path }: Manual,
  target: string,
): { readonly path: string; readonly anchor: string } {
  const [file = "", anchor = ""] = target.split("#");
  return { path: file === "" ? path : join(dirname(path), file), anchor };
}

function withoutCode(text: string): string {
  return text.replace(BLOCK, "").replace(/`[^`\n]*`/g, "``");
}

function readmesIn(folder: string): string[] {
  const entries = readdirSync(root + folder, { withFileTypes: true });
  const here = entries.some(({ name }) => name === "README.md") ? [`${folder}README.md`] : [];
  const below = entries
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
    .flatMap(({ name }) => readmesIn(`${folder}${name}/`));
  return [...here, ...below];
}

const BLOCK = /^```\S*\n[\s\S]*?^```$/gm;
