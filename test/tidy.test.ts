/**
 * Holds the repository to its rules by reading the sources. Each rule is first shown
 * a bad sample: a rule that cannot fail holds nothing.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  bufferBreaches,
  codeBesideExports,
  type FolderGraph,
  folderBreaches,
  folderOf,
  importCycles,
  importsOf,
  longFiles,
  retiredNames,
  type Sources,
  silencers,
  strays,
  unfinishedImports,
  unopened,
  unreachable,
  upwardArrows,
  wordsInCode,
} from "./tidy.ts";

const src = read("src");
const demo = read("demo");
const entries = ["src/index.ts", "src/browser.ts", "src/websocket.ts", "src/nats.ts", "src/native.ts"];
/** The files that are started, and whose names nobody imports. */
const starts = ["src/cli.ts", "src/network-worker.ts"];
const everything = new Map([...src, ...demo, ...read("test")]);

/**
 * The folders, in the order of their layers, each with what it may import beside
 * itself: folders without those below them, files, packages, and `node:` for
 * Node's modules. A file that stands here has a rule of its own.
 */
const FOLDERS: FolderGraph = new Map([
  ["src/check.ts", []],
  ["src/pace.ts", []],
  ["src/block.ts", []],
  ["src/warn.ts", []],
  ["src/version.ts", []],
  ["src/port", []],
  ["src/codec", ["src/check.ts"]],
  ["src/core/storage", ["src/codec"]],
  ["src/core/limits", ["src/check.ts"]],
  ["src/core/frame", ["src/port", "src/core/storage"]],
  ["src/core/receive", ["src/port", "src/codec", "src/core/storage", "src/core/limits", "src/core/frame"]],
  ["src/core/send", ["src/check.ts", "src/port", "src/codec", "src/core/storage", "src/core/frame"]],
  [
    "src/core/connection",
    [
      "src/check.ts",
      "src/port",
      "src/codec",
      "src/core/storage",
      "src/core/limits",
      "src/core/frame",
      "src/core/receive",
      "src/core/send",
    ],
  ],
  [
    "src/core/listen",
    [
      "src/check.ts",
      "src/port",
      "src/codec",
      "src/core/storage",
      "src/core/limits",
      "src/core/frame",
      "src/core/send",
      "src/core/connection",
    ],
  ],
  [
    "src/core/datagram",
    ["src/check.ts", "src/port", "src/codec", "src/core/storage", "src/core/limits", "src/core/frame"],
  ],
  ["src/core/claim", ["src/check.ts", "src/port", "src/codec", "src/core/frame"]],
  [
    "src/core/events.ts",
    [
      "src/check.ts",
      "src/port",
      "src/core/connection",
      "src/core/listen",
      "src/core/datagram",
      "src/core/claim",
      "mitt",
    ],
  ],
  [
    "src/core",
    [
      "src/check.ts",
      "src/warn.ts",
      "src/port",
      "src/codec",
      "src/core/storage",
      "src/core/limits",
      "src/core/frame",
      "src/core/connection",
      "src/core/listen",
      "src/core/datagram",
      "src/core/claim",
      "src/core/events.ts",
    ],
  ],
  ["src/transport/memory", ["src/check.ts", "src/port"]],
  ["src/transport/wrap", ["src/check.ts", "src/port"]],
  ["src/transport/wrap/session", ["src/check.ts", "src/port", "src/transport/wrap"]],
  ["src/transport/browser", ["src/check.ts", "src/port"]],
  ["src/transport/node", ["src/check.ts", "src/port", "node:"]],
  ["src/transport/wrap", ["src/check.ts", "src/warn.ts", "src/version.ts", "src/port"]],
  [
    "src/transport/wrap/recording-file.ts",
    ["src/check.ts", "src/transport/node", "src/transport/wrap", "node:"],
  ],
  ["src/transport/websocket/ws.ts", ["ws", "node:"]],
  [
    "src/transport/websocket",
    [
      "src/check.ts",
      "src/port",
      "src/transport/browser",
      "src/transport/node",
      "src/transport/websocket/ws.ts",
      "node:",
    ],
  ],
  ["src/transport/native", ["src/block.ts", "src/check.ts", "src/port", "src/transport/node", "node:"]],
  ["src/transport/nats", ["src/warn.ts", "src/check.ts", "src/port", "src/transport/node", "node:"]],
  ["src/transport/thread", ["src/block.ts", "src/check.ts", "src/port", "src/transport/wrap", "node:"]],
  [
    "src/transport/thread/worker",
    [
      "src/block.ts",
      "src/port",
      "src/transport/node",
      "src/transport/native",
      "src/transport/websocket",
      "src/transport/native",
      "src/transport/thread",
      "src/transport/wrap",
      "node:",
    ],
  ],
  ["src/settle.ts", ["src/check.ts", "src/core"]],
  ["src/loop-times.ts", []],
  ["src/metrics.ts", ["src/check.ts", "src/port", "src/core", "src/core/listen", "src/core/datagram"]],
  ["src/loop-rounds.ts", ["src/check.ts", "src/core", "src/core/frame", "src/loop-times.ts"]],
  ["src/loop.ts", ["src/check.ts", "src/pace.ts", "src/core", "src/core/frame", "src/loop-rounds.ts"]],
  [
    "src/loop-sync.ts",
    ["src/block.ts", "src/check.ts", "src/port", "src/core", "src/loop-rounds.ts", "src/transport/node"],
  ],
  [
    "src/browser.ts",
    [
      "src/port",
      "src/codec",
      "src/core",
      "src/core/events.ts",
      "src/core/frame",
      "src/core/send",
      "src/core/connection",
      "src/transport/wrap",
      "src/transport/wrap/session",
      "src/transport/browser",
      "src/transport/wrap",
      "src/loop.ts",
      "src/loop-rounds.ts",
      "src/loop-times.ts",
    ],
  ],
  ["src/inspect", ["src/port", "src/transport/wrap", "node:"]],
  ["src/cli.ts", ["src/inspect", "node:"]],
  ["src/nats.ts", ["src/transport/nats"]],
  ["src/native.ts", ["src/transport/native"]],
  ["src/network-worker.ts", ["src/transport/thread/worker"]],
  ["src/websocket.ts", ["src/transport/browser", "src/transport/node", "src/transport/websocket"]],
  [
    "src/index.ts",
    [
      "src/port",
      "src/codec",
      "src/core",
      "src/core/events.ts",
      "src/core/storage",
      "src/core/limits",
      "src/core/frame",
      "src/core/send",
      "src/core/connection",
      "src/core/listen",
      "src/core/datagram",
      "src/core/claim",
      "src/transport/memory",
      "src/transport/wrap",
      "src/transport/wrap/session",
      "src/transport/node",
      "src/transport/wrap",
      "src/transport/wrap/recording-file.ts",
      "src/transport/thread",
      "src/settle.ts",
      "src/metrics.ts",
      "src/loop.ts",
      "src/loop-sync.ts",
      "src/loop-rounds.ts",
      "src/loop-times.ts",
    ],
  ],
  ["demo/cube/shared", []],
  ["demo/cube/page/input", ["src/browser.ts", "demo/cube/shared", "demo/cube/page", "three"]],
  ["demo/cube/page/scene", ["src/browser.ts", "demo/cube/shared", "demo/cube/page", "three"]],
  ["demo/cube/page", ["src/browser.ts", "demo/cube/shared", "demo/cube/page/input", "demo/cube/page/scene"]],
  ["demo/cube/page-files.ts", ["node:", "esbuild"]],
  ["demo/cube/opener.ts", ["node:"]],
  ["demo/cube/views", ["src/index.ts", "demo/cube/shared", "demo/cube", "node:"]],
  [
    "demo/cube",
    [
      "src/index.ts",
      "src/websocket.ts",
      "demo/cube/shared",
      "demo/cube/views",
      "demo/cube/opener.ts",
      "demo/cube/page-files.ts",
      "node:",
    ],
  ],
  ["demo/arena/shared", ["src/browser.ts"]],
  ["demo/arena/page/play", ["src/browser.ts", "demo/arena/shared"]],
  ["demo/arena/page/operate", ["src/browser.ts", "demo/arena/shared"]],
  [
    "demo/arena",
    [
      "src/index.ts",
      "src/nats.ts",
      "src/websocket.ts",
      "demo/arena/shared",
      "demo/cube/opener.ts",
      "demo/cube/page-files.ts",
      "node:",
    ],
  ],
  ["demo/first-cube.ts", ["src/index.ts", "node:"]],
  ["demo/sockets", ["src/index.ts", "node:"]],
  ["demo/recipes", ["src/index.ts", "src/websocket.ts", "node:", "express", "fastify", "vite"]],
]);

