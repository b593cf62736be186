import { expect, test } from "vitest";
import { RealClock } from "../../../src/transport/nats/real-clock.ts";

function clock() {
  const at = { steady: 1_000, wall: 1_790_000_000_000 };
  const made = new RealClock(
    () => at.steady,
    () => at.wall,
  );
  const pass = (steadyMs: number, wallMs: number) => {
    at.steady += steadyMs;
    at.wall += wallMs;
    return [made.leastMs() - 1_000, made.mostMs() - 1_000];
  };
  return { pass };
}

test("a machine that slept counts that for who holds a lease, and not for who waits for one", () => {
  const { pass } = clock();
  expect(pass(16, 16)).toEqual([16, 16]);
  expect(pass(16, 60_016)).toEqual([32, 60_032]);
  expect(pass(16, 17)).toEqual([48, 60_048]);
});

test("a wall's clock that is set back, or slewed, changes nothing", () => {
  const { pass } = clock();
  expect(pass(16, -3_600_000)).toEqual([16, 16]);
  expect(pass(16, 30)).toEqual([32, 32]);
});
