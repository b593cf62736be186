/** The CPU of a process that is not ours, as Linux tells of each of its threads. */
import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of each thread of a process so far; `undefined` where the system does not say. */
export type CpuOfThreads = ReadonlyMap<string, number> | undefined;

export function cpuOf(pid: number): CpuOfThreads {
  const threads = new Map<string, number>();
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      threads.set(thread, msIn(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8")));
    }
  } catch {
    return undefined;
  }
  return threads;
}

/** What all threads had between two looks. What one had that has ended is not known. */
export function cpuMsBetween(before: CpuOfThreads, after: CpuOfThreads): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  let sumMs = 0;
  for (const [thread, ms] of after) sumMs += ms - (before.get(thread) ?? 0);
  return sumMs;
}

/** The first of "12345678 2345 67": nanoseconds on a core. */
export function msIn(schedstat: string): number {
  return Number(schedstat.split(" ")[0]) / 1e6;
}