/** Metaphors of our own, by their stems, that the field's words have replaced. The game keeps its world, a codec its guard. */
const RETIRED =
  /^(house|rooms?$|homes?$|desk|keeper|books?$|lifeline|door|guest|guarded|sift|news|mailbox|roster|crowd|turns$|batch|watches|farewell|knock|dwell|hear(s|d|er|ing)?$|intake|settl(?!e$)|visitor|switchboard|whisper)/;

/** What a machine has and a frame of time does not: only the clock's file may say it. */
const MACHINE_WORDS =
  /\b(Buffer|setTimeout|setInterval|setImmediate|queueMicrotask|process|performance|Date)\b/;

/** Files over 300 lines, each with its reason: none. */
const LONG_FILES = new Map<string, string>();

describe("folders", () => {
  test("import only what they may know", () => {
    const graph: FolderGraph = new Map([
      ["a", ["b", "check.ts"]],
      ["b", ["mitt"]],
      ["b/c", ["b", "node:"]],
      ["b/special.ts", []],
      ["check.ts", []],
    ]);
    const sample = sources({
      "a/one.ts":
        'import { b } from "../b/two.ts";\nimport "../check.ts";\nimport { c } from "../b/c/four.ts";',
      "b/two.ts": 'import mitt from "mitt";\nimport type { Socket } from "node:net";\nimport "./three.ts";',
      "b/three.ts": 'export {\n  d,\n} from "../a/one.ts";',
      "b/c/four.ts": 'import "node:net";\nimport "../two.ts";\nimport "mitt-like";',
      "b/special.ts": 'import "./two.ts";',
      "check.ts": 'const late = await import("./a/one.ts");',
      "new/five.ts": "",
    });
    expect(folderBreaches(sample, graph)).toEqual([
      "a/one.ts imports b/c/four.ts",
      "b/two.ts imports node:net",
      "b/three.ts imports a/one.ts",
      "b/c/four.ts imports mitt-like",
      "b/special.ts imports b/two.ts",
      "check.ts imports a/one.ts",
      "new/five.ts is in no folder of the graph",
    ]);
    expect(folderBreaches(new Map([...src, ...demo]), FOLDERS)).toEqual([]);
  });

  test("of the library stand in the order of their layers: none may import one that comes after it", () => {
    expect(
      upwardArrows(
        new Map([
          ["a", ["b"]],
          ["b", ["node:", "a", "c.ts"]],
          ["c.ts", []],
        ]),
      ),
    ).toEqual(["a may import b, which comes after it", "b may import c.ts, which comes after it"]);
    const library = new Map([...FOLDERS].filter(([folder]) => folder.startsWith("src/")));
    expect(upwardArrows(library)).toEqual([]);
  });

  test("in the graph are there, and each arrow of the library is needed", () => {
    const needless = neededArrows(src);
    for (const [folder, targets] of FOLDERS) {
      if (!folder.startsWith("src/")) continue;
      expect(folder.endsWith(".ts") ? [...src.keys()] : foldersOf(src)).toContain(folder);
      for (const target of targets) expect([...needless]).toContain(`${folder} -> ${target}`);
    }
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
    expect(unreachable(src, [...entries, ...starts])).toEqual([]);
    const programs = [...demo.keys()].filter((path) =>
      /^demo\/(first-cube|cube\/(page\/)?main|arena\/(page\/\w+\/)?main|(sockets|recipes)\/[^/]+)\.ts$/.test(
        path,
      ),
    );
    expect(unreachable(new Map([...demo, ...src]), [...entries, ...starts, ...programs])).toEqual([]);
  });
});

