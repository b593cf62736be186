/**
 * Nothing is left of closed connections: the heap is flat over many rounds, and a
 * process whose pollers were disposed of has nothing active, and ends.
 */
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { Child, endAll } from "../../demo/children.ts";
import { testRows } from "../../rows.ts";
import { slopeOf } from "../measure.ts";
import type { ChurnFigures } from "./churn.ts";

vi.setConfig({ testTimeout: 600_000 });

afterEach(endAll);

testRows([
  // A slot that is kept in a list is 8 bytes of each; a socket's noise is larger, and a leak of one is thousands.
  { name: "memory", perRound: 10_000, rounds: 14, mostBytes: 8 },
  { name: "tcp", perRound: 1_000, rounds: 10, mostBytes: 100 },
  { name: "unix", perRound: 500, rounds: 10, mostBytes: 200 },
  // Much of ws and of HTTP is compiled late: some 400 bytes of each for 5,000 connections, and then none.
  { name: "websocket", perRound: 250, rounds: 40, warmUpRounds: 20, mostBytes: 200 },
  { name: "tls", perRound: 100, rounds: 12, mostBytes: 2_000, needs: ["openssl"] as const },
])(
  "over $name, $rounds × $perRound connects and closes leave the heap flat, and nothing active",
  async (row) => {
    const { name, perRound, rounds, mostBytes } = row;
    const warmUpRounds = ("warmUpRounds" in row ? row.warmUpRounds : undefined) ?? WARM_UP_ROUNDS;
    const program = fileURLToPath(new URL("churn.ts", import.meta.url));
    const loader = ["--expose-gc", "--import", "tsx"];
    const child = new Child(process.execPath, [...loader, program, name, String(perRound), String(rounds)]);
    expect([await child.exit(), ...child.err.all]).toEqual([0]);
    const figures = JSON.parse(child.out.all.at(-1) ?? "") as ChurnFigures;
    const slope = slopeOf(figures.heapBytes.slice(warmUpRounds)) / perRound;
    console.log(`${name}: ${figures.connections} connections, ${slope.toFixed(2)} bytes left of each`);
    expect(figures.connections).toBe(perRound * rounds);
    expect(slope, figures.heapBytes.join(" ")).toBeLessThan(mostBytes);
    expect(added(figures.activeBefore, figures.activeAfter)).toEqual([]);
    expect(figures.signalListeners).toBe(0);
  },
);

test("what is active is compared by number, and what ended meanwhile is no leak", () => {
  expect(added(["Pipe", "Read", "Pipe"], ["Pipe", "Pipe"])).toEqual([]);
  expect(added(["Pipe", "Read"], ["Pipe", "Pipe", "Server"])).toEqual(["Pipe", "Server"]);
});

test("a slope is what it says", () => {
  expect(slopeOf([1, 2, 3])).toBe(1);
  expect(slopeOf([5, 5, 5, 5])).toBe(0);
  expect(slopeOf([0, 10, 0, 10])).toBe(2);
});

/** What is active afterwards and was not before; the loader may still have been reading a file then. */
function added(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before];
  return after.filter((name) => {
    const at = left.indexOf(name);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

/** The engine's own growing, until it has seen everything once. */
const WARM_UP_ROUNDS = 4;
