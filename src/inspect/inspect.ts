/**
 * `npx tickwire inspect FILE`: what a recording has in it. Decides what a command line asks
 * for; `summary.ts`, `text.ts` and `page.ts` say it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Recording } from "../transport/wrap/recording.ts";
import { Mistake } from "./mistake.ts";
import { pageOf } from "./page.ts";
import { summarize } from "./summary.ts";
import { isAbout, stepText, stepValue, summaryText } from "./text.ts";
import { type Step, walk } from "./walk.ts";

/** How it is asked for. */
export const INSPECT_USAGE = `usage: npx tickwire inspect FILE [--frames A..B] [--connection N] [--json] [--html OUT]

  --frames A..B   what happened in these frames; also A, A.. and ..B
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
  if (path === undefined || more.length > 0) throw new Mistake("expected one file after inspect");
  const recording = read(path);
  if (values.html !== undefined) {
    write(values.html, pageOf(summarize(recording), path));
    return `${values.html} has the timeline; open it with a browser.`;
  }
  const isJson = values.json === true;
  if (values.frames === undefined && values.connection === undefined) {
    const summary = summarize(recording);
    return isJson ? JSON.stringify(summary, undefined, 2) : summaryText(summary);
  }
  const steps = select(recording, values.frames ?? "..", values.connection);
  if (isJson) return JSON.stringify(steps.map(stepValue), undefined, 2);
  return steps.flatMap((step) => stepText(step) ?? []).join("\n");
}

function select(recording: Recording, frames: string, connection: string | undefined): readonly Step[] {
  const [, from, dots, to] = /^(\d*)(\.\.)?(\d*)$/.exec(frames) ?? [];
  if (from === undefined || frames === "")
    throw new Mistake(`--frames: expected A..B, got ${JSON.stringify(frames)}`);
  const first = from === "" ? 0 : Number(from);
  const last = dots === undefined ? first : to === "" ? Infinity : Number(to);
  const wanted = connection === undefined ? undefined : Number(connection);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    throw new Mistake(`--connection: expected a number from 1 up, got ${JSON.stringify(connection)}`);
  return [...walk(recording)].filter(
    (step) => step.frame >= first && step.frame <= last && (wanted === undefined || isAbout(step, wanted)),
  );
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
    throw new Mistake((error as Error).message);
  }
}

function read(path: string): Recording {
  try {
    return Recording.fromBytes(new Uint8Array(readFileSync(path)));
  } catch (error) {
    throw new Mistake(`${path}: ${(error as Error).message.replace(/^bytes: /, "")}`);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    throw new Mistake(`--html: ${(error as Error).message}`);
  }
}
