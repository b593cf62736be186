/** What a test can see of memory: what is collected, and how much is in use once it was. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** The bytes of this thread's heap that are in use, once nothing is left to collect. */
export function keptBytes(): number {
  collect();
  return getHeapStatistics().used_heap_size;
}

/** Says of each whether something still holds it. */
export async function areHeld(references: readonly WeakRef<object>[]): Promise<boolean[]> {
  await new Promise(setImmediate); // a reference that was made or read in this turn holds for all of it
  collect();
  return references.map((reference) => reference.deref() !== undefined);
}
