/**
 * Text lines. A line ends in "\n" or "\r\n" and is strict UTF-8; the ending is
 * not part of the message, however many "\r" it has. Lines are what `nc`, `telnet` and every language
 * speak, so they are the codec to begin with.
 */
import { kindOf, wholeNumber } from "../check.ts";
import { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { PartialBuffer } from "./partial-buffer.ts";

/** Options of {@link lines}. */
export interface LinesOptions {
  /**
   * The longest line that a peer may send, in bytes of UTF-8 without its
   * ending; 65,536 by default, room for any line a person or a game writes, and
   * a bound for those who never end one.
   */
  readonly maxLineBytes?: number;
  /**
   * The longest line that this side sends, counted in the same way; 65,536 by
   * default, or `maxLineBytes` when that is more. Who passes on what peers say,
   * with words of his own around it, takes less in than he sends.
   */
  readonly maxSentLineBytes?: number;
}

/**
 * A codec whose messages are lines of text. An empty line is the message `""`,
 * which is falsy: compare with `!== undefined`.
 *
 * Refused from a peer, each with close reason `protocol`: a line over the
 * limit, bytes that are not UTF-8, a stream that ends inside a line.
 *
 * `encode` throws a `RangeError` for text that would not come out as the one
 * line it went in: with a "\n" inside, a "\r" at its end, half of a surrogate
 * pair, or over the limit.
 *
 * Every line that was received can be sent again, as far as its length allows.
 *
 * @throws RangeError when a limit is not a whole number from 1 up
 */
export function lines(options: LinesOptions = {}): Codec<string> {
  const maxLineBytes = wholeNumber("maxLineBytes", options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES, 1);
  const usualBytes = Math.max(maxLineBytes, DEFAULT_MAX_LINE_BYTES);
  const maxSentBytes = wholeNumber("maxSentLineBytes", options.maxSentLineBytes ?? usualBytes, 1);
  let scratch = new Uint8Array(1_024);
  return {
    decoder: () => new LineDecoder(maxLineBytes),
    encode(text) {
      if (typeof text !== "string") throw new TypeError(`message: expected a string, got ${kindOf(text)}`);
      if (text.includes("\n")) throw new RangeError("message: a line cannot contain a line break");
      if (text.endsWith("\r")) throw new RangeError("message: a line cannot end in a carriage return");
      if (!text.isWellFormed())
        throw new RangeError("message: a line cannot contain half of a surrogate pair");
      // A unit takes a byte at least, so what is far too long never grows the store that is kept.
      if (text.length > maxSentBytes) throw tooLong(utf8Encoder.encode(text).length, maxSentBytes);
      const room = text.length * MAX_UTF8_PER_UNIT + 1;
      if (room > scratch.length) scratch = new Uint8Array(room);
      const { written } = utf8Encoder.encodeInto(text, scratch);
      if (written > maxSentBytes) throw tooLong(written, maxSentBytes);
      scratch[written] = NEWLINE;
      return scratch.subarray(0, written + 1);
    },
  };
}

class LineDecoder implements Decoder<string> {
  readonly #maxLineBytes: number;
  readonly #held = new PartialBuffer();
  #lineNumber = 1;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  decode(bytes: Uint8Array, sink: MessageSink<string>): void {
    let start = this.#held.length === 0 ? 0 : this.#finishHeld(bytes, sink);
    while (start < bytes.length) {
      const end = blockEnd(bytes, start);
      if (end === -1) {
        this.#hold(bytes, start, bytes.length);
        return;
      }
      this.#finishBlock(bytes, start, end, sink);
      start = end;
    }
  }

  end(): void {
    if (this.#held.length === 0) return;
    throw new DecodeError(
      `the stream ended inside line ${this.#lineNumber}, after ${this.#held.length} bytes without a line break`,
    );
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return; // a line break alone: what is held was measured when it came
    this.#checkLength(this.#held.length + end - start, bytes[end - 1]);
    this.#held.append(bytes, start, end);
  }

  /** The first line of `bytes` is the rest of the held one. Answers where the next line starts. */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<string>): number {
    const end = bytes.indexOf(NEWLINE);
    this.#hold(bytes, 0, end === -1 ? bytes.length : end);
    if (end === -1) return bytes.length;
    this.#finish(this.#held.view, 0, this.#held.length, sink);
    this.#held.clear();
    return end + 1;
  }

  /**
   * Whole lines, from `start` to `end`. Decoded together and then cut, where
   * every byte is one character; 17 ns a line instead of 116 where lines are
   * short and many, 66 instead of 124 where there is one. Anything else, bad
   * bytes too, goes the plain way, line by line.
   */
  #finishBlock(bytes: Uint8Array, start: number, end: number, sink: MessageSink<string>): void {
    const text = asciiText(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    if (text === undefined) {
      this.#finishEach(bytes, start, end, sink);
      return;
    }
    for (let from = 0, to: number; from < text.length; from = to + 1) {
      to = text.indexOf("\n", from);
      const lastByte = to > from ? text.charCodeAt(to - 1) : undefined;
      this.#checkLength(to - from, lastByte);
      let last = to;
      while (last > from && text.charCodeAt(last - 1) === RETURN) last--;
      sink.put(text.slice(from, last), to - from + 1);
      this.#lineNumber++;
    }
  }

  #finishEach(bytes: Uint8Array, start: number, end: number, sink: MessageSink<string>): void {
    for (let from = start, to: number; from < end; from = to + 1) {
      to = bytes.indexOf(NEWLINE, from);
      this.#finish(bytes, from, to, sink);
    }
  }

  #finish(bytes: Uint8Array, start: number, end: number, sink: MessageSink<string>): void {
    const lastByte = end > start ? bytes[end - 1] : undefined;
    this.#checkLength(end - start, lastByte);
    let last = end;
    while (last > start && bytes[last - 1] === RETURN) last--;
    sink.put(this.#text(bytes.subarray(start, last)), end - start + 1);
    this.#lineNumber++;
  }

  /** The "\r" of a "\r\n" does not count, whether or not its "\n" has come. */
  #checkLength(length: number, lastByte: number | undefined): void {
    if (length - (lastByte === RETURN ? 1 : 0) <= this.#maxLineBytes) return;
    throw new DecodeError(`line ${this.#lineNumber} is longer than the limit of ${this.#maxLineBytes} bytes`);
  }

  #text(line: Uint8Array): string {
    try {
      return utf8Decoder.decode(line);
    } catch (cause) {
      throw new DecodeError(`line ${this.#lineNumber} is not valid UTF-8`, { cause });
    }
  }
}

