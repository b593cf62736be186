/** What a process has open: the resources that Node counts, and the sockets that the system does. */
import { readdirSync, readlinkSync } from "node:fs";

/** In words, so that two moments can be compared. */
export async function leftovers(): Promise<string> {
  await new Promise((resolve) => setImmediate(resolve));
  const active = process.getActiveResourcesInfo().filter((name) => !QUIET.has(name));
  return [...active.sort(), ...sockets()].join(" ");
}

/** Node's own timers and immediates come and go; pipes and files are the terminal's. */
const QUIET: ReadonlySet<string> = new Set([
  "Immediate",
  "Timeout",
  "PipeWrap",
  "TTYWrap",
  "FSReqPromise",
  "FSReqCallback",
  "CloseReq",
]);

function sockets(): string[] {
  let count = 0;
  try {
    for (const descriptor of readdirSync("/proc/self/fd")) if (isSocket(descriptor)) count++;
  } catch {
    return []; // only Linux has it
  }
  return [`${count} sockets`];
}

function isSocket(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("socket:");
  } catch {
    return false; // the folder's own descriptor, which is closed again
  }
}
