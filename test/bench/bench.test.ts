/** The benchmark runs, and its table says what it should. Nothing here judges a time. */
import { expect, test } from "vitest";
import { runBench } from "./bench.ts";
import { SCENARIOS } from "./scenarios.ts";
import { faultsOf } from "./table.ts";

test("a very short run of one row ends in a table with ratios and a verdict", {
  timeout: 10_000,
}, async () => {
  const progress: string[] = [];
  const { report } = await runBench(
    { rows: ["b"], runs: 1, warmUpMs: 50, measureMs: 200, connections: 5 },
    (note) => progress.push(note),
  );
  expect(progress).toHaveLength(1);
  expect(report).toContain(`Node ${process.version}`);
  expect(report).toMatch(
    /\| \*\*b\*\* .* \| CPU \| [\d.,]+ % \| [\d.,]+ % \| [\d.]+ \([\d.]+–[\d.]+\) \| ≤ 1: /,
  );
  expect(report).toMatch(/\| frame p50 \| [\d.,]+ µs \| [\d.,]+ µs \| [\d.]+ \(/);
});

test("a run that did not carry its load is told loudly, and one that did is not", () => {
  const scenario = SCENARIOS.find(({ row }) => row === "b");
  if (scenario === undefined) throw new Error("there is no row b");
  const load = { elapsedMs: 1_000, cpuMs: 100, connections: 1_000, sentLines: 60_000, receivedBytes: 0 };
  const server = {
    elapsedMs: 1_000,
    cpuMs: 300,
    frames: 60,
    frameP50Us: 1,
    frameP99Us: 2,
    connections: 1_000,
    takenLines: 60_000,
    sentLines: 0,
    framesWithRest: 0,
    peakRssBytes: 1,
  };
  expect(faultsOf(scenario, { server, load })).toEqual([]);
  expect(faultsOf(scenario, { server: { ...server, takenLines: 30_000, connections: 999 }, load })).toEqual([
    "connections: 999 of 1000",
    "lines/s taken: 30000 where 60000 were due",
  ]);
  expect(faultsOf(scenario, { server, load: { ...load, cpuMs: 950 } })).toEqual([
    "the load had 95 % CPU: too busy",
  ]);
});
