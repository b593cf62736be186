/**
 * One run of one contestant at one work: a server and a load, a warm-up, a
 * measured window, and, where it is wanted, a window that is watched for system
 * calls. The children are gone afterwards, however it ends.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { CONTESTANTS, type ContestantName, type Work } from "../works.ts";
import { Child, type Cores } from "./child.ts";
import type { Programs } from "./programs.ts";
import type { Begun, Done, Job, Ready } from "./protocol.ts";
import type { Result, ServerReport } from "./reports.ts";
import { countSyscalls } from "./syscalls.ts";

/** What every run of a benchmark shares. */
export interface Bench {
  readonly programs: Programs;
  readonly cores: Cores;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The window of a work that has the first seconds in it. */
  readonly coldMs: number;
  /** A folder with certificates, for TLS. */
  readonly certificates: string;
}

/** What is wanted of one run beside the window. */
export interface Extras {
  readonly syscalls?: boolean;
  readonly profile?: boolean;
}

/** Starts both, measures, and ends both. */
export async function runOnce(
  bench: Bench,
  work: Work,
  name: ContestantName,
  { syscalls = false, profile = false }: Extras,
): Promise<Result> {
  const { programs, cores } = bench;
  const contestant = CONTESTANTS[name];
  const path = join(programs.folder, "unix.sock");
  const job = { work, contestant, certificates: bench.certificates, isProfiled: profile };
  const at = (port: number): Job => ({ ...job, address: { port, path } });
  const title = `${work.name}, ${contestant.title}`;
  const server = new Child(title, programs.server(contestant), at(0), cores.server);
  let load: Child | undefined;
  try {
    const { port } = await server.next<Ready>(READY_TIMEOUT_MS);
    load = new Child(title, programs.load, at(port), cores.load);
    await load.next<Ready>(READY_TIMEOUT_MS);
    if (work.isCold !== true) await server.quietFor(bench.warmUpMs);
    const lengthMs = work.isCold === true ? bench.coldMs : bench.measureMs;
    const reports = await measure(server, load, work, lengthMs);
    if (!syscalls || work.task.kind === "churn" || server.hasSpoken) return reports;
    return { ...reports, ...(await watched(bench, server, load, work)) };
  } finally {
    await Promise.all([server.end(), load?.end()]);
    rmSync(path, { force: true });
  }
}

/**
 * One window, which begins when both have said so. A churn is as long as its
 * clients take, and its server a moment longer. A server that gives up says so at
 * any time, instead of what was asked.
 */
async function measure(server: Child, load: Child, work: Work, lengthMs: number): Promise<Result> {
  for (const child of [server, load]) child.command("begin");
  const first = await server.next<Begun | ServerReport>(REPORT_TIMEOUT_MS);
  await load.next<Begun>(REPORT_TIMEOUT_MS);
  if ("gaveUp" in first) {
    load.command("end");
    return { server: first, load: await load.next(REPORT_TIMEOUT_MS) };
  }
  if (work.task.kind === "churn") {
    await load.next<Done>(CHURN_TIMEOUT_MS);
    await rest(SETTLE_MS);
  } else {
    await server.quietFor(lengthMs);
  }
  for (const child of [server, load]) child.command("end");
  const reports: Result = {
    server: await server.next(REPORT_TIMEOUT_MS),
    load: await load.next(REPORT_TIMEOUT_MS),
  };
  const shortestMs = Math.min(reports.server.elapsedMs, reports.load.elapsedMs);
  if (reports.server.gaveUp === undefined && work.task.kind !== "churn" && shortestMs < lengthMs / 2) {
    throw new Error(
      `the machine stood still: a window of ${lengthMs} ms was one of ${shortestMs.toFixed(0)} ms`,
    );
  }
  return reports;
}

/** A window that is watched for system calls; its other figures are of no use. */
async function watched(
  { programs, measureMs }: Bench,
  server: Child,
  load: Child,
  work: Work,
): Promise<Pick<Result, "syscallsPerFrame">> {
  if (server.pid === undefined) return {};
  const file = join(programs.folder, "strace.txt");
  const syscallsPerFrame = await countSyscalls(server.pid, file, async () => {
    const reports = await measure(server, load, work, Math.min(measureMs, WATCHED_MS));
    return work.task.kind === "ping-pong" ? reports.load.sent : reports.server.frames;
  });
  return syscallsPerFrame === undefined ? {} : { syscallsPerFrame };
}

const READY_TIMEOUT_MS = 30_000;
const REPORT_TIMEOUT_MS = 20_000;
const CHURN_TIMEOUT_MS = 60_000;
/** A frame or two, in which a polled server sees the last ones go. */
const SETTLE_MS = 50;
/** Long enough for some frames of a server that writes 10,000 times in each, which takes ten times as long then. */
const WATCHED_MS = 700;
