/**
 * The simulated evenings: a few of them in each run, with seeds that stay; the same seed
 * shows the same again, recorded or not; and a transport that breaks its promises is found
 * out. A check that cannot fail holds nothing.
 */
import { expect, test } from "vitest";
import { Recording } from "../../src/index.ts";
import { BREAKINGS, broken, hasty } from "../fuzz/broken.ts";
import type { Tamper } from "../fuzz/game.ts";
import { isLong, SEED } from "../seed.ts";
import { SeededRandom } from "../soak/seeded-random.ts";
import { DISTURBANCES } from "./disturbances.ts";
import { SESSION_DISTURBANCES } from "./session-disturbances.ts";
import { type Outcome, simulate } from "./simulate.ts";

test("plays evenings with faults in which every message, state and reason is accounted for", () => {
  for (let seed = SEED; seed < SEED + EVENINGS; seed++) {
    const { failure } = simulate(seed);
    expect(failure?.error, `npm run simulate -- --seed ${seed}`).toBeUndefined();
  }
});

test("shows the same again for the same seed, and something else for another", () => {
  const hashes = [SEED, SEED, SEED + 1].map((seed) => simulate(seed).hash);
  expect(hashes[1]).toBe(hashes[0]);
  expect(hashes[2]).not.toBe(hashes[0]);
});

test("shows the same when it is recorded, and the recording has its frames", () => {
  const recording = new Recording({ seed: SEED });
  expect(simulate(SEED, { recording }).hash).toBe(simulate(SEED).hash);
  expect(Recording.fromBytes(recording.toBytes()).header.seed).toBe(SEED);
});

test.each(Object.entries(BREAKINGS))("finds a transport that %s", (_, breaking) => {
  const random = new SeededRandom(1);
  expect(String(firstFailure((transport) => broken(transport, breaking, random))?.error)).not.toBe(
    "undefined",
  );
});

test("finds a transport in which the end of a stream overtakes its last bytes", () => {
  expect(String(firstFailure(hasty)?.error)).toMatch(/lacks|the stream ended inside|waited/);
});

test("has no two faults of one name", () => {
  const names = [...DISTURBANCES, ...SESSION_DISTURBANCES].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

function firstFailure(tamper: Tamper): Outcome["failure"] {
  for (let seed = SEED; seed < SEED + EVENINGS; seed++) {
    const { failure } = simulate(seed, { tamper });
    if (failure !== undefined) return failure;
  }
  return undefined;
}

const EVENINGS = isLong ? 2_000 : 40;