function tooLong(lineBytes: number, maxLineBytes: number): RangeError {
  return new RangeError(`message: a line of ${lineBytes} bytes is over the limit of ${maxLineBytes}`);
}

/** Behind the last line break within a block from `start`, or behind the next one; -1 when there is none. */
function blockEnd(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  if (length - start <= BLOCK_BYTES && bytes[length - 1] === NEWLINE) return length; // as most reads are
  const last = bytes.lastIndexOf(NEWLINE, start + BLOCK_BYTES - 1);
  if (last >= start) return last + 1;
  const next = bytes.indexOf(NEWLINE, start + BLOCK_BYTES);
  return next === -1 ? -1 : next + 1;
}

/** The text of `bytes` where each of them is a character of its own; `undefined` where not. */
function asciiText(bytes: Uint8Array): string | undefined {
  try {
    const text = utf8Decoder.decode(bytes);
    return text.length === bytes.length ? text : undefined; // any longer sequence makes fewer characters
  } catch {
    return undefined;
  }
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** A UTF-16 unit takes at most three bytes of UTF-8; a pair takes four. */
const MAX_UTF8_PER_UNIT = 3;
/** Lines decoded together share memory until the last of them is dropped, so a kept one keeps no more than this. */
const BLOCK_BYTES = 1_024;
const DEFAULT_MAX_LINE_BYTES = 65_536;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
