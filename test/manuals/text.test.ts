/**
 * What a README.md says, without running anything: its links and pictures lead
 * somewhere, here and on npm's page; the files and scripts that it names are
 * there; and it is no longer than a reader's patience. Each rule is first shown
 * a bad sample.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  allManuals,
  anchorsOf,
  commandsOf,
  linksOf,
  type Manual,
  manualAt,
  manualOf,
  pathsIn,
  programsOf,
  resolved,
  root,
} from "./manual.ts";

const manuals = allManuals();
const { scripts, repository, homepage, bugs } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  readonly scripts: Record<string, string>;
  readonly repository: { readonly url: string };
  readonly homepage: string;
  readonly bugs: string;
};

/** Shows lines of programs that stand beside it, which `test/recipes/cookbook.test.ts` holds. */
const COOKBOOK = "demo/recipes/README.md";
/** The most lines: the root's is the entrance, the others are manuals, and nobody reads the cookbook as a whole. */
const MOST_LINES = { root: 250, folder: 300, cookbook: 750 };

describe("a README.md", () => {
  test("is found wherever it stands", () => {
    expect(manuals.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        "README.md",
        "demo/README.md",
        "demo/sockets/README.md",
        "src/codec/README.md",
        "src/core/README.md",
        "src/transport/README.md",
        "test/README.md",
        "test/bench/README.md",
      ]),
    );
  });

  test("has links, pictures and anchors that lead somewhere", () => {
    const sample = manualOf(
      "src/core/README.md",
      "# It\n[a](../port) [b](#it) [c](#that) [d](none.md) ![e](../../none.webp) `[f](g)` [h](../../README.md#none)" +
        '\n<img alt="i" src="none.svg">\n[j](https://example.org)\n[k](../../../out.md)\n',
    );
    expect(lost(sample)).toEqual([
      "#that",
      "none.md",
      "../../none.webp",
      "../../README.md#none",
      "../../../out.md",
      "none.svg",
    ]);
    expect(lost(manualOf("README.md", "[a](/src) [b](src/core/)"))).toEqual(["/src"]);
    for (const manual of manuals) expect([manual.path, lost(manual)]).toEqual([manual.path, []]);
  });

  test("names files, folders and npm scripts that are there", () => {
    const sample = manualOf(
      "README.md",
      "`src/none.ts` `src/index.ts` `npm run none`\n```sh\nnpm run gone\n```\n",
    );
    expect(pathsIn(sample).filter((path) => !existsSync(root + path))).toEqual(["src/none.ts"]);
    expect(scriptsIn(sample)).toEqual(["none", "gone"]);
    const named = manuals.flatMap(scriptsIn);
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(scripts).toHaveProperty([name]);
    const paths = manuals.flatMap((manual) => pathsIn(manual).map((path) => [manual.path, path] as const));
    expect(paths.length).toBeGreaterThan(50);
    expect(paths.filter(([, path]) => !existsSync(root + path))).toEqual([]);
  });

  test("is short enough to be read", () => {
    for (const { path, text } of manuals) {
      const { root, folder, cookbook } = MOST_LINES;
      const most = path === "README.md" ? root : path === COOKBOOK ? cookbook : folder;
      expect([path, text.split("\n").length - 1 <= most]).toEqual([path, true]);
    }
  });

  test("has blocks of known languages alone, or pictures of none, and each program has a file's name in its first line", () => {
    const sample = manualOf(
      "README.md",
      "```ts\nlet a;\n```\n```ts\n// b.mts: it\n```\n```sh\nls # it\n# no\n```\n",
    );
    expect(programsOf(sample).map(({ name }) => name)).toEqual(["b.mts"]);
    expect(commandsOf(sample)).toEqual(["ls"]);
    for (const manual of manuals) {
      const unknown = manual.blocks.filter(({ language }) => !/^(tsx?|js|sh|nginx|)$/.test(language));
      expect([manual.path, unknown]).toEqual([manual.path, []]);
      if (manual.path === COOKBOOK) continue;
      const programs = manual.blocks.filter(({ language }) => /^(ts|js)$/.test(language));
      expect([manual.path, programsOf(manual).length]).toEqual([manual.path, programs.length]);
    }
  });
});

describe("npm's page", () => {
  test("finds the pictures and links of the root's README.md by the repository that package.json names", () => {
    const github = /^git\+(https:\/\/github\.com\/[\w-]+\/[\w-]+)\.git$/.exec(repository.url)?.[1];
    expect(github).toBeDefined();
    expect(homepage).toBe(`${github}#readme`);
    expect(bugs).toBe(`${github}/issues`);
    // npm rewrites what Markdown links to, and what is in HTML it leaves as it is.
    const html = [...manualAt("README.md").text.matchAll(/<(?:img|source|a)\b[^>]*>/g)];
    expect(html.filter(([tag]) => !tag.includes('="https://'))).toEqual([]);
  });
});

/** The links of a manual that lead nowhere in the repository. */
function lost(manual: Manual): string[] {
  return linksOf(manual)
    .map(({ target }) => target)
    .filter((target) => !/^(https|mailto):/.test(target))
    .filter((target) => {
      const { path, anchor } = resolved(manual, target);
      if (target.startsWith("/") || path.startsWith("..")) return true;
      if (target.startsWith("#")) return !anchorsOf(manual.text).includes(anchor);
      if (!existsSync(root + path)) return true;
      return anchor !== "" && !anchorsOf(readFileSync(root + path, "utf8")).includes(anchor);
    });
}

/** The npm scripts that a manual speaks of. */
function scriptsIn({ text }: Manual): string[] {
  return [...text.matchAll(/\bnpm (?:run )?(?:(?<=run )([\w:]+)|(test)\b)/g)].map(
    ([, run, test]) => run ?? test ?? "",
  );
}
