/**
 * In a process of its own: the warning comes once in a process, and what it
 * warns of would block this one.
 */
import { execFileSync } from "node:child_process";
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

  test("is told apart from one that yields, however often it polls", () => {
    const program = `
      for (let turn = 0; turn < 20; turn++) {
        for (let n = 0; n < 500; n++) net.poll();
        await new Promise((resolve) => setImmediate(resolve));
      }`;
    expect(warningsOf(program)).toBe("");
  });
});
