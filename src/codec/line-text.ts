/**
 * The bytes of a line as text: strict, with a sign in the place of what is not
 * UTF-8, or for many lines at once. Knows no ends of lines, and no limits.
 */
import { DecodeError } from "./codec.ts";

/** The text of a line, by its bytes and its number. */
export type TextOf = (line: Uint8Array, lineNumber: number) => string;

/** @throws DecodeError when the line is not valid UTF-8 */
export function strictText(line: Uint8Array, lineNumber: number): string {
  try {
    return strictDecoder.decode(line);
  } catch (cause) {
    throw new DecodeError(`line ${lineNumber} is not valid UTF-8`, { cause });
  }
}

/** The text of a line with U+FFFD in the place of what is not UTF-8. */
export function replacingText(line: Uint8Array): string {
  return replacingDecoder.decode(line);
}

/** The text of `bytes` if each byte is one character; otherwise `undefined`. */
export function asciiText(bytes: Uint8Array): string | undefined {
  try {
    const text = strictDecoder.decode(bytes);
    return text.length === bytes.length ? text : undefined; // a sequence of several bytes gives fewer characters
  } catch {
    return undefined;
  }
}

/** Whether each unit of the text is one byte of UTF-8. */
export function isAsciiOnly(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const replacingDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
