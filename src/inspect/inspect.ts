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
import { isAbout, jsonText, stepValue, summaryText, textOfSteps } from "./text.ts";
import { connectionNumbers, type Step, walk } from "./walk.ts";

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
    const summary = summarize(read(path));
    write(
      values.html,
      fitting("--html", () => pageOf(summary, basename(path))),
    );
    return `${values.html} has the timeline; open it with a browser.`;
  }
  const isJson = values.json === true;
  if (values.frames === undefined && values.connection === undefined) {
    const summary = summarize(read(path));
    return fitting("--json", () => (isJson ? jsonText(summary) : summaryText(summary)));
  }
  const wanted = wantedOf(values.frames, values.connection);
  const recording = read(path);
  checkThere(wanted, recording);
  return fitting("--frames", () => stepsText(recording, wanted, isJson));
}

/** The text that is made; a mistake where no text may be so long. */
function fitting(flag: string, make: () => string): string {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Mistake(`${flag}: what there is to tell is too long for a text`);
  }
}

/** The entries that are asked for. Only what is told of them is held. */
function stepsText(recording: Recording, { first, last, connection }: Wanted, isJson: boolean): string {
  const isWanted = (step: Step): boolean =>
    step.place >= first && step.place <= last && (connection === undefined || isAbout(step, connection));
  const steps = upTo(last, walk(recording));
  const told: string[] = [];
  let length = 0;
  for (const text of isJson ? jsonOfSteps(steps, isWanted) : textOfSteps(steps, isWanted)) {
    told.push(text);
    if ((length += text.length) > MOST_CHARACTERS)
      throw new Mistake(`--frames: that is more than ${MOST_CHARACTERS} characters; ask for fewer frames`);
  }
  if (told.length === 0) return isJson ? "[]" : "nothing";
  return isJson ? `[\n${told.join(",\n")}\n]` : told.join("\n");
}

function* jsonOfSteps(
  steps: Iterable<Step>,
  isWanted: (step: Step) => boolean,
): Generator<string, void, undefined> {
  for (const step of steps) if (isWanted(step)) yield jsonText(stepValue(step));
}

/** The steps up to those behind which no other belongs to the frame `last`. */
function* upTo(last: number, steps: Iterable<Step>): Generator<Step, void, undefined> {
  for (const step of steps) {
    if (step.frame > last && step.place > last) return;
    yield step;
  }
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
function checkThere({ first, connection }: Wanted, recording: Recording): void {
  const { frames } = recording;
  if (first > frames) throw new Mistake(`--frames: the last frame is ${frames}, and ${first} is behind it`);
  if (connection === undefined) return;
  const connections = connectionNumbers(recording).size;
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

/** The most that is printed of single entries: less than a string may hold. */
const MOST_CHARACTERS = 2 ** 28;
