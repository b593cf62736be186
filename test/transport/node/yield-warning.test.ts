/**
 * In a process of its own: the warning comes once in a process, and what it
 * warns of would block this one.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const index = fileURLToPath(new URL("../../../src/index.ts", import.meta.url));

/** Runs a program with a TCP listener, and answers the warnings it gave. */
function warningsOf(program: string, env: NodeJS.ProcessEnv = {}): string {
  const code = `
    import { lines, Poller, runLoop, tcp } from ${JSON.stringify(index)};
    const warnings = [];
    process.on("warning", (warning) => warnings.push(warning.code ?? warning.name));
    const net = new Poller();
    net.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
    ${program}
    await new Promise((resolve) => setImmediate(resolve)); // a warning comes with the next turn
    console.log(warnings.join(" "));
    net[Symbol.dispose]();
  `;
  const args = ["--import", "tsx", "--input-type=module", "--eval", code];
  const options = { env: { ...process.env, NODE_ENV: "", ...env }, encoding: "utf8", stdio: "pipe" } as const;
  return execFileSync(process.execPath, args, options).trim();
}

describe("a loop that never yields", () => {
  test("is warned of, once", () => {
    expect(warningsOf("for (let n = 0; n < 10_000; n++) net.poll();")).toBe("TICKWIRE_NEVER_YIELDS");
  });

  test("is not warned of in production", () => {
    expect(warningsOf("for (let n = 0; n < 10_000; n++) net.poll();", { NODE_ENV: "production" })).toBe("");
  });

  test("is told apart from thousands of pollers that are each polled once in a turn", () => {
    const program = `
      const way = tcp({ host: "127.0.0.1", port: 1 });
      const all = Array.from({ length: 3_000 }, () => new Poller());
      for (const [index, poller] of all.entries()) if (index < 500) poller.connect(way, lines());
      for (const poller of all) poller.listen({ ...way, listen: () => ({ attach() {}, close() {} }) }, lines());
      for (let round = 0; round < 3; round++) {
        for (const poller of all) poller.poll();
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const poller of all) poller[Symbol.dispose]();`;
    expect(warningsOf(program)).toBe("");
  });

  test.each([
    [
      "at once, as Node would print it only after the loop",
      {},
      /^\(node:\d+\) \[TICKWIRE_NEVER_YIELDS\] TickwireWarning: poll\(\)/,
    ],
    ["not where NODE_NO_WARNINGS is set", { NODE_NO_WARNINGS: "1" }, /^$/],
    ["not under --no-warnings", { NODE_OPTIONS: "--no-warnings" }, /^$/],
    ["not in production", { NODE_ENV: "production" }, /^$/],
  ])("that has no end is told on stderr %s", (_, env, printed) => {
    const code = `
      import { lines, Poller, tcp } from ${JSON.stringify(index)};
      const net = new Poller();
      net.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
      for (let n = 0; n < 120_000; n++) net.poll();
      process.exit(); // from within the loop, so to speak: no turn follows
    `;
    const args = ["--import", "tsx", "--input-type=module", "--eval", code];
    const options = { env: { ...process.env, NODE_ENV: "", NODE_NO_WARNINGS: "", NODE_OPTIONS: "", ...env } };
    const { stderr } = spawnSync(process.execPath, args, { ...options, encoding: "utf8" });
    expect(stderr.trim()).toMatch(printed);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("is told apart from one that yields, however often it polls", () => {
    const program = `
      for (let turn = 0; turn < 20; turn++) {
        for (let n = 0; n < 500; n++) net.poll();
        await new Promise((resolve) => setImmediate(resolve));
      }`;
    expect(warningsOf(program)).toBe("");
  });
});
