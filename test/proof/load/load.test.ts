/**
 * Floods, rushes and silence, each in a process of its own, whose figures are
 * judged here. Nothing is measured in milliseconds.
 */
import { fileURLToPath } from "node:url";
import { afterEach, expect, type TaskMeta, test, vi } from "vitest";
import { Child, endAll } from "../../demo/children.ts";
import type { FloodFigures } from "./flood.ts";
import type { RushFigures } from "./rush.ts";
import type { SilenceFigures } from "./silence.ts";

vi.setConfig({ testTimeout: 600_000 });

afterEach(endAll);

test("in a flood of a million messages, what 200 players send is received in the first possible frame or the next", async ({
  task,
}) => {
  const figures = await run<FloodFigures>("flood.ts", task);
  expect(figures).toMatchObject({ flooded: 1_000_000, floodEnding: "remote" });
  expect(figures.fullFrames, "the flood was there all the time").toBeGreaterThan(figures.frames / 2);
  expect(figures.ticks).toBeGreaterThan(100);
  expect(figures.lateFrames.length, `late by so many frames: ${figures.lateFrames}`).toBeLessThanOrEqual(2);
  expect(figures.grownBytes).toBeLessThan(figures.sumOfLimitsBytes);
  // Over the limit by one read: 64 KiB of lines, the shortest "flood 0" and its ending, each with its weight.
  expect(figures.inboxPeakBytes).toBeLessThanOrEqual(262_144 + 65_536 + (65_536 / 8) * 64);
});

test("thousands of connections opened and dropped at once: each is counted, and nothing of them is left", async ({
  task,
}) => {
  const figures = await run<RushFigures>("rush.ts", task);
  expect(figures.accepted + figures.dropped).toBe(figures.connections);
  expect(figures.ended).toBe(figures.accepted);
  expect(figures.left).toBe(0);
  const [first = 0, ...later] = figures.heapBytes;
  for (const bytes of later) expect(bytes - first).toBeLessThan((100 * figures.connections) / 3); // 100 bytes of each
});

test("a thousand silent clients cost no frame anything, and are closed at the deadline for a first message", async ({
  task,
}) => {
  const figures = await run<SilenceFigures>("silence.ts", task);
  expect(figures.mostReady).toBeLessThanOrEqual(20);
  expect(figures.bytesPerConnection).toBeLessThan(32_768);
  expect(figures.timedOut).toBe(figures.connections);
});

/** What a program prints as its last line; where it could do less than it should, that is noted. */
async function run<Figures>(name: string, task: { meta: TaskMeta }): Promise<Figures> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const child = new Child(process.execPath, ["--expose-gc", "--import", "tsx", program]);
  const code = await child.exit();
  expect([code, ...child.err.all]).toEqual([0]);
  console.log(child.out.all.join("\n"));
  const less = child.out.all.find((line) => line.startsWith("only "));
  if (less !== undefined) task.meta.lessened = less;
  return JSON.parse(child.out.all.at(-1) ?? "") as Figures;
}
