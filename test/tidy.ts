/**
 * The rules of the repository, as functions from sources to complaints. Each reads
 * the text of files and nothing else, so that each can be shown a bad sample.
 * Scans by regular expressions: the formatter keeps all files in one shape.
 */
import { dirname, join } from "node:path/posix";
import { exportedNames } from "./exported-names.ts";

/** Each file's path from the root, and its text. */
export type Sources = ReadonlyMap<string, string>;

/**
 * What may import what: folders and files by their paths from the root, in the
 * order of their layers, each with the folders, files, packages and `node:`
 * modules that it may import beside itself.
 */
export type FolderGraph = ReadonlyMap<string, readonly string[]>;

/** Imports that a file's folder does not allow, and files that are in no folder of the graph. */
export function folderBreaches(sources: Sources, graph: FolderGraph): string[] {
  return complain(sources, (path, source) => {
    const own = folderOf(path, graph);
    if (own === undefined) return [`${path} is in no folder of the graph`];
    const allowed = [own, ...(graph.get(own) ?? [])];
    const mayImport = (target: string): boolean =>
      allowed.some((one) =>
        one === "node:"
          ? target.startsWith(one)
          : isPackageOf(target, one) || folderOf(target, graph) === one,
      );
    return importsOf(path, source)
      .filter((target) => !mayImport(target))
      .map((target) => `${path} imports ${target}`);
  });
}

/** The file's own entry in the graph, or that of its folder; not of a folder above it. */
export function folderOf(path: string, graph: FolderGraph): string | undefined {
  return [path, dirname(path)].find((one) => graph.has(one));
}

/** Arrows of the graph to something that comes after it. */
export function upwardArrows(graph: FolderGraph): string[] {
  const order = [...graph.keys()];
  return [...graph].flatMap(([from, targets]) =>
    targets
      .filter((target) => order.indexOf(target) > order.indexOf(from))
      .map((target) => `${from} may import ${target}, which comes after it`),
  );
}

/** Relative imports that do not say the file's whole name. */
export function unfinishedImports(sources: Sources): string[] {
  return complain(sources, (path, source) =>
    specifiersOf(source)
      .filter((specifier) => specifier.startsWith(".") && !specifier.endsWith(".ts"))
      .map((specifier) => `${path} imports "${specifier}", which does not end in .ts`),
  );
}

/** Files that import themselves over others; imports of types count as well. */
export function importCycles(sources: Sources): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const follow = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of importsOf(path, sources.get(path) ?? "")) follow(target, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) follow(path, []);
  return cycles;
}

/** Files that cannot be reached from `entries`. */
export function unreachable(sources: Sources, entries: readonly string[]): string[] {
  const reached = new Set(entries);
  for (const path of reached) {
    for (const target of importsOf(path, sources.get(path) ?? "")) reached.add(target);
  }
  return [...sources.keys()]
    .filter((path) => !reached.has(path))
    .map((path) => `${path} is imported by nobody`);
}

/** Uses of `words` in code; comments and strings may say them. */
export function wordsInCode(sources: Sources, words: RegExp): string[] {
  return complain(sources, (path, source) =>
    [...codeOf(source).matchAll(new RegExp(words, "g"))].map(([word]) => `${path} says ${word}`),
  );
}

/**
 * Ways by which a `Buffer` could pass for a `Uint8Array`: a `.slice(` of something
 * that is not known to be text or a list, which may be a view or a copy; and bytes
 * that are reported to the core and may be Node's own.
 *
 * @param sliceable the names, and the last words of names, of texts and lists
 * @param plain the calls and names whose bytes are plain
 */
