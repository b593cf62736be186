/**
 * Holds the house to its rules by reading the sources. Each rule is first shown
 * a bad sample: a rule that cannot fail holds nothing.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  codeBesideExports,
  importCycles,
  type Layer,
  layerBreaches,
  longFiles,
  type Sources,
  silencers,
  unfinishedImports,
  unopened,
  unreachable,
  wordsInCode,
} from "./tidy.ts";

const src = read("src");
const demo = read("demo");
const entries = ["src/index.ts", "src/browser.ts", "src/websocket.ts"];
const everything = new Map([...src, ...demo, ...read("test")]);

/** Transports that run in a page, and know no `node:` module. */
const FOR_PAGES = /^src\/transport\/(browser|memory)\//;

/** What the cube's processes and their pages share. */
const FOR_BOTH_SIDES = /^demo\/cube\/shared\//;

/** What each layer may import. The first that fits a file is its layer. */
const LAYERS: readonly Layer[] = [
  {
    files: /^src\/(index|websocket)\.ts$/,
    mayImport: [/^src\/(port|core|codec|transport)\//, /^src\/loop\.ts$/],
  },
  {
    files: /^src\/browser\.ts$/,
    mayImport: [/^src\/(port|core|codec)\//, /^src\/loop\.ts$/, FOR_PAGES],
  },
  { files: /^src\/port\//, mayImport: [/^src\/port\//] },
  { files: /^src\/check\.ts$/, mayImport: [] },
  { files: /^src\/pace\.ts$/, mayImport: [] },
  {
    files: /^src\/loop\.ts$/,
    mayImport: [/^src\/(check|pace)\.ts$/, /^src\/core\/(frame\/frame|client-poller)\.ts$/],
  },
  { files: /^src\/codec\//, mayImport: [/^src\/check\.ts$/, /^src\/codec\//] },
  { files: /^src\/core\/events\.ts$/, mayImport: [/^src\/(port|core)\//, /^mitt$/] },
  { files: /^src\/core\//, mayImport: [/^src\/check\.ts$/, /^src\/(port|codec|core)\//] },
  { files: FOR_PAGES, mayImport: [/^src\/check\.ts$/, /^src\/port\//, FOR_PAGES] },
  { files: /^src\/transport\/websocket\/ws\.ts$/, mayImport: [/^ws$/] },
  {
    files: /^src\/transport\//,
    mayImport: [/^src\/check\.ts$/, /^src\/port\//, /^src\/transport\//, /^node:/],
  },
  { files: FOR_BOTH_SIDES, mayImport: [FOR_BOTH_SIDES] },
  {
    files: /^demo\/cube\/page\//,
    mayImport: [/^src\/browser\.ts$/, /^demo\/cube\/page\//, FOR_BOTH_SIDES, /^three(\/|$)/],
  },
  { files: /^demo\/cube\/page-files\.ts$/, mayImport: [/^node:/, /^esbuild$/] },
  { files: /^demo\//, mayImport: [/^src\/(index|websocket)\.ts$/, /^demo\/(?!cube\/page\/)/, /^node:/] },
];

/** What a machine has and a frame of time does not: only the clock's file may say it. */
const MACHINE_WORDS =
  /\b(Buffer|setTimeout|setInterval|setImmediate|queueMicrotask|process|performance|Date)\b/;

/** Files over 300 lines, each with its reason: none. */
const LONG_FILES = new Map<string, string>();

describe("layers", () => {
  test("import only what they may know", () => {
    const sample = sources({
      "src/codec/a.ts": 'import { b } from "../core/b.ts";',
      "src/core/b.ts": 'import type { Socket } from "node:net";\nimport mitt from "mitt";',
      "src/transport/c.ts": 'export {\n  d,\n} from "../core/d.ts";\nimport "../port/link.ts";',
      "src/check.ts": 'const late = await import("./loop.ts");',
      "demo/e.ts": 'import { lines } from "../src/codec/lines.ts";',
      "src/new/f.ts": "",
    });
    expect(layerBreaches(sample, LAYERS)).toEqual([
      "src/codec/a.ts imports src/core/b.ts",
      "src/core/b.ts imports node:net",
      "src/core/b.ts imports mitt",
      "src/transport/c.ts imports src/core/d.ts",
      "src/check.ts imports src/loop.ts",
      "demo/e.ts imports src/codec/lines.ts",
      "src/new/f.ts is in no layer",
    ]);
    expect(layerBreaches(new Map([...src, ...demo]), LAYERS)).toEqual([]);
  });

  test("have no cycles, not even of types", () => {
    const sample = sources({
      "a.ts": 'import { b } from "./b.ts";',
      "b.ts": 'import type { c } from "./c/c.ts";',
      "c/c.ts": 'export * from "../a.ts";',
      "d.ts": 'import { a } from "./a.ts"; // no part of it',
    });
    expect(importCycles(sample)).toEqual(["a.ts -> b.ts -> c/c.ts -> a.ts"]);
    expect(importCycles(everything)).toEqual([]);
  });

  test("hold no file that nobody imports", () => {
    const sample = sources({
      "index.ts": 'export { a } from "./a.ts";',
      "a.ts": "",
      "b.ts": 'import "./a.ts";',
    });
    expect(unreachable(sample, ["index.ts"])).toEqual(["b.ts is imported by nobody"]);
    expect(unreachable(src, entries)).toEqual([]);
  });
});

describe("the core and the codecs", () => {
  const pure = select(src, (path) => /^src\/(core|codec)\//.test(path) && path !== "src/core/frame/clock.ts");

  test("know no machine: no timer, no clock, no Buffer", () => {
    const sample = sources({
      "a.ts": '// Date.now()\nconst text = "a Buffer";\nsetTimeout(() => {}, 1);',
      "b.ts": `/** performance.now */\nconst updateDate = \`\${Date.now()} process\`;`,
      "c.ts": "const processed = new Date();",
    });
    expect(wordsInCode(sample, MACHINE_WORDS)).toEqual([
      "a.ts says setTimeout",
      "b.ts says Date",
      "c.ts says Date",
    ]);
    expect(pure.size).toBeGreaterThan(10);
    expect(wordsInCode(pure, MACHINE_WORDS)).toEqual([]);
  });
});

describe("files", () => {
  test("are imported by their whole name", () => {
    const sample = sources({
      "a.ts": 'import { b } from "./b";\nimport { c } from "./c.js";\nimport "./d.ts";',
    });
    expect(unfinishedImports(sample)).toEqual([
      'a.ts imports "./b", which does not end in .ts',
      'a.ts imports "./c.js", which does not end in .ts',
    ]);
    expect(unfinishedImports(everything)).toEqual([]);
  });

  test("fit on a few screens", () => {
    const sample = sources({ "a.ts": "\n".repeat(301), "b.ts": "\n".repeat(300), "c.ts": "\n".repeat(301) });
    const exceptions = new Map([
      ["a.ts", "a reason"],
      ["b.ts", "one that is gone"],
    ]);
    expect(longFiles(sample, 300, exceptions)).toEqual([
      "c.ts has 301 lines",
      "b.ts is an exception, and need not be",
    ]);
    expect(longFiles(new Map([...src, ...demo]), 300, LONG_FILES)).toEqual([]);
  });

  test("open with their jurisdiction", () => {
    const sample = sources({
      "a.ts": 'import "./b.ts";\n/**\n * Late.\n */',
      "b.ts": "// Short.",
      "c.ts": "/**\n * A room.\n */",
    });
    expect(unopened(sample)).toEqual([
      "a.ts does not open with a doc comment",
      "b.ts does not open with a doc comment",
    ]);
    expect(unopened(src)).toEqual([]);
  });

  test("name the public things in the entries, and do nothing there", () => {
    const sample = sources({
      "index.ts": '/** All. */\nexport {\n  a,\n  type B,\n} from "./a.ts";\nexport const late = 1;',
    });
    expect(codeBesideExports(sample)).toEqual(["index.ts has code: export const late = 1;"]);
    expect(codeBesideExports(select(src, (path) => entries.includes(path)))).toEqual([]);
  });
});

describe("types", () => {
  const ANY = /(?<!\.)\bany\b/;

  test("are never any", () => {
    const sample = sources({
      "a.ts": "const a: any = 1;",
      "b.ts": "export function b(x: Map<string, any[]>) { return x as any; }",
      "c.ts": 'AbortSignal.any([]); // any comment, "any"\nconst many = "as any";',
    });
    expect(wordsInCode(sample, ANY)).toEqual(["a.ts says any", "b.ts says any", "b.ts says any"]);
    expect(wordsInCode(everything, ANY)).toEqual([]);
  });

  test("and checks are not silenced without a word why", () => {
    const sample = sources({
      "a.ts": "// @ts-ignore\nlet a = 1;\n/* @ts-nocheck */",
      "b.ts": "// biome-ignore lint: all of it\n// biome-ignore lint/style/useConst: <explanation>",
      "c.ts": '// biome-ignore lint/style/useConst: set by the loop below\nconst text = "// @ts-ignore";',
    });
    expect(silencers(sample)).toEqual([
      "a.ts says @ts-ignore",
      "a.ts says @ts-nocheck",
      "b.ts says biome-ignore lint: all of it",
      "b.ts says biome-ignore lint/style/useConst: <explanation>",
    ]);
    expect(silencers(everything)).toEqual([]);
  });
});

describe("the map in ARCHITECTURE.md", () => {
  const map = readFileSync(new URL("../ARCHITECTURE.md", import.meta.url), "utf8");

  test("names every file of src, and no file that is gone", () => {
    expect(strangers("src/ a.ts b.ts", ["src/a.ts", "src/c.ts"])).toEqual(["c.ts", "b.ts"]);
    const known = [...everything.keys()];
    expect(strangers(map, [...src.keys()], known)).toEqual([]);
  });
});

/** Files that `map` does not name, and names in it that are no file's. */
function strangers(map: string, mustName: readonly string[], known: readonly string[] = mustName): string[] {
  const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const named = new Set(map.match(/[\w-]+(\.test)?\.ts\b/g));
  const files = new Set(known.map(nameOf));
  return [
    ...mustName.map(nameOf).filter((name) => !named.has(name)),
    ...[...named].filter((name) => !files.has(name)),
  ];
}

/** All TypeScript under `folder`; nothing when there is no such folder. */
function read(folder: string): Sources {
  const root = new URL("../", import.meta.url);
  if (!existsSync(new URL(folder, root))) return new Map();
  const names = readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" });
  const paths = names
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  return new Map(paths.sort().map((path) => [path, readFileSync(new URL(path, root), "utf8")]));
}

function select(from: Sources, wanted: (path: string) => boolean): Sources {
  return new Map([...from].filter(([path]) => wanted(path)));
}

function sources(files: Record<string, string>): Sources {
  return new Map(Object.entries(files));
}
