/**
 * How deep values of JSON may lie in each other. Whoever writes or shows a value goes down
 * into it, and the stack ends before the text does.
 */

/**
 * The value of a text of JSON.
 *
 * @throws SyntaxError or RangeError when it is none, or lies too deep
 */
export function valueOfJson(text: Uint8Array): unknown {
  if (isTooDeep(text)) throw new RangeError("recording: a value of JSON lies too deep");
  return JSON.parse(new TextDecoder().decode(text));
}

/** Whether the brackets of a text of JSON are open beyond {@link MOST_DEPTH} anywhere. */
export function isTooDeep(text: Uint8Array): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (isInString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) isInString = true;
    else if (byte === BRACKET || byte === BRACE) {
      if (++depth > MOST_DEPTH) return true;
    } else if (byte === BRACKET + 2 || byte === BRACE + 2) depth--;
  }
  return false;
}

/** More than anybody writes, and less than any stack takes. */
export const MOST_DEPTH = 500;

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const BRACKET = 0x5b;
const BRACE = 0x7b;
