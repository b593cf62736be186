/**
 * The protocol, in this one place. Text lines in UTF-8, each ended by "\n" (or
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

/** A line of the protocol; `bad` is what is not one, with what was wrong in words. */
export type Line =
  | { readonly kind: "cube"; readonly position: Vector }
  | { readonly kind: "ping"; readonly number: number }
  | { readonly kind: "pong"; readonly number: number }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "bad"; readonly message: string };

/** What a line means. Never throws: a line that means nothing is `bad`. */
export function parseLine(text: string): Line {
  const [word = "", ...parts] = text.split(" ").filter((part) => part !== "");
  switch (word) {
    case "cube":
      return parseCube(parts);
    case "ping":
    case "pong":
      return parseNumbered(word, parts);
    case "error":
      return { kind: "error", message: printable(parts.join(" "), LONGEST_MESSAGE) };
    case "":
      return bad("an empty line; expected cube, ping or pong");
    default:
      return bad(`unknown word ${quoted(word)}; expected cube, ping or pong`);
  }
}

/** `cube <x> <y> <z>`, with at most three decimals each. */
export function cubeLine(position: Vector): string {
  return `cube ${formatPosition(position)}`;
}

/** `ping <n>` or `pong <n>`. */
export function numberedLine(kind: "ping" | "pong", number: number): string {
  return `${kind} ${number}`;
}

/** `error <what was wrong>`. */
export function errorLine(message: string): string {
  return `error ${message}`;
}

/** `<x> <y> <z>`, short: a thousandth of a unit is finer than any view can show. */
export function formatPosition(position: Vector): string {
  return position.map((value) => String(Number(value.toFixed(3)) || 0)).join(" ");
}

/** Text from a peer as it is safe to show: no control characters, and not too long. */
export function printable(text: string, mostLength: number): string {
  // Cut first: half of a pair is a character that no line can carry, and is replaced with the others.
  const shown = text.slice(0, mostLength).replace(/\p{C}/gu, "?");
  return text.length <= mostLength ? shown : `${shown}...`;
}

function parseCube(parts: readonly string[]): Line {
  if (parts.length !== 3) return bad(`cube: expected 3 numbers, got ${parts.length}`);
  const numbers: number[] = [];
  for (const [axis, part] of parts.entries()) {
    const name = "xyz".charAt(axis);
    const value = DECIMAL.test(part) ? Number(part) : Number.NaN;
    if (!Number.isFinite(value)) return bad(`cube: ${name} is not a finite decimal number, ${quoted(part)}`);
    if (Math.abs(value) > REACH)
      return bad(`cube: ${name} is not from -${REACH} to ${REACH}, ${quoted(part)}`);
    numbers.push(value);
  }
  const [x = 0, y = 0, z = 0] = numbers;
  return { kind: "cube", position: [x, y, z] };
}

function parseNumbered(kind: "ping" | "pong", parts: readonly string[]): Line {
  const [digits = ""] = parts;
  if (parts.length !== 1) return bad(`${kind}: expected 1 whole number, got ${parts.length} parts`);
  if (!WHOLE.test(digits)) return bad(`${kind}: not a whole number of up to 15 digits, ${quoted(digits)}`);
  return { kind, number: Number(digits) };
}

function bad(message: string): Line {
  return { kind: "bad", message };
}

function quoted(text: string): string {
  return `"${printable(text, LONGEST_QUOTE)}"`;
}

/** Stricter than `Number()`, which also takes "", "0x1f" and "Infinity". */
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
/** Fifteen digits are exact in a double. */
const WHOLE = /^\d{1,15}$/;
/** Enough to recognise what was sent, too little to make the answer a burden. */
const LONGEST_QUOTE = 24;
const LONGEST_MESSAGE = 120;
