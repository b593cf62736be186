/** What programs under load measure of themselves. Run them with `--expose-gc`. */
import { execFileSync } from "node:child_process";

/** What is used of the heap and of buffers, in bytes, once nothing is left to collect. */
export function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error("run this with --expose-gc");
  globalThis.gc();
  globalThis.gc(); // what the first one finalized
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Time for the network between two frames. */
export function rest(lengthMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lengthMs));
}

/** How much `values` rise from one to the next: the slope of the line that lies closest to all of them. */
export function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const rise = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  const run = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return rise / run;
}

/** `wanted` connections, or as many as this machine lets a process have; says so then. */
export function connectionsAllowed(wanted: number): number {
  const said = execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).trim();
  const allowed = said === "unlimited" ? wanted : Number(said) - DESCRIPTORS_KEPT;
  if (allowed < wanted) console.log(`only ${allowed} connections instead of ${wanted}: ulimit -n is ${said}`);
  return Math.min(wanted, allowed);
}

/** For programs, pipes and what Node itself opens. */
const DESCRIPTORS_KEPT = 200;
