/**
 * What the processes of a benchmark tell each other: JSON, a line each, on
 * stdin and stdout, so that a server in any language can take part.
 *
 *     main ── begin, end ──▶ server, load
 *     main ◀── ready, begun, report ── server, load
 *
 * A child ends when its stdin does.
 */
import { createInterface } from "node:readline";
import type { PeerReport } from "../nats/job.ts";
import type { Contestant, Work } from "../works.ts";
import type { LoadReport, ServerReport } from "./reports.ts";

/** What a child is given as its only argument. */
export interface Job {
  readonly work: Work;
  readonly contestant: Contestant;
  /** Where the server is: a port, or the path of a unix socket, which the server is told too. */
  readonly address: { readonly port: number; readonly path: string };
  /** A folder with `localhost.crt` and `localhost.key`, for TLS. */
  readonly certificates: string;
  /** Whether the server runs under the profiler. Its other figures mean less then. */
  readonly isProfiled: boolean;
}

/** `begin` and `end` of a measured window. */
export type Command = "begin" | "end";

/** A child is ready to work: the server listens, the clients are connected. */
export interface Ready {
  readonly ready: true;
  /** Where the server listens; 0 from the load. */
  readonly port: number;
}

/** The window has begun in this process, which may be long after it was told to on a busy machine. */
export interface Begun {
  readonly begun: true;
}

/** The clients have done all they had to do: a churn is over. */
export interface Done {
  readonly done: true;
}

/** The job of this process. */
export function jobOfThisProcess<Kind = Job>(): Kind {
  return JSON.parse(process.argv[2] ?? "") as Kind;
}

/** Tells the main process. */
export function tell(what: Ready | Begun | Done | ServerReport | LoadReport | PeerReport): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

/** Calls `on` at each command, and ends this process with the main one. */
export function listenToMain(on: (command: Command) => void): void {
  createInterface({ input: process.stdin })
    .on("line", (line) => on(line as Command))
    .on("close", () => process.exit());
}
