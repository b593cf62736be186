/**
 * The protocol as people type it, in this one place. Text lines in UTF-8, each ended by "\n" (or
 * "\r\n"); parts stand apart by spaces. Good to type into `nc`.
 *
 *     cube <x> <y> <z>    the cube is here: three decimal numbers from -10 to 10,
 *                         also as 1e-05; not nan, inf or hex
 *     ping <n>            answer me: n is a whole number of up to 15 digits
 *     pong <n>            the answer to `ping <n>`
 *     error <text>        your line was not understood, because of this
 *
 * Anything else is answered by an `error` line and changes nothing. An `error`
 * line is never answered, so two peers cannot complain to each other for ever.
 *
 * Decides what a line means. Knows nothing of who said it.
 */
import { REACH, type Vector } from "./world.ts";

/** What peers say to each other. */
export type Message =
  | { readonly kind: "cube"; readonly position: Vector }
  | { readonly kind: "ping"; readonly number: number }
  | { readonly kind: "pong"; readonly number: number }
  | { readonly kind: "error"; readonly message: string };

/** The forms that a message can take between peers; `formats.ts` says how each looks. */
export type Format = (typeof FORMATS)[number];
export const FORMATS = ["text", "json", "binary"] as const;

/** What was no message, and in words what was wrong with it. */
export interface Bad {
  readonly kind: "bad";
  readonly message: string;
}

/**
 * What a line means. Never throws: a line that means nothing is `bad`.
 *
 * @param known the words that the complaint about an unknown one names
 */
export function parseLine(text: string, known: string = "cube, ping or pong"): Message | Bad {
  const [word = "", ...parts] = wordsOf(text);
  switch (word) {
    case "cube":
      return parseCube(parts);
    case "ping":
    case "pong":
      return parseNumbered(word, parts);
    case "error":
      return { kind: "error", message: printable(parts.join(" "), LONGEST_ERROR) };
    case "":
      return bad(`an empty line; expected ${known}`);
    default:
      return bad(`unknown word ${quoted(word)}; expected ${known}`);
  }
}

/** A message as a line, without the line break. */
export function formatLine(message: Message): string {
  switch (message.kind) {
    case "cube":
      return cubeLine(message.position);
    case "ping":
    case "pong":
      return `${message.kind} ${message.number}`;
    case "error":
      return `error ${message.message}`;
  }
}

/** `cube <x> <y> <z>`, with at most three decimals each. */
export function cubeLine(position: Vector): string {
  return `cube ${formatPosition(position)}`;
}

/** `<x> <y> <z>`, short. */
export function formatPosition(position: Vector): string {
  return rounded(position).join(" ");
}

/** A position as it is said, in any form: a thousandth of a unit is finer than any view can show. */
export function rounded([x, y, z]: Vector): Vector {
  return [thousandth(x), thousandth(y), thousandth(z)];
}

/** The parts of a line. Only spaces part them: a tab is as good as a letter here. */
export function wordsOf(text: string): string[] {
  return text.split(" ").filter((part) => part !== "");
}

/** Text from a peer as it is safe to show: no control characters, and not too long. */
export function printable(text: string, mostLength: number): string {
  // Cut first: half of a pair is a character that no line can carry, and is replaced with the others.
  const shown = text.slice(0, mostLength).replace(/\p{C}/gu, "?");
  return text.length <= mostLength ? shown : `${shown}...`;
}

/** A complaint. */
export function bad(message: string): Bad {
  return { kind: "bad", message };
}

/** What a peer wrote, as a complaint shows it. */
export function quoted(text: string): string {
  return `"${printable(text, LONGEST_QUOTE)}"`;
}

/** A position out of three numbers, or what is wrong with one of them. `parts` are as the peer wrote them. */
export function cubeOf(values: readonly number[], parts: readonly string[]): Message | Bad {
  if (parts.length !== 3) return bad(`cube: expected 3 numbers, got ${parts.length}`);
  for (const [axis, part] of parts.entries()) {
    const name = "xyz".charAt(axis);
    const value = values[axis] ?? Number.NaN;
    if (!Number.isFinite(value)) return bad(`cube: ${name} is not a finite decimal number, ${quoted(part)}`);
    if (Math.abs(value) > REACH)
      return bad(`cube: ${name} is not from -${REACH} to ${REACH}, ${quoted(part)}`);
  }
  const [x = 0, y = 0, z = 0] = values;
  return { kind: "cube", position: [x, y, z] };
}

/** A ping or pong out of what the peer wrote as its number. */
export function numberedOf(kind: "ping" | "pong", digits: string): Message | Bad {
  if (!WHOLE.test(digits)) return bad(`${kind}: not a whole number of up to 15 digits, ${quoted(digits)}`);
  return { kind, number: Number(digits) };
}

function parseCube(parts: readonly string[]): Message | Bad {
  const values = parts.map((part) => (DECIMAL.test(part) ? Number(part) : Number.NaN));
  return cubeOf(values, parts);
}

function parseNumbered(kind: "ping" | "pong", parts: readonly string[]): Message | Bad {
  const [digits = ""] = parts;
  if (parts.length !== 1) return bad(`${kind}: expected 1 whole number, got ${parts.length} parts`);
  return numberedOf(kind, digits);
}

/** Never -0, which has no short form that all formats share. */
function thousandth(value: number): number {
  return Number(value.toFixed(3)) || 0;
}

/** Stricter than `Number()`, which also takes "", "0x1f" and "Infinity". */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
/** Fifteen digits are exact in a double. */
const WHOLE = /^\d{1,15}$/;
/** Enough to recognise what was sent, too little to make the answer a burden. */
const LONGEST_QUOTE = 24;
/** What is shown of an error. */
export const LONGEST_ERROR = 120;
