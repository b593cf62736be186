/**
 * Lines of text. A line is UTF-8 and ends in "\n" or "\r\n"; the ending, however
 * many "\r" it has, is not part of the message. `nc`, `telnet` and every programming
 * language support lines, so this is the codec to start with.
 */
import { type Checks, checkOptions, isOneOf, isWholeNumber, kindOf } from "../check.ts";
import { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { asciiText, isAsciiOnly, replacingText, strictText, type TextOf } from "./line-text.ts";
import { PartialBuffer } from "./partial-buffer.ts";

/** The limits of {@link lines}, which other codecs of lines share. */
export interface LineLimits {
  /**
   * The size of the longest line that a peer may send, in bytes of UTF-8 without
   * its ending; 65,536 by default: enough for any line of a person or a game,
   * and a bound for a peer that never ends its line.
   */
  readonly maxLineBytes?: number;
  /**
   * The size of the longest line that this side sends, counted in the same way; by
   * default 4,096 more than `maxLineBytes`, and 65,536 at least. So a program can pass
   * on each line that it received with a word of its own in front. Those to whom it
   * passes them need as large a `maxLineBytes`, or it a smaller one.
   */
  readonly maxSentLineBytes?: number;
}

/** Options of {@link lines}. */
export interface LinesOptions extends LineLimits {
  /**
   * How this side ends the lines that it sends: `"\n"`, the default, or `"\r\n"`, which
   * terminals and the protocols of the internet ask for. Both are received always.
   */
  readonly eol?: "\n" | "\r\n";
  /**
   * What becomes of received bytes that are not UTF-8. `"refuse"`, the default, closes
   * the connection. `"replace"` puts U+FFFD (�) in their place, for people whose
   * terminal speaks another encoding; it takes three bytes, and they count.
   */
  readonly invalid?: "refuse" | "replace";
}

/**
 * A codec whose messages are lines of text. An empty line is the message `""`,
 * which is falsy: compare with `!== undefined`.
 *
 * The connection closes with `protocol` if the peer sends a line over the limit
 * or bytes that are not UTF-8, unless `invalid` says otherwise, or ends its stream
 * inside a line.
 *
 * `encode` throws a `TypeError` for a value that is no string. It throws a
 * `RangeError` for text that the peer would not receive as the same single line:
 * text with a "\n" inside, a "\r" at its end, half of a surrogate pair, or over
 * the limit.
 *
 * Every line that was received can be sent again, also with up to 4 KiB in front.
 *
 * A datagram needs no line break: its end is the end of its last line, and a line is
 * sent without one. A datagram with several lines is several messages.
 *
 * @throws TypeError when a limit is no number, for an unknown `eol` or `invalid`, or an unknown option
 * @throws RangeError when a limit is not a whole number from 1 up
 */
export function lines(options: LinesOptions = {}): Codec<string> {
  checkOptions(options, CHECKS);
  const { maxLineBytes = DEFAULT_MAX_LINE_BYTES, eol = "\n" } = options;
  const textOf = options.invalid === "replace" ? replacingText : strictText;
  const { maxSentLineBytes: maxSentBytes = sentLimitOf(maxLineBytes) } = options;
  let scratch = new Uint8Array(1_024);
  return {
    encodesText: true,
    fingerprint: `lines ${JSON.stringify(eol)}`,
    decoder: () => new LineDecoder(maxLineBytes, textOf),
    decodeWhole: (bytes, sink) => new LineDecoder(maxLineBytes, textOf).decodeWhole(bytes, sink),
    encodeWhole(text) {
      return this.encode(text).subarray(0, -eol.length);
    },
    encode(text) {
      if (typeof text !== "string") throw new TypeError(`message: expected a string, got ${kindOf(text)}`);
      if (text.includes("\n")) throw new RangeError("message: a line cannot contain a line break");
      if (text.endsWith("\r")) throw new RangeError("message: a line cannot end in a carriage return");
      if (!text.isWellFormed())
        throw new RangeError("message: a line cannot contain half of a surrogate pair");
      // Every UTF-16 unit takes at least one byte, so text that is far too long never grows the scratch buffer.
      if (text.length > maxSentBytes) throw tooLong(utf8Encoder.encode(text).length, maxSentBytes);
      const room = text.length * MAX_UTF8_PER_UNIT + eol.length;
      if (room > scratch.length) scratch = new Uint8Array(room);
      const { written } = utf8Encoder.encodeInto(text, scratch);
      if (written > maxSentBytes) throw tooLong(written, maxSentBytes);
      if (eol === "\r\n") scratch[written] = RETURN;
      scratch[written + eol.length - 1] = NEWLINE;
      return scratch.subarray(0, written + eol.length);
    },
  };
}

class LineDecoder implements Decoder<string> {
  readonly #maxLineBytes: number;
  readonly #textOf: TextOf;
  /** The line that is not whole; made for the first, as most pieces end with a line. */
  #held: PartialBuffer | undefined;
  #lineNumber = 1;

  constructor(maxLineBytes: number, textOf: TextOf) {
    this.#maxLineBytes = maxLineBytes;
    this.#textOf = textOf;
  }

  get pendingBytes(): number {
    return this.#held === undefined ? 0 : this.#held.length;
  }

  decode(bytes: Uint8Array, sink: MessageSink<string>): void {
    let start = this.pendingBytes === 0 ? 0 : this.#finishHeld(bytes, sink);
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
    if (this.pendingBytes === 0) return;
    throw new DecodeError(
      `the stream ended inside line ${this.#lineNumber}, after ${this.pendingBytes} bytes without a line break`,
    );
  }

  /** Takes the lines of a whole message, whose last one needs no line break; a message of no bytes is an empty line. */
  decodeWhole(bytes: Uint8Array, sink: MessageSink<string>): void {
    this.decode(bytes, sink);
    const rest = this.#held === undefined ? NO_BYTES : this.#held.view;
    if (rest.length > 0 || bytes.length === 0) this.#finish(rest, 0, rest.length, sink, 0);
  }

  #hold(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return; // only a line break: the held bytes were checked when they arrived
    this.#checkLength(this.pendingBytes + end - start, bytes[end - 1]);
    this.#held ??= new PartialBuffer();
    this.#held.append(bytes, start, end);
  }

  /** Completes the held line with the start of `bytes`. Returns where the next line starts. */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<string>): number {
    const end = bytes.indexOf(NEWLINE);
    this.#hold(bytes, 0, end === -1 ? bytes.length : end);
    if (end === -1) return bytes.length;
    const held = this.#held as PartialBuffer;
    this.#finish(held.view, 0, held.length, sink);
    held.clear();
    return end + 1;
  }

  /**
   * Takes complete lines, from `start` to `end`. If every byte is one character,
   * they are decoded together and then split: 17 ns a line instead of 116 for
   * many short lines, 66 instead of 124 for a single one. All other bytes, invalid
   * ones too, are decoded line by line.
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

  #finish(bytes: Uint8Array, start: number, end: number, sink: MessageSink<string>, breakBytes = 1): void {
    const lastByte = end > start ? bytes[end - 1] : undefined;
    this.#checkLength(end - start, lastByte);
    let last = end;
    while (last > start && bytes[last - 1] === RETURN) last--;
    const line = bytes.subarray(start, last);
    const text = this.#textOf(line, this.#lineNumber);
    const sizeBytes = end - start + breakBytes;
    const isAscii = text.length === line.length && (this.#textOf === strictText || isAsciiOnly(text));
    if (!isAscii && this.#textOf === replacingText) this.#checkReplaced(text);
    sink.put(text, sizeBytes, isAscii ? sizeBytes : BYTES_PER_UNIT * text.length);
    this.#lineNumber++;
  }

  /** The "\r" of a "\r\n" does not count, whether or not its "\n" has arrived. */
  #checkLength(length: number, lastByte: number | undefined): void {
    if (length - (lastByte === RETURN ? 1 : 0) > this.#maxLineBytes) throw this.#tooLong("is longer than");
  }

  /** Refuses a line that has become longer by what was replaced in it, as it could not be sent again. */
  #checkReplaced(text: string): void {
    if (text.length * MAX_UTF8_PER_UNIT <= this.#maxLineBytes) return;
    if (utf8Encoder.encode(text).length > this.#maxLineBytes)
      throw this.#tooLong("with U+FFFD for what is not UTF-8 would be over");
  }

  #tooLong(problem: string): DecodeError {
    return new DecodeError(`line ${this.#lineNumber} ${problem} the limit of ${this.#maxLineBytes} bytes`, {
      code: "maxLineBytes",
    });
  }
}

