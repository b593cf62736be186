/**
 * What a received JSON text will be as a value, found out before it is parsed:
 * how deep it is, how much memory it takes, and whether it can be written again.
 * Reads characters, and does not decide whether the text is valid or allowed.
 */

/** What a scan of a JSON text has found. */
export interface JsonTraits {
  /** How many arrays and objects lie in each other at most. */
  readonly depth: number;
  /** An estimate of the memory that the value takes beyond the characters of its text, in bytes. */
  readonly structureBytes: number;
  /** Whether a string may have two bytes a character, as escapes can give it any. */
  readonly hasEscapedUnits: boolean;
  /** Whether a number may be written longer than it was, or be too large; see {@link numberGrowth}. */
  readonly hasUnusualNumber: boolean;
}

/**
 * Scans the UTF-8 of a text, which may be invalid JSON. The result is lent until
 * the next call. Bytes and not characters, as those of a string take three times as
 * long to read: so it adds about a fifth to the time that parsing takes.
 */
export function scanJson(bytes: Uint8Array, start: number, end: number): JsonTraits {
  let level = 0;
  let depth = 0;
  let structureBytes = 0;
  let hasEscapedUnits = false;
  let hasUnusualNumber = false;
  let stringStart = start;
  /** Where the last structural character was; a number lies between two of them. */
  let last = start - 1;
  for (let at = start; at < end; at++) {
    const code = bytes[at] as number;
    if (code >= MINUS && code < COLON) continue; // a digit, most often
    if (code === QUOTE) {
      stringStart = at + 1;
      for (let unit = 0; ++at < end && (unit = bytes[at] as number) !== QUOTE; ) {
        if (unit === BACKSLASH && bytes[++at] === SMALL_U) hasEscapedUnits = true;
      }
      last = at;
    } else if (code === COMMA) {
      structureBytes += COMMA_BYTES;
      if (at - last > LONGEST_GAP) hasUnusualNumber = true;
      last = at;
    } else if (code === COLON) {
      structureBytes += COLON_BYTES;
      if (mayBeIndex(bytes[stringStart])) structureBytes += INDEX_BYTES;
      last = at;
    } else if (code === BRACKET || code === BRACE) {
      structureBytes += BRACKET_BYTES;
      if (++level > depth) depth = level;
      last = at;
    } else if (code === END_BRACKET || code === END_BRACE) {
      level--;
      if (at - last > LONGEST_GAP) hasUnusualNumber = true;
      last = at;
    } else if (code === CAPITAL_E || (code === SMALL_E && at > start && isDigit(bytes[at - 1]))) {
      hasUnusualNumber = true;
    }
  }
  if (end - last > LONGEST_GAP) hasUnusualNumber = true;
  traits.depth = depth;
  traits.structureBytes = structureBytes;
  traits.hasEscapedUnits = hasEscapedUnits;
  traits.hasUnusualNumber = hasUnusualNumber;
  return traits;
}

/**
 * How many characters longer the numbers of a valid JSON text become when it is
 * written again; negative when they become shorter, and `Infinity` when one is too
 * large for a number, so that it cannot be written at all. Only an exponent makes a
 * number grow: `1e20` becomes 21 digits. All else that JSON can write in two ways,
 * it writes again in the shorter one.
 */
export function numberGrowth(text: string): number {
  let growth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (isDigit(code) || code === MINUS) {
      const start = at;
      while (isOfNumber(text.charCodeAt(at + 1))) at++;
      const value = Number(text.slice(start, at + 1));
      if (!Number.isFinite(value)) return Infinity;
      growth += String(value).length - (at + 1 - start);
    }
  }
  return growth;
}

/** The place of the quote that ends the string whose first quote is at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length && text.charCodeAt(at) !== QUOTE; at++) {
    if (text.charCodeAt(at) === BACKSLASH) at++;
  }
  return at;
}

/** Whether a key that begins so may be a number, perhaps as an escape. */
function mayBeIndex(code: number | undefined): boolean {
  return isDigit(code) || code === BACKSLASH;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}

function isOfNumber(code: number): boolean {
  return isDigit(code) || code === 0x2b || code === MINUS || code === 0x2e || (code | 0x20) === SMALL_E;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const CAPITAL_E = 0x45;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const END_BRACKET = 0x5d;
const SMALL_E = 0x65;
const SMALL_U = 0x75;
const BRACE = 0x7b;
const END_BRACE = 0x7d;

/** How far apart the characters around a number of 308 digits are; one of more digits may be infinite. */
const LONGEST_GAP = 309;

// What a parsed value takes beside its text, so that it never holds twice what it is
// charged, in any form that we could find: measured in V8 (Node 20 to 24), where it holds up to
// 36 times its text. Ordinary messages hold a third to two thirds of what they are charged.
/** An array or an object, empty: 32 and 56 bytes. */
const BRACKET_BYTES = 32;
/** One more slot, and a number or a string in it: 8 to 32 bytes. */
const COMMA_BYTES = 16;
/** A key that no other object has is a hidden class of its own: about 90 bytes. */
const COLON_BYTES = 40;
/** A key that is a number makes an array of up to 32 slots, or a hash table. */
const INDEX_BYTES = 96;

const traits = { depth: 0, structureBytes: 0, hasEscapedUnits: false, hasUnusualNumber: false };