describe("the core and the codecs", () => {
  const pure = select(
    src,
    (path) => /^src\/(port|core|codec)\//.test(path) && path !== "src/core/frame/clock.ts",
  );

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

  test("of the library wait for nothing while they load, so that require() takes them too", () => {
    const WAITS = /^(?:(?:export )?(?:const|let|var) [^=]*= )?await\b|^for await\b|^(?:[\w.]+ = )?await\b/m;
    const sample = sources({
      "a.ts": 'const ws = await import("ws");',
      "b.ts": "export const { a } = await b;\n",
      "c.ts": "for await (const a of b) {}",
      "d.ts": "async function d() {\n  await e;\n}",
    });
    expect(wordsInCode(sample, WAITS).map((found) => found.split(" ")[0])).toEqual(["a.ts", "b.ts", "c.ts"]);
    expect(wordsInCode(src, WAITS)).toEqual([]);
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
      "c.ts": "/**\n * A file.\n */",
    });
    expect(unopened(sample)).toEqual([
      "a.ts does not open with a doc comment",
      "b.ts does not open with a doc comment",
    ]);
    expect(unopened(src)).toEqual([]);
  });

  test("and their exports are named in the field's words", () => {
    const sample = sources({
      "a/guest-list.ts":
        "export class List<T extends { size: number }> {\n  get atDoor() { return 1; }\n  *rosterOf() {}\n  #guest = 1;\n}",
      "a/heartbeat.ts":
        "const guest = 1;\nexport { guest as Guests, now } from './b.ts';\nexport * as crowd from './c.ts';",
      "b.ts":
        "export const { knocks } = x, doorMat = () => { const house = 1; };\nexport default class HTTPNews {}",
      "c.ts":
        "export type Role = 'guest' | 'client';\nexport interface Options { of(visitor: number): void; sifted: true }",
      "d.ts": "export async function* hearAll() {}\nexport function roundRobin(room: number): void {}",
    });
    expect(retiredNames(sample, RETIRED)).toEqual([
      "a/guest-list.ts is named guest",
      "a/guest-list.ts exports atDoor, which says door",
      "a/guest-list.ts exports rosterOf, which says roster",
      "a/heartbeat.ts exports Guests, which says guests",
      "a/heartbeat.ts exports guest, which says guest",
      "a/heartbeat.ts exports crowd, which says crowd",
      "b.ts exports knocks, which says knocks",
      "b.ts exports doorMat, which says door",
      "b.ts exports HTTPNews, which says news",
      "c.ts exports guest, which says guest",
      "c.ts exports visitor, which says visitor",
      "c.ts exports sifted, which says sifted",
      "d.ts exports hearAll, which says hear",
      "d.ts exports room, which says room",
    ]);
    const programs = select(demo, (path) => path !== "demo/recipes/rooms.ts"); // a word of games, for which readers look
    expect(retiredNames(new Map([...src, ...programs]), RETIRED)).toEqual([]);
  });

  test("of the library are TypeScript or manuals, so that every rule sees them", () => {
    const names = readdirSync(new URL("../src", import.meta.url), { recursive: true, encoding: "utf8" });
    const files = names.filter((name) => name.includes("."));
    expect(files.filter((name) => !/\.ts$|README\.md$|^tsconfig\.json$/.test(name))).toEqual([]);
  });

  test("name the public things in the entries, and do nothing there", () => {
    const sample = sources({
      "index.ts": '/** All. */\nexport {\n  a,\n  type B,\n} from "./a.ts";\nexport const late = 1;',
    });
    expect(codeBesideExports(sample)).toEqual(["index.ts has code: export const late = 1;"]);
    expect(codeBesideExports(select(src, (path) => entries.includes(path)))).toEqual([]);
  });
});

