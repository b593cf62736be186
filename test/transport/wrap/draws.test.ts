/** Chance from a seed: its distribution, and that no draw hangs on another. */
import { describe, expect, test } from "vitest";
import { termsOf } from "../../../src/transport/wrap/conditions.ts";
import { DatagramPeer } from "../../../src/transport/wrap/datagram-peer.ts";
import { Draws, EFFECT } from "../../../src/transport/wrap/draws.ts";
import { type Due, DueHeap } from "../../../src/transport/wrap/due-heap.ts";
import { Stalls } from "../../../src/transport/wrap/stalls.ts";

const MANY = 100_000;

describe("draws", () => {
  test("are spread evenly from 0 to 1, and the next does not follow from the last", () => {
    const draws = new Draws(1, 0, 0, 0);
    const numbers = Array.from({ length: MANY }, (_, place) => draws.uniform(EFFECT.jitter, place));
    const bins = new Array<number>(10).fill(0);
    for (const number of numbers) bins[Math.floor(number * 10)] = (bins[Math.floor(number * 10)] ?? 0) + 1;
    for (const count of bins) expect(Math.abs(count - MANY / 10)).toBeLessThan(500); // five sigma
    const product = numbers.reduce(
      (sum, number, at) => sum + (number - 0.5) * ((numbers[at - 1] ?? 0.5) - 0.5),
      0,
    );
    expect(Math.abs(product / MANY)).toBeLessThan(0.002);
    expect(Math.max(...numbers.slice(0, 1_000))).toBeLessThan(1);
  });

  test("differ by the seed, the link, the direction, the effect, the place and the part", () => {
    const all = [
      new Draws(1, 0, 0, 0).uniform(EFFECT.loss, 5, 0),
      new Draws(2, 0, 0, 0).uniform(EFFECT.loss, 5, 0),
      new Draws(2 ** 32 + 1, 0, 0, 0).uniform(EFFECT.loss, 5, 0),
      new Draws(1, 0, 1, 0).uniform(EFFECT.loss, 5, 0),
      new Draws(1, 0, 0, 1).uniform(EFFECT.loss, 5, 0),
      new Draws(1, 0, 0, 0).branch(0).uniform(EFFECT.loss, 5, 0),
      new Draws(1, 0, 0, 0).uniform(EFFECT.jitter, 5, 0),
      new Draws(1, 0, 0, 0).uniform(EFFECT.loss, 6, 0),
      new Draws(1, 0, 0, 0).uniform(EFFECT.loss, 5 + 2 ** 40, 0),
      new Draws(1, 0, 0, 0).uniform(EFFECT.loss, 5, 1),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test("with an exponential distribution have its mean and its median", () => {
    const draws = new Draws(3);
    const numbers = Array.from({ length: MANY }, (_, place) => draws.exponential(EFFECT.stall, place, 100));
    expect(numbers.reduce((sum, number) => sum + number, 0) / MANY).toBeCloseTo(100, -0.5);
    expect(numbers.filter((number) => number < 100 * Math.LN2).length / MANY).toBeCloseTo(0.5, 1.5);
  });
});

describe("stalls", () => {
  test("take their share of the time, whoever asks how often", () => {
    const stall = { everyMs: 900, forMs: 100 };
    const [often, rarely] = [new Stalls(new Draws(5)), new Stalls(new Draws(5))];
    let stalledMs = 0;
    for (let atMs = 0; atMs < 1_000_000; atMs += 5) {
      const clearMs = often.clearFrom(atMs, stall);
      if (clearMs > atMs) stalledMs += 5;
      if (atMs % 1_000 === 0) expect(rarely.clearFrom(atMs, stall)).toBe(clearMs);
    }
    expect(stalledMs / 1_000_000).toBeGreaterThan(0.08);
    expect(stalledMs / 1_000_000).toBeLessThan(0.12);
  });
});

describe("stalls that no clock can tell apart", () => {
  test.each([
    [{ everyMs: 1e-9, forMs: 1e-9 }, 86_400_000],
    [{ everyMs: Number.MIN_VALUE, forMs: Number.MIN_VALUE }, 1],
    [{ everyMs: 10, forMs: 10 }, 1e18],
    [{ everyMs: 10, forMs: 10 }, Infinity],
  ])("%j are none at %d ms", (stall, atMs) => {
    const stalls = new Stalls(new Draws(5));
    stalls.clearFrom(0, stall);
    expect(stalls.clearFrom(atMs, stall)).toBe(atMs);
  });
});

describe("datagrams that are held back", () => {
  test("are forgotten once they have arrived, though nothing overtakes them", () => {
    const peer = new DatagramPeer(new Draws(11));
    const heap = new DueHeap<{ dueMs: number; order: number; heapIndex: number }>();
    for (let order = 0; order < 1_000; order++) {
      const item = { dueMs: order, order, heapIndex: -1 };
      peer.holdBack(item, order);
      heap.update(item);
      if (order >= 10) heap.shift();
      expect(peer.heldBackCount).toBeLessThan(40);
    }
  });
});

describe("losses of datagrams", () => {
  const losses = (lossChance: number, lossBurst: number) => {
    const peer = new DatagramPeer(new Draws(11));
    const { send } = termsOf({ lossChance, lossBurst });
    const runs: number[] = [];
    let lost = 0;
    for (let count = 0; count < MANY; count++) {
      const wasLosing = peer.isLosing;
      peer.next(send);
      if (!peer.isLosing) continue;
      lost++;
      if (wasLosing && runs.length > 0) runs.push((runs.pop() ?? 0) + 1);
      else runs.push(1);
    }
    return { share: lost / MANY, meanRun: runs.length === 0 ? 0 : lost / runs.length };
  };

  test.each([
    [0.01, 1, 1.01],
    [0.04, 5, 5],
    [0.3, 1, 1 / 0.7],
    [0.9, 1, 10],
    [0.5, 20, 20],
  ])("of %d in runs of %d are as many, and as long", (chance, burst, meanRun) => {
    const { share, meanRun: run } = losses(chance, burst);
    expect(share).toBeGreaterThan(chance * 0.85);
    expect(share).toBeLessThan(Math.min(1, chance * 1.15));
    expect(run).toBeGreaterThan(meanRun * 0.85);
    expect(run).toBeLessThan(meanRun * 1.15);
  });

  test("may be all, or none", () => {
    expect(losses(1, 1).share).toBe(1);
    expect(losses(0, 3).share).toBe(0);
  });
});

describe("a heap of what is due", () => {
  test("gives the soonest first, and of those that are due together the oldest", () => {
    const draws = new Draws(17);
    const heap = new DueHeap<Due>();
    const items = Array.from({ length: 500 }, (_, order): Due => {
      const dueMs = Math.floor(draws.uniform(EFFECT.jitter, order) * 50);
      return { dueMs, order, heapIndex: -1 };
    });
    for (const item of items) heap.update(item);
    for (const item of items.slice(0, 250)) {
      item.dueMs = Math.floor(draws.uniform(EFFECT.loss, item.order) * 50);
      heap.update(item);
    }
    for (const item of items.slice(0, 50)) heap.remove(item);
    items.slice(50, 60).forEach((item) => {
      item.dueMs = Infinity;
      heap.update(item);
    });
    const left = items.slice(60).sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    expect(heap.size).toBe(left.length);
    expect(left.map(() => heap.shift())).toEqual(left);
    expect(heap.shift()).toBeUndefined();
  });
});
