/**
 * Leases under stalls, partitions, skewed clocks, crashes, lost and late answers: a few games in each
 * run, with seeds that stay. A check that cannot fail holds nothing: a registry or a clock that is
 * not what the leases stand on is found out.
 */
import { expect, test, vi } from "vitest";
import { Tenure } from "../../src/core/claim/tenure.ts";
import { isLong, SEED } from "../seed.ts";
import { type LeaseOutcome, simulateLeases, type TamperRegistry } from "./leases.ts";

test("of all who claim a lease one acts at a time, with an epoch that only grows, from the last snapshot", () => {
  const sums = { holds: 0, acts: 0 };
  for (let seed = SEED; seed < SEED + GAMES; seed++) {
    const { failure, holds, acts } = simulateLeases(seed);
    expect(failure, `simulateLeases(${seed})`).toBeUndefined();
    sums.holds += holds;
    sums.acts += acts;
  }
  expect(sums.holds).toBeGreaterThan(GAMES * 2);
  expect(sums.acts).toBeGreaterThan(GAMES * 100);
});

test("the same seed is the same game", () => {
  expect(simulateLeases(SEED)).toEqual(simulateLeases(SEED));
});

/** What a registry or a clock must not do, and how the laws find it. */
const BREAKINGS: Readonly<Record<string, readonly [TamperRegistry, RegExp]>> = {
  "writes whatever the revision is": [
    (below) => ({
      ...below,
      update: (key, value, _revision, answer) =>
        below.read(key, (found) => {
          if (found.kind === "found") below.update(key, value, found.record.revision, answer);
          else answer(found);
        }),
    }),
    /another holds|comes after|saved over|begins with/,
  ],
  "has a clock that runs twice as fast as that of others": [
    everySecond((below) => ({
      ...below,
      leastMs: (polledMs) => 2 * below.leastMs(polledMs),
      mostMs: (polledMs) => 2 * below.mostMs(polledMs),
    })),
    /another holds/,
  ],
  "answers a write that has not happened": [
    (below) => ({
      ...below,
      update: (key, value, revision, answer) =>
        below.update(key, value, revision, (given) =>
          answer(given.kind === "conflict" ? { kind: "written", revision: revision + 1 } : given),
        ),
    }),
    /another holds|comes twice|comes after|saved/,
  ],
};

/** The same for every second process alone. */
function everySecond(tamper: TamperRegistry): TamperRegistry {
  let count = 0;
  return (below) => (count++ % 2 === 0 ? below : tamper(below));
}

test.each(Object.entries(BREAKINGS))("finds a registry that %s", (_, [tamper, sentence]) => {
  expect(String(firstFailure(tamper)?.failure)).toMatch(sentence);
});

test("finds an owner that never gives up", () => {
  const sure = vi.spyOn(Tenure.prototype, "isSure", "get").mockReturnValue(true);
  try {
    expect(String(firstFailure()?.failure)).toMatch(/another holds/);
  } finally {
    sure.mockRestore();
  }
});

function firstFailure(tamper?: TamperRegistry): LeaseOutcome | undefined {
  for (let seed = SEED; seed < SEED + 10 * GAMES; seed++) {
    const outcome = simulateLeases(seed, tamper);
    if (outcome.failure !== undefined) return outcome;
  }
  return undefined;
}

const GAMES = isLong ? 5_000 : 60;
