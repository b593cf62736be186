/**
 * A peer's text, made safe for a message to people: bounded, and without
 * characters that move a terminal's cursor or change the direction of the text
 * around it. Replaces them by U+FFFD. Every sentence of a close reason that quotes
 * a peer, or what a library says of a peer's bytes, goes through here. Decides
 * nothing about where it is shown.
 */

/** Returns `text` without what could not be printed, and at most `mostCharacters` of it. */
export function printable(text: string, mostCharacters: number = CLOSE_FRAME_CHARACTERS): string {
  return text.slice(0, mostCharacters).replace(UNPRINTABLE, "\uFFFD");
}

/** The capacity of a WebSocket's close frame. */
const CLOSE_FRAME_CHARACTERS = 123;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