export function bufferBreaches(sources: Sources, sliceable: RegExp, plain: RegExp): string[] {
  return complain(sources, (path, source) => {
    const code = withoutComments(source);
    const slices = [...code.matchAll(/(\w+)(?:\([^()]*\))?\??\s*\.slice\(/g)]
      .filter(([, name]) => !sliceable.test(name ?? ""))
      .map(([, name]) => `${path} slices ${name}`);
    const reports = [...code.matchAll(/\b#?events\??\.received\(\s*([\w#.]+)/g)]
      .filter(([, given]) => !plain.test(given ?? ""))
      .map(([, given]) => `${path} reports ${given}`);
    return [...slices, ...reports];
  });
}

/** Comments that silence a check, unless they silence one rule of Biome's and say why. */
export function silencers(sources: Sources): string[] {
  return complain(sources, (path, source) =>
    commentsOf(source)
      .flatMap(
        (comment) =>
          comment.match(/@ts-(?:ignore|nocheck)|biome-ignore(?!\S* lint\/\S+: (?!<)\S+ \S).*/g) ?? [],
      )
      .map((words) => `${path} says ${words.trim()}`),
  );
}

/** The names at the top of these paths that `known` does not know. */
export function strays(paths: readonly string[], known: RegExp): string[] {
  const names = new Set(paths.map((path) => path.replace(/\/.*/, "")));
  return [...names].filter((name) => !known.test(name));
}

/** Files over `mostLines`, but for `exceptions`; and exceptions that are none any more. */
export function longFiles(
  sources: Sources,
  mostLines: number,
  exceptions: ReadonlyMap<string, string>,
): string[] {
  const long = [...sources]
    .map(([path, source]) => ({ path, lines: source.split("\n").length - 1 }))
    .filter(({ lines }) => lines > mostLines);
  const needless = [...exceptions.keys()].filter((path) => !long.some((file) => file.path === path));
  return [
    ...long
      .filter(({ path }) => !exceptions.has(path))
      .map(({ path, lines }) => `${path} has ${lines} lines`),
    ...needless.map((path) => `${path} is an exception, and need not be`),
  ];
}

/** Files that do not open with a doc comment, their jurisdiction. */
export function unopened(sources: Sources): string[] {
  return complain(sources, (path, source) =>
    /^\/\*\*\n \* \S/.test(source) ? [] : [`${path} does not open with a doc comment`],
  );
}

/** Retired words in the names of files, and in the names that these export. */
export function retiredNames(sources: Sources, retired: RegExp): string[] {
  return complain(sources, (path, source) => {
    const inPath = path
      .replace(/\.ts$/, "")
      .split(/[/-]/)
      .filter((word) => retired.test(word));
    const inExports = exportedNames(path, source).flatMap((name) =>
      wordsOf(name)
        .filter((word) => retired.test(word))
        .map((word) => `${path} exports ${name}, which says ${word}`),
    );
    return [...inPath.map((word) => `${path} is named ${word}`), ...inExports];
  });
}

/** What is more than re-exports. */
export function codeBesideExports(sources: Sources): string[] {
  return complain(sources, (path, source) => {
    const rest = withoutComments(source)
      .replaceAll(/^export (?:type )?\{[^}]*\} from "[^"]+";$/gm, "")
      .trim();
    return rest === "" ? [] : [`${path} has code: ${rest}`];
  });
}

/** What `source` imports, each as a path from the root, or as it is named when it lies elsewhere. */
export function importsOf(path: string, source: string): string[] {
  return specifiersOf(source).map((specifier) =>
    specifier.startsWith(".") ? join(dirname(path), specifier) : specifier,
  );
}

/** The words of a name or a text, in small letters. */
function wordsOf(name: string): string[] {
  return name
    .split(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase());
}

/** Whether an import is of the package, or of a part of it. */
function isPackageOf(target: string, name: string): boolean {
  return !target.endsWith(".ts") && (target === name || target.startsWith(`${name}/`));
}

function specifiersOf(source: string): string[] {
  return [...withoutComments(source).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? "");
}

function complain(sources: Sources, rule: (path: string, source: string) => string[]): string[] {
  return [...sources].flatMap(([path, source]) => rule(path, source));
}

function commentsOf(source: string): string[] {
  return (source.match(TOKEN) ?? []).filter(isComment);
}

function withoutComments(source: string): string {
  return source.replaceAll(TOKEN, (token) => (isComment(token) ? "" : token));
}

/** `source` without comments and texts; what a template computes is code. */
function codeOf(source: string): string {
  return source.replaceAll(TOKEN, (token) =>
    token.startsWith("`") ? (token.match(/\$\{[^}]*\}/g) ?? []).join(" ") : "",
  );
}

function isComment(token: string): boolean {
  return token.startsWith("/*") || token.startsWith("//");
}

/** A comment, a string, or a template. */
const TOKEN = /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
/** `import … from "x"`, `export … from "x"` and `import "x"` at a line's start; `import("x")` anywhere. */
const IMPORT = /^(?:import|export)\b(?:[^;"]*\bfrom)? "([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;
