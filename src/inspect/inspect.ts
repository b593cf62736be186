/**
 * `npx tickwire inspect FILE`: what a recording has in it. Decides what a command line asks
 * for; `summary.ts`, `text.ts` and `page.ts` say it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Recording } from "../transport/wrap/recording.ts";
import { Mistake } from "./mistake.ts";
import { pageOf } from "./page.ts";
import { summarize } from "./summary.ts";
import { isAbout, stepValue, summaryText, textOfSteps } from "./text.ts";
import { type Step, walk } from "./walk.ts";

/** How it is asked for. */
export const INSPECT_USAGE = `usage: npx tickwire inspect FILE [--frames A..B] [--connection N] [--json] [--html OUT]

  --frames A..B   what happened in these frames, and what came for them before;
                  also A, A.. and ..B
  --connection N  of one connection alone
  --json          the same for a program
  --html OUT      a page with a timeline, in the new file OUT`;

/**
 * Does what the command line says, and returns what to print.
 *
 * @throws Mistake when it says nothing that can be done
 */
export function inspect(args: readonly string[]): string {
  const { values, positionals } = parsed(args);
  if (values.help === true) return INSPECT_USAGE;
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) throw misused("expected one file after inspect");
  if (values.html !== undefined) {
    for (const flag of ["frames", "connection", "json"] as const)
      if (values[flag] !== undefined) throw misused(`--${flag}: expected without --html`);
    if (values.html === "") throw misused("--html: expected a file");
    write(values.html, pageOf(summarize(read(path)), basename(path)));
    return `${values.html} has the timeline; open it with a browser.`;
  }
  const isJson = values.json === true;
  if (values.frames === undefined && values.connection === undefined) {
    const summary = summarize(read(path));
    return isJson ? JSON.stringify(summary, undefined, 2) : summaryText(summary);
  }
  const wanted = wantedOf(values.frames, values.connection);
  const recording = read(path);
  const steps = [...walk(recording)];
  checkThere(wanted, recording.frames, steps);
  const { first, last, connection } = wanted;
  const isWanted = (step: Step): boolean =>
    step.place >= first && step.place <= last && (connection === undefined || isAbout(step, connection));
  if (isJson) return JSON.stringify(steps.filter(isWanted).map(stepValue), undefined, 2);
  return textOfSteps(steps, isWanted);
}

/** Which entries are asked for. */
interface Wanted {
  readonly first: number;
  readonly last: number;
  readonly connection: number | undefined;
}

function wantedOf(frames = "..", connection?: string): Wanted {
  const [, from, dots, to] = /^(\d*)(\.\.)?(\d*)$/.exec(frames) ?? [];
  const first = from === "" ? 0 : Number(from);
  const last = dots === undefined ? first : to === "" ? Infinity : Number(to);
  if (from === undefined || frames === "" || first > last)
    throw misused(`--frames: expected A..B, got ${JSON.stringify(frames)}`);
  const wanted = connection === undefined ? undefined : Number(connection);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    throw misused(`--connection: expected a number from 1 up, got ${JSON.stringify(connection)}`);
  return { first, last, connection: wanted };
}

/** Says what there is, where what is asked for is not. */
function checkThere({ first, connection }: Wanted, frames: number, steps: readonly Step[]): void {
  if (first > frames) throw new Mistake(`--frames: the last frame is ${frames}, and ${first} is behind it`);
  if (connection === undefined) return;
  const connections = steps.reduce((most, { link }) => Math.max(most, link?.connection ?? 0), 0);
  if (connection > connections)
    throw new Mistake(`--connection: there are ${connections} connections, and no ${connection}`);
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    ...{ frames: text, connection: text, html: text, json: flag },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node's messages go on with advice; the first sentence says what was wrong.
    throw misused((error as Error).message.split(/\.\s|\n/, 1)[0] ?? "");
  }
}

function misused(message: string): Mistake {
  return new Mistake(message, INSPECT_USAGE);
}

function read(path: string): Recording {
  try {
    return Recording.fromBytes(new Uint8Array(readFileSync(path)));
  } catch (error) {
    throw new Mistake(`${path}: ${sentenceOf(error).replace(/^bytes: /, "")}`);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const sentence = code === "ENOENT" ? "its folder is not there" : sentenceOf(error);
    throw new Mistake(`--html: ${path}: ${sentence}`);
  }
}

function sentenceOf(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return SENTENCES.get(code) ?? message;
}

const SENTENCES = new Map([
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "the system does not allow it to this user"],
  ["EEXIST", "it is there already, and is not written over"],
]);
