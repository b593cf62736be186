/**
 * A peer's text, made safe for a message to people: bounded, and without
 * characters that move a terminal's cursor or change the direction of the text
 * around it. Replaces them by U+FFFD. Decides nothing about where it is shown.
 */
export function printable(text: string): string {
  return text.slice(0, MAX_CHARACTERS).replace(UNPRINTABLE, "\uFFFD");
}

/** The capacity of a WebSocket's close frame. */
const MAX_CHARACTERS = 123;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
