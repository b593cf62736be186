/**
 * What the processes of a benchmark tell each other: JSON over the channel that
 * `fork` opens. The main process speaks first, except for `ready`.
 *
 *     main ── begin, end ──▶ server, load
 *     main ◀── ready, report ── server, load
 */
import type { Scenario } from "./scenarios.ts";

/** Whom a measured server was written by. */
export type Side = "tickwire" | "net";

/** What a child is given as its only argument, as JSON. `Infinity` travels as `null`. */
export interface Job {
  readonly scenario: Scenario;
  /** Where the server is; 0 for the server itself. */
  readonly port: number;
}

/** `begin` and `end` of the measured window. */
export type Command = "begin" | "end";

/** A child is ready to work: the server listens, the clients are connected. */
export interface Ready {
  readonly ready: true;
  /** Where the server listens; 0 from the load. */
  readonly port: number;
}

/** What the server measured between `begin` and `end`. */
export interface ServerReport {
  readonly elapsedMs: number;
  /** User and system time of the whole process, in milliseconds. */
  readonly cpuMs: number;
  readonly frames: number;
  readonly frameP50Us: number;
  readonly frameP99Us: number;
  readonly connections: number;
  /** Lines that the game was given. */
  readonly takenLines: number;
  /** Lines that were sent, each client counted. */
  readonly sentLines: number;
  /** Frames at whose end lines were left, as the game wanted no more. */
  readonly framesWithRest: number;
  /** The most memory that the process ever had, from its start. */
  readonly peakRssBytes: number;
  /** Why the server ended the window itself, if it did. */
  readonly gaveUp?: string | undefined;
}

/** What the clients measured between `begin` and `end`. */
export interface LoadReport {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly connections: number;
  readonly sentLines: number;
  readonly receivedBytes: number;
}

/** The job of this process. */
export function jobOfThisProcess(): Job {
  const job = JSON.parse(process.argv[2] ?? "") as Job;
  const { linesIn, takeLines } = job.scenario;
  return {
    ...job,
    scenario: { ...job.scenario, linesIn: linesIn ?? Infinity, takeLines: takeLines ?? Infinity },
  };
}

/** Tells the main process. */
export function tell(what: Ready | ServerReport | LoadReport): void {
  process.send?.(what);
}

/** Calls `on` at each command, and ends this process with the main one. */
export function listenToMain(on: (command: Command) => void): void {
  process.on("message", (message) => on(message as Command));
  process.on("disconnect", () => process.exit());
}
