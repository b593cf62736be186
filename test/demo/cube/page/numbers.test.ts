/** Rates and the chart's past, out of the totals that a process tells. */
import { describe, expect, test } from "vitest";
import { CHART_MS, History } from "../../../../demo/cube/page/history.ts";
import { Meters } from "../../../../demo/cube/page/meters.ts";
import type { Stat } from "../../../../demo/cube/shared/window-wire.ts";

describe("the meters", () => {
  test("know no rate before two totals", () => {
    const meters = new Meters();
    expect(meters.in).toBeUndefined();
    meters.note(stat({ tick: 1, in: 5 }), 0);
    expect(meters.in).toBeUndefined();
  });

  test("measure over the last second, whatever the time between two totals", () => {
    const meters = new Meters();
    let [lines, atMs] = [0, 0];
    for (let index = 0; index < 40; index++) {
      meters.note(stat({ tick: index, in: lines, out: lines * 2 }), atMs);
      const stepMs = index % 2 === 0 ? 80 : 120;
      atMs += stepMs;
      lines += (stepMs * 60) / 1_000;
    }
    expect(meters.in?.linesPerS).toBeCloseTo(60);
    expect(meters.in?.bytesPerS).toBeCloseTo(600);
    expect(meters.out?.linesPerS).toBeCloseTo(120);
  });

  test("fall to nothing a second after the last line", () => {
    const meters = new Meters();
    for (let index = 0; index < 30; index++)
      meters.note(stat({ tick: index, in: Math.min(index, 10) }), index * 100);
    expect(meters.in).toEqual({ linesPerS: 0, bytesPerS: 0 });
  });

  test("begin anew with a process that does, and are never below nothing", () => {
    const meters = new Meters();
    meters.note(stat({ tick: 500, in: 1_000 }), 0);
    meters.note(stat({ tick: 506, in: 1_006 }), 100);
    meters.note(stat({ tick: 3, in: 2 }), 200);
    expect(meters.in).toBeUndefined();
    meters.note(stat({ tick: 9, in: 8 }), 300);
    expect(meters.in?.linesPerS).toBeCloseTo(60);
  });
});

describe("the history", () => {
  test("spreads a stat's frames over the time since the stat before", () => {
    const history = new History();
    history.note(stat({ tick: 1, arrivals: [0] }), 1_000);
    history.note(stat({ tick: 5, arrivals: [1, 0, 2, 1], frameMs: 1.5 }), 1_100);
    expect(seen(history, 1_100)).toEqual([
      [1_000, 0, Number.NaN],
      [1_025, 1, 1.5],
      [1_050, 0, 1.5],
      [1_075, 2, 1.5],
      [1_100, 1, 1.5],
    ]);
  });

  test("puts frames of a very fast process together, and loses no peak", () => {
    const history = new History();
    const arrivals = Array.from({ length: 100 }, (_, index) => (index === 57 ? 9 : 1));
    history.note(stat({ tick: 100, arrivals }), 1_000);
    const counts = seen(history, 1_000).map(([, count]) => count);
    expect(counts.length).toBeLessThanOrEqual(16);
    expect(Math.max(...counts)).toBe(9);
  });

  test("shows ten seconds, and keeps no more than it can", () => {
    const history = new History();
    for (let index = 0; index < 1_000; index++)
      history.note(stat({ tick: index, arrivals: [1] }), index * 100);
    const times = seen(history, 99_900).map(([atMs]) => atMs);
    expect(times.length).toBe(CHART_MS / 100 + 1);
    expect(times[0]).toBe(99_900 - CHART_MS);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });
});

function stat(facts: {
  tick: number;
  in?: number;
  out?: number;
  arrivals?: number[];
  frameMs?: number;
}): Stat {
  const [linesIn, linesOut] = [facts.in ?? 0, facts.out ?? 0];
  return {
    tick: facts.tick,
    in: { lines: linesIn, bytes: linesIn * 10 },
    out: { lines: linesOut, bytes: linesOut * 10 },
    lineMs: undefined,
    frameMs: facts.frameMs,
    arrivals: facts.arrivals ?? [0],
  };
}

function seen(history: History, nowMs: number): [number, number, number][] {
  const samples: [number, number, number][] = [];
  history.forEach(nowMs, (atMs, arrivals, tripMs) => samples.push([atMs, arrivals, tripMs]));
  return samples;
}
