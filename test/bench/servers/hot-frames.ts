/**
 * The cost of a silent frame itself: many without a rest between them, so that
 * neither the clock's resolution nor cold caches are what is measured.
 */
import { Samples } from "../measure/meter.ts";
import type { ServerReport } from "../measure/reports.ts";

/** The median time of a frame and what it allocates, over frames that nothing can reach. */
export function hotFrames(frame: () => void): Pick<ServerReport, "hotFrameUs" | "allocatedBytesPerFrame"> {
  const timesUs = new Samples();
  const startMs = performance.now();
  for (let batch = 0; batch < BATCHES || performance.now() - startMs < AT_LEAST_MS; batch++) {
    const batchMs = performance.now();
    for (let count = 0; count < FRAMES_PER_BATCH; count++) frame();
    timesUs.add(((performance.now() - batchMs) * 1_000) / FRAMES_PER_BATCH);
  }
  return { hotFrameUs: timesUs.quantile(0.5), allocatedBytesPerFrame: allocatedBytes(frame) };
}

/** What a frame adds to the heap, less what looking at the heap adds to it. */
function allocatedBytes(frame: () => void): number {
  const looking = leastGrowth(() => {});
  return Math.max(0, leastGrowth(frame) - looking) / FRAMES_PER_LOOK;
}

/** The least of several looks: what else the process does in between only adds. */
function leastGrowth(frame: () => void): number {
  let least = Infinity;
  for (let look = 0; look < LOOKS; look++) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < FRAMES_PER_LOOK; count++) frame();
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) least = Math.min(least, grown); // a collection in between would tell nothing
  }
  return least;
}

const BATCHES = 20;
const AT_LEAST_MS = 200;
const FRAMES_PER_BATCH = 100;
const LOOKS = 20;
/** Few enough that what they allocate is not collected between the looks. */
const FRAMES_PER_LOOK = 200;
