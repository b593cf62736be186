/**
 * What a stranger wrote, as it may stand in a sentence for a person: bounded,
 * and without what could move a terminal's cursor or turn the order of what
 * stands around it.
 */
export function printable(text: string): string {
  return text.slice(0, MOST_CHARACTERS).replace(UNPRINTABLE, "\uFFFD");
}

/** As much as a WebSocket's close frame has room for. */
const MOST_CHARACTERS = 123;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
