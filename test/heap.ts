/** What the process keeps, for tests of what it must not keep. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What is used of the heap, in bytes, once nothing is left to collect. */
export function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