describe("the top level", () => {
  /** What every project carries, and three folders. */
  const KNOWN =
    /^(\.ci|\.github|\.gitignore|\.npmrc|bin|demo|src|templates|test|[A-Z]+(\.md)?|(biome|package|package-lock|tsconfig|tsconfig\.page)\.json|vitest\.config\.ts)$/;

  test("holds what is named here, and nothing that a tool has left", () => {
    const sample = ["README.md", "isolate-0x1-2-v8.log", "docs/a.md", "docs/b.md", "src/index.ts"];
    expect(strays(sample, KNOWN)).toEqual(["isolate-0x1-2-v8.log", "docs"]);
    const kept = execFileSync("git", ["ls-files"], { encoding: "utf8" }).trimEnd().split("\n");
    expect(strays(kept, KNOWN)).toEqual([]);
  });
});

describe("bytes", () => {
  /** Texts and lists, whose slice() is a copy everywhere. */
  const SLICEABLE =
    /(text|message|words|lines|groups|split|backlog|attempts|names?|path|host|url|key|list)$/i;
  const PLAIN = /^(plainView|plainCopy|first)$/;
  /** Where Node's bytes come from. */
  const fromNode = /^src\/transport\/(node|websocket)\//;

  test("are copied by the constructor, never by slice(), and reported to the core as plain ones", () => {
    const sample = sources({
      "a.ts": "const kept = bytes.slice();\nconst word = text.slice(1); // bytes.slice()",
      "b.ts": "encode(message).slice();\nthis.#held.view\n  .slice(1);\nconst all = given?.slice(2);",
      "c.ts": "events.received(bytes, from);\nthis.#events?.received(\n data as Uint8Array);",
      "d.ts": "events.received(plainView(bytes));\nheartbeat.received(this);\nlineText.slice(3);",
    });
    expect(bufferBreaches(sample, SLICEABLE, PLAIN)).toEqual([
      "a.ts slices bytes",
      "b.ts slices encode",
      "b.ts slices view",
      "b.ts slices given",
      "c.ts reports bytes",
      "c.ts reports data",
    ]);
    expect(
      bufferBreaches(
        select(src, (path) => !fromNode.test(path)),
        SLICEABLE,
        /./,
      ),
    ).toEqual([]);
    expect(
      bufferBreaches(
        select(src, (path) => fromNode.test(path)),
        SLICEABLE,
        PLAIN,
      ),
    ).toEqual([]);
  });

  test("are made as a Buffer nowhere but where Node wants one", () => {
    const sample = sources({ "a.ts": "const all = Buffer.alloc(8);", "b.ts": "// a Buffer" });
    const MADE = /\bBuffer\.(?!byteLength)\w+/;
    expect(wordsInCode(sample, MADE)).toEqual(["a.ts says Buffer.alloc"]);
    expect(wordsInCode(src, MADE)).toEqual([
      "src/transport/node/credentials.ts says Buffer.from", // keys and certificates
      "src/transport/websocket/server-frame.ts says Buffer.allocUnsafe", // cut from what Node shares, for one write
    ]);
  });
});

