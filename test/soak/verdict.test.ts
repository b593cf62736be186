/** The soak's verdict on made-up samples: one that cannot condemn says nothing. */
import { expect, test } from "vitest";
import { complaintsOf, type Sample } from "./verdict.ts";

function samples(heapOf: (wave: number) => number, other: Partial<Sample> = {}): Sample[] {
  const rest = { players: 100, active: "1 PipeWrap", remains: [], ...other };
  return Array.from({ length: 20 }, (_, at) => ({ wave: at + 1, heapBytes: heapOf(at + 1), ...rest }));
}

const MIB = 1_048_576;

test("a soak is flat when the heap grows at first, and then only wavers", () => {
  const heapOf = (wave: number) => (10 + Math.min(wave, 6) + (wave % 3) * 0.1) * MIB;
  expect(complaintsOf(samples(heapOf), "1 PipeWrap")).toEqual([]);
});

test("a soak is not flat when the heap grows a little with each wave", () => {
  const heapOf = (wave: number) => (10 + wave * 0.2) * MIB;
  expect(complaintsOf(samples(heapOf), "1 PipeWrap")).toEqual(["the heap grew by 205 KiB with each wave"]);
});

test("a soak is not flat when something is left behind a wave", () => {
  const heapOf = () => 10 * MIB;
  const [complaint] = complaintsOf(samples(heapOf, { remains: ["2 connections"] }), "1 PipeWrap");
  expect(complaint).toBe("after wave 1: 2 connections left");
  const [other] = complaintsOf(samples(heapOf, { active: "1 PipeWrap, 1 TCPSocketWrap" }), "1 PipeWrap");
  expect(other).toBe("after wave 1 there is 1 PipeWrap, 1 TCPSocketWrap active, and was 1 PipeWrap");
});

test("a soak of a few waves says that it is too short", () => {
  expect(complaintsOf(samples(() => MIB).slice(0, 4), "")).toEqual([
    "only 4 waves: too short to say anything; take more minutes",
  ]);
});
