/**
 * Whether a machine's gaps are found, and told: on machines that are made here,
 * as folders for PATH. What is not left out fails for want of a program, so the
 * run on a bare machine, `.ci/bare`, is the test that nothing is forgotten.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { linesOf, listOf, missingIn, patternOf } from "./left-out.ts";

/** A machine whose PATH is this folder. */
let folder: string;
/** Asked anew in each test, as an answer is kept. */
let machine: typeof import("./machine.ts");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tickwire-machine-"));
  vi.stubEnv("PATH", folder);
  vi.stubEnv("CHROME_PATH", "");
  vi.resetModules();
  machine = await import("./machine.ts");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Puts a program on the machine: a few lines of shell. */
function install(name: string, script = "", mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode });
  return path;
}

describe("a program", () => {
  test("is here when it is on PATH, in the folder that comes first", () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    for (const one of [first, second]) mkdirSync(one);
    install("second/tool");
    vi.stubEnv("PATH", ["", first, join(folder, "none"), second].join(delimiter));
    expect(machine.onPath("tool")).toBe(join(second, "tool"));
    install("first/tool");
    expect(machine.onPath("tool")).toBe(join(first, "tool"));
  });

  test("is not here as a folder, or as a file that cannot be run", () => {
    mkdirSync(join(folder, "tool"));
    install("text", "", 0o644);
    expect([machine.onPath("tool"), machine.onPath("text"), machine.onPath("none")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("may have several names, and the first that is here counts", () => {
    const path = install("google-chrome");
    expect(machine.chromium()).toBe(path);
    expect(machine.needs("chromium")).toEqual({});
  });

  test("may be named by CHROME_PATH, which counts more than PATH, also when it names nothing", () => {
    install("chromium");
    const elsewhere = install("browser");
    vi.stubEnv("CHROME_PATH", elsewhere);
    expect(machine.chromium()).toBe(elsewhere);
    vi.stubEnv("CHROME_PATH", join(folder, "none"));
    expect(machine.chromium()).toBeUndefined();
  });

  test("of the same name that is another one is told apart", () => {
    install("nc", 'echo "usage: nc [-46lnuvz] host port" >&2');
    install("python3", 'echo "no module named argparse" >&2; exit 1');
    expect(machine.lack("nc")).toBe("nc is here, and has no -N, as OpenBSD's has");
    expect(machine.lack("python3")).toBe("python3 cannot import argparse, socket: no module named argparse");
  });

  test("that is right is lacking nothing", () => {
    install("nc", 'echo "usage: nc [-46CDdFhklNnrStUuvZz] [-I length]" >&2');
    install("python3");
    expect(machine.needs("nc", "python3", "python3 with ssl")).toEqual({});
  });
});

describe("a test", () => {
  test("is left out for each of its needs that is lacking", () => {
    install("curl");
    expect(machine.needs("curl", "nc", "openssl")).toEqual({
      skip: true,
      meta: { leftOut: ["nc is not here", "openssl is not here"] },
    });
  });

  test("is told in the line of what it lacks, with the others in its file", () => {
    const [nc, curl] = ["nc is not here", "curl is not here"];
    const told = (file: string, ...leftOut: string[]) => ({ file, name: "a test", leftOut });
    expect(
      linesOf([
        told("a.test.ts", nc),
        told("b.test.ts", nc, curl),
        told("b.test.ts", nc),
        told("b.test.ts"),
        { ...told("c.test.ts"), lessened: "only 9 connections" },
      ]),
    ).toEqual([
      "done with less: only 9 connections: 1 test in c.test.ts",
      "left out: curl is not here: 1 test in b.test.ts",
      "left out: nc is not here: 3 tests in a.test.ts (1), b.test.ts (2)",
    ]);
    expect(linesOf([told("a.test.ts")])).toEqual([]);
  });

  test("is in the list of those to run where there is more, by its whole name", () => {
    const leftOut = ["nc is not here"];
    const list = listOf([
      { file: "b.test.ts", name: "(a) talks to $nc\n+ others", leftOut },
      { file: "a.test.ts", name: "talks to nc", leftOut },
      { file: "a.test.ts", name: "talks to itself", leftOut: [] },
    ]);
    expect(list).toBe("b.test.ts\t(a) talks to $nc + others\na.test.ts\ttalks to nc\n");
    const pattern = patternOf(list);
    for (const name of ["(a) talks to $nc\n+ others", "talks to nc"]) expect(name).toMatch(pattern);
    for (const name of ["a talks to nc", "talks to nc twice", "talks to itself", ""])
      expect(name).not.toMatch(pattern);
  });

  test("of that list must run then, or have a reason again", () => {
    const list = "a.test.ts\tone\na.test.ts\ttwo\na.test.ts\tthree\n";
    const told = [
      { file: "a.test.ts", name: "one", hasRun: true },
      { file: "a.test.ts", name: "two", hasRun: false, leftOut: ["nc is not here"] },
      { file: "a.test.ts", name: "three", hasRun: false },
    ];
    expect(missingIn(list, told)).toEqual(["a.test.ts\tthree"]);
    expect(missingIn(list, told.slice(1))).toEqual(["a.test.ts\tone", "a.test.ts\tthree"]);
  });

  test("that is left out is told at the end of a run, and a run of all its tests tells nothing", async () => {
    const list = join(folder, "left-out");
    vi.stubEnv("TICKWIRE_LEFT_OUT_TO", list);
    const bare = await run("test/demo/sockets/tls.test.ts");
    expect(readFileSync(list, "utf8").match(/^test\/demo\/sockets\/tls\.test\.ts\t./gm)).toHaveLength(4);
    const whole = await run("test/demo/cube/options.test.ts");
    expect(readFileSync(list, "utf8")).toBe("");
    expect(bare).toContain("left out: openssl is not here: 4 tests in test/demo/sockets/tls.test.ts\n");
    expect(bare).toContain("left out: python3 is not here: 1 test in test/demo/sockets/tls.test.ts\n");
    expect(whole).toContain("passed");
    expect(whole).not.toContain("left out");
  });

  test("of a list is all that runs with it, and one that is not found is a failure", async () => {
    const list = join(folder, "list");
    const file = "test/demo/cube/options.test.ts";
    vi.stubEnv("TICKWIRE_ONLY_OF", list);
    writeFileSync(list, `${file}\twrites an address so that it can be typed in again\n`);
    expect(await run(file)).toContain("1 passed");
    writeFileSync(list, `${file}\twrites no address\n`);
    const failed = await run(file).catch(({ stderr }) => stderr);
    expect(failed).toContain(`listed, and took no place: ${file}\twrites no address\n`);
  });
});

/** What a run of a file prints on this machine. It must pass. */
async function run(file: string): Promise<string> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", file], { cwd: root });
  return stdout;
}