describe("tests", () => {
  const SKIPS = /\.(skip|skipIf|runIf|todo)\b/;

  test("are left out by `needs` alone, which tells why", () => {
    const sample = sources({
      "a.test.ts": 'test.skipIf(isAway)("is tried", () => {});\ntest("b", needs("nc"), () => {});',
      "b.test.ts": 'test("says .skip", () => stats.skipped);\ndescribe.skip("c", () => {});',
    });
    expect(wordsInCode(sample, SKIPS)).toEqual(["a.test.ts says .skipIf", "b.test.ts says .skip"]);
    const tests = select(everything, (path) => /^test\//.test(path));
    expect(tests.size).toBeGreaterThan(50);
    expect(wordsInCode(tests, SKIPS)).toEqual([]);
  });
});

describe("the tests", () => {
  test("stand in folders that mirror the sources", () => {
    const sample = [
      "test/core/send/outbox.test.ts",
      "test/core/none/a.test.ts",
      "test/core/frame/outbox.test.ts",
    ];
    expect(misplacedTests(sample, ["src/core/send/outbox.ts", "src/core/frame/frame.ts"])).toEqual([
      "test/core/none/a.test.ts has no such folder beside it",
      "test/core/frame/outbox.test.ts tests src/core/send/outbox.ts, and stands elsewhere",
    ]);
    const mirrored = [...everything.keys()].filter((path) =>
      /^test\/(codec|core|transport|demo)\//.test(path),
    );
    expect(misplacedTests(mirrored, [...src.keys(), ...demo.keys()])).toEqual([]);
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

  test("names every file of src where it stands, and no file that is gone", () => {
    const sample =
      "```\nsrc/\n  index.ts   all; late.ts\n  core/\n    a.ts b.ts  both\n      folded/\n        c.ts\n  codec/\n    a.ts\ntest/  `d.ts`\n```\n";
    expect(pathsInMap(sample)).toEqual([
      "src/index.ts",
      "src/late.ts",
      "src/core/a.ts",
      "src/core/b.ts",
      "src/core/folded/c.ts",
      "src/codec/a.ts",
      "test/d.ts",
    ]);
    const named = pathsInMap(map).filter((path) => path.startsWith("src/"));
    expect(named.sort()).toEqual([...src.keys()].sort());
  });

  test("speaks of no file that is not there", () => {
    expect(namesIn("`a/b.ts` and c.ts")).toEqual(["a/b.ts", "c.ts"]);
    const isKnown = (name: string) => [...everything.keys()].some((path) => `/${path}`.endsWith(`/${name}`));
    expect(isKnown("core/none.ts")).toBe(false);
    expect(namesIn(map).filter((name) => !isKnown(name))).toEqual([]);
  });
});

/** The files that a map in a code block names, each by its folders' lines above it. */
function pathsInMap(markdown: string): string[] {
  const block = /^```\n(src\/\n[\s\S]*?)^```/m.exec(markdown)?.[1] ?? "";
  const open: { readonly indent: number; readonly folder: string }[] = [];
  return block.split("\n").flatMap((line) => {
    const indent = line.length - line.trimStart().length;
    const folder = /^\s*([\w-]+)\/(?=\s|$)/.exec(line)?.[1];
    const isFile = /^\s*[\w-]+\.ts/.test(line);
    if (folder !== undefined || isFile) {
      while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    }
    if (folder !== undefined) open.push({ indent, folder });
    const parents = open.map((one) => one.folder).join("/");
    return namesIn(line).map((name) => `${parents}/${name}`);
  });
}

/** Every name of a TypeScript file in a text. */
function namesIn(text: string): string[] {
  return text.match(/[\w-][\w/.-]*\.ts\b/g) ?? [];
}

/** Tests that do not stand where their source does, by folder and by name: `test/demo` mirrors `demo`, the others `src`. */
function misplacedTests(tests: readonly string[], known: readonly string[]): string[] {
  return tests.flatMap((path) => {
    const mirrored = path.replace(
      path.startsWith("test/demo/") ? /^test\// : /^test/,
      path.startsWith("test/demo/") ? "" : "src",
    );
    const folder = mirrored.slice(0, mirrored.lastIndexOf("/") + 1);
    if (!known.some((file) => file.startsWith(folder))) return [`${path} has no such folder beside it`];
    const [part = ""] = /^(src\/)?[^/]+\//.exec(mirrored) ?? [];
    const name = `/${path.slice(path.lastIndexOf("/") + 1).replace(".test.ts", ".ts")}`;
    const sources = known.filter((file) => file.startsWith(part) && file.endsWith(name));
    const isElsewhere =
      path.endsWith(".test.ts") && sources.length > 0 && !sources.includes(folder + name.slice(1));
    return isElsewhere ? [`${path} tests ${sources.join(", ")}, and stands elsewhere`] : [];
  });
}

/** The folders that hold files. */
function foldersOf(files: Sources): string[] {
  return [...files.keys()].map((path) => path.slice(0, path.lastIndexOf("/")));
}

/** Each arrow of the graph that an import goes along. */
function neededArrows(files: Sources): Set<string> {
  const arrows = new Set<string>();
  for (const [path, source] of files) {
    for (const target of importsOf(path, source)) {
      const known = target.startsWith("node:") ? "node:" : (folderOf(target, FOLDERS) ?? target);
      arrows.add(`${folderOf(path, FOLDERS)} -> ${known}`);
    }
  }
  return arrows;
}

/** All TypeScript under `folder`; nothing when there is no such folder. */
function read(folder: string): Sources {
  const root = new URL("../", import.meta.url);
  if (!existsSync(new URL(folder, root))) return new Map();
  const names = readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" });
  const paths = names
    .filter((name) => name.endsWith(".ts") && !name.startsWith(".cache")) // which other tests write meanwhile
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  return new Map(paths.sort().map((path) => [path, readFileSync(new URL(path, root), "utf8")]));
}

function select(from: Sources, wanted: (path: string) => boolean): Sources {
  return new Map([...from].filter(([path]) => wanted(path)));
}

function sources(files: Record<string, string>): Sources {
  return new Map(Object.entries(files));
}
