/**
 * What a soak has shown: a sample at each quiet point, when all players of a
 * wave have gone, and what must be the same at all of them.
 */
import { slopeOf } from "../proof/measure.ts";

/** The server, when nobody is there. */
export interface Sample {
  readonly wave: number;
  readonly players: number;
  readonly heapBytes: number;
  /** What is active in the process, by kind and number. */
  readonly active: string;
  /** What is left though nobody is there. */
  readonly remains: readonly string[];
}

/** What is wrong; nothing when all is flat. */
export function complaintsOf(samples: readonly Sample[], activeAtRest: string): string[] {
  const settled = samples.slice(Math.floor(samples.length / 3)); // the engine's own growing comes first
  const [first] = settled;
  if (first === undefined || settled.length < LEAST_SAMPLES) {
    return [`only ${samples.length} waves: too short to say anything; take more minutes`];
  }
  const slopeBytes = slopeOf(settled.map(({ heapBytes }) => heapBytes));
  const grownBytes = slopeBytes * settled.length;
  return [
    ...samples.flatMap(({ wave, remains }) => remains.map((what) => `after wave ${wave}: ${what} left`)),
    ...samples
      .filter(({ active }) => active !== activeAtRest)
      .map(({ wave, active }) => `after wave ${wave} there is ${active} active, and was ${activeAtRest}`),
    ...(grownBytes > first.heapBytes * MOST_GROWTH
      ? [`the heap grew by ${Math.round(slopeBytes / 1_024)} KiB with each wave`]
      : []),
  ];
}

/** What is active in this process, but for the timers of a loop. */
export function activeNow(): string {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== "Timeout" && kind !== "Immediate") counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .sort()
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

const LEAST_SAMPLES = 4;
/** Over the whole of what is judged; noise is a percent or two. */
const MOST_GROWTH = 0.1;