function tooLong(lineBytes: number, maxLineBytes: number): RangeError {
  return new RangeError(`message: a line of ${lineBytes} bytes is over the limit of ${maxLineBytes}`);
}

/** The offset after the last line break within a block from `start`, or after the next line break; -1 without one. */
function blockEnd(bytes: Uint8Array, start: number): number {
  const { length } = bytes;
  if (length - start <= BLOCK_BYTES && bytes[length - 1] === NEWLINE) return length; // most reads end so
  const last = bytes.lastIndexOf(NEWLINE, start + BLOCK_BYTES - 1);
  if (last >= start) return last + 1;
  const next = bytes.indexOf(NEWLINE, start + BLOCK_BYTES);
  return next === -1 ? -1 : next + 1;
}

/** A check of {@link LinesOptions.eol}, whose choices cannot be shown as they are. */
function isEol(name: string, value: unknown): void {
  if (value === "\n" || value === "\r\n") return;
  throw new TypeError(`${name}: expected "\\n" or "\\r\\n", got ${JSON.stringify(value)}`);
}

/** The checks of the limits of lines. */
export const LINE_LIMIT_CHECKS: Checks<LineLimits> = {
  maxLineBytes: isWholeNumber(1),
  maxSentLineBytes: isWholeNumber(1),
};

const CHECKS: Checks<LinesOptions> = {
  ...LINE_LIMIT_CHECKS,
  eol: isEol,
  invalid: isOneOf(["refuse", "replace"]),
};

/** The default limit for what is sent, where this much may be received: a relay may add a word. */
export function sentLimitOf(maxReceivedBytes: number): number {
  return Math.max(DEFAULT_MAX_LINE_BYTES, maxReceivedBytes + ADDED_BYTES);
}

const NO_BYTES = new Uint8Array(0);
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** A UTF-16 unit takes at most three bytes of UTF-8; a surrogate pair takes four. */
const MAX_UTF8_PER_UNIT = 3;
/** Lines that are decoded together share their memory, so a single line that is kept retains up to this much. */
const BLOCK_BYTES = 1_024;
/** The memory of a letter: one above U+00FF gives all letters of its string two bytes. */
export const BYTES_PER_UNIT = 2;
/** The default of {@link LinesOptions.maxLineBytes}. */
export const DEFAULT_MAX_LINE_BYTES = 65_536;
/** What a relay may add to a line: names, times, an envelope. */
const ADDED_BYTES = 4_096;

const utf8Encoder = new TextEncoder();
