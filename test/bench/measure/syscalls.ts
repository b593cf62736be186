/**
 * How many system calls a running server makes, by `strace`: in a window of its
 * own, as being watched makes each of them many times as long.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

/**
 * Watches process `pid` while `during` runs, and answers how many calls it made
 * for each of the turns that `during` counted; `undefined` where watching is not
 * allowed.
 */
export async function countSyscalls(
  pid: number,
  outputFile: string,
  during: () => Promise<number>,
): Promise<number | undefined> {
  const strace = spawn("strace", ["-c", "-f", "-o", outputFile, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(strace, "exit");
  const [word] = (await Promise.race([once(strace.stderr, "data"), exited])) as [unknown];
  if (!String(word).includes("attached")) {
    strace.kill("SIGKILL");
    return undefined;
  }
  let turns = 0;
  try {
    turns = await during();
  } finally {
    strace.kill("SIGINT");
  }
  await exited;
  const calls = totalOf(readFileSync(outputFile, "utf8"));
  return calls === undefined || turns === 0 ? undefined : calls / turns;
}

/** The calls in the last line of `strace -c`: "100.00    0.012345           3      4115        12 total". */
export function totalOf(summary: string): number | undefined {
  const columns = summary
    .split("\n")
    .find((line) => line.endsWith(" total"))
    ?.trim()
    .split(/\s+/);
  return columns?.[3] === undefined ? undefined : Number(columns[3]);
}
