/**
 * What every program of this folder needs of its process: the command line,
 * a last word with an exit code, and Ctrl-C. Exit codes: 0 when all went well
 * or it was asked to end, 1 when the network or the machine was against it, 2 for a wrong
 * command line. Knows nothing of what the programs do with the network.
 */
import { basename } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Poller } from "../../src/index.ts";

/**
 * Reads the command line, as `argparse` does. Does not return when it is wrong
 * (one line, exit code 2), nor after `--help` (the usage, exit code 0).
 *
 * @param usage what stands behind the program's name
 * @param config as `parseArgs` of `node:util` takes it
 */
export function options<T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.slice(2).includes("--help")) {
    process.stdout.write(`usage: ${PROGRAM} ${usage}\n`);
    process.exit(0);
  }
  return orWrong(() => parseArgs(config));
}

/** The port in `text`, as the command line has it. Does not return when it is none. */
export function portIn(text: string): number {
  return wholeNumber("a port", text, 0, 65_535);
}

/** The whole number in `text`, from `least` to `most`. Does not return when it is none. */
export function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
  return fail(`expected ${what} from ${least} to ${most}, got "${text}"`, 2);
}

/** What `make` makes of the command line. What it throws is told in one line, with exit code 2. */
export function orWrong<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    // Node's messages go on with advice; the first sentence says what was wrong.
    const [message = ""] = (error as Error).message.split(/\.\s|\n/, 1);
    fail(message, 2);
  }
}

/** Ends the program with one line on stderr. */
export function fail(message: string, code: number): never {
  process.stderr.write(`${PROGRAM}: ${message}\n`);
  process.exit(code);
}

/** Aborts when the program is asked to end: Ctrl-C, a signal, or nobody reads its output any more. */
export function untilInterrupted(): AbortSignal {
  const end = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end.abort());
  process.stdout.on("error", () => end.abort());
  return end.signal;
}

/** Says goodbye to all peers, and leaves soon without those who do not answer. */
export async function leave(net: Poller): Promise<void> {
  const patience = setTimeout(() => net[Symbol.dispose](), GOODBYE_MS);
  await net[Symbol.asyncDispose]();
  clearTimeout(patience);
}

const PROGRAM = basename(process.argv[1] ?? "program", ".ts");
/** A goodbye takes a round trip; a person who pressed Ctrl-C does not wait for a peer that is asleep. */
const GOODBYE_MS = 500;
