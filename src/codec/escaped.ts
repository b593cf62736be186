/**
 * A stranger's text in a sentence for people: bounded, and with its control
 * characters as escapes, so that it can neither move a terminal's cursor, nor
 * begin a line of a log, nor turn the direction of the text around it.
 */

/** The text with `\uXXXX` in the place of what cannot be seen. Longer text than `maxCharacters` ends in "…". */
export function escaped(text: string, maxCharacters: number): string {
  return shortened(text, maxCharacters).replace(INVISIBLE, escapeOf);
}

/** The beginning of a text, as a quotation in a sentence. Longer text than `maxCharacters` ends in "…". */
export function shortened(text: string, maxCharacters: number = QUOTED_CHARACTERS): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters)}…`;
}

/** Control, format, private and unassigned characters, halves of surrogate pairs, and the separators of lines. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

function escapeOf(character: string): string {
  let escapes = "";
  for (let at = 0; at < character.length; at++) {
    escapes += `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escapes;
}

/** Enough to know a message again, and short enough to leave the sentence around it. */
const QUOTED_CHARACTERS = 80;
