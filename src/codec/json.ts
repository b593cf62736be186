/**
 * One JSON value per line. Built on `lines.ts`, which decides where a line ends:
 * this file decides only which JSON is a message, and asks the user's guard.
 *
 *     line ── scanned ──▶ parsed ──▶ can be sent again? ──▶ guard ──▶ message
 *
 * What is accepted can be sent again: it is neither deeper nor longer than that.
 */
import { type Checks, checkOptions, isFunction, isWholeNumber } from "../check.ts";
import { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { shortened } from "./escaped.ts";
import { type JsonTraits, numberGrowth, scanJson } from "./json-text.ts";
import { jsonOf } from "./json-values.ts";
import { strictText } from "./line-text.ts";
import {
  BYTES_PER_UNIT,
  DEFAULT_MAX_LINE_BYTES,
  LINE_LIMIT_CHECKS,
  type LineLimits,
  lines,
} from "./lines.ts";

/** Options of {@link json}. */
export interface JsonOptions<In> extends LineLimits {
  /**
   * Returns whether a parsed value is an `In`. If it returns `false` or throws,
   * the connection closes with `protocol`. Without a guard every JSON value
   * passes, and nothing checks that it is an `In`.
   */
  readonly guard?: (value: unknown) => value is In;
  /**
   * How many arrays and objects may lie in each other in a received value; 128 by
   * default, far more than messages have, and at most 1,000. A deeper value can be
   * parsed, but ends the stack of what looks through it or sends it again. A sent
   * value may be 16 levels deeper: it may be an envelope around a received one.
   */
  readonly maxDepth?: number;
}

/**
 * A codec whose messages are JSON values, one per line.
 *
 * The connection closes with `protocol` if the peer sends what is no JSON, is too
 * deep, has a number that is too large for JavaScript (`1e999`), or would be over
 * the limit when it is sent again (`1e20` becomes 21 digits). Every value that was
 * received can be sent again, also with up to 4 KiB more around it. The close reason
 * shows the beginning of a value that was refused, with what cannot be seen as escapes.
 *
 * `encode` throws a `TypeError` with the path to a value that JSON cannot carry:
 * NaN and the infinities, functions, symbols, bigints, bytes, maps, sets and others
 * without fields of their own, `undefined` outside of an object, a cycle. A field
 * that is `undefined` is left out, and a `toJSON` is asked, as JSON does. It throws
 * a `RangeError` when the line is over the limit, or the value too deep.
 *
 * A datagram, or a WebSocket message in `framing: "message"`, is one value, and needs no
 * line break; line breaks between its parts are white space.
 *
 * @throws TypeError when a limit is no number or the guard no function, or for an unknown option
 * @throws RangeError when a limit is not a whole number from 1 up, or `maxDepth` is over 1,000
 */
export function json<In = unknown, Out = In>(options: JsonOptions<In> = {}): Codec<In, Out> {
  checkOptions(options, CHECKS);
  const { guard, maxDepth = DEFAULT_MAX_DEPTH, ...lineOptions } = options;
  const { maxLineBytes = DEFAULT_MAX_LINE_BYTES } = lineOptions;
  const line = lines(lineOptions);
  const decoder = () => new JsonDecoder(line.decoder(), { guard, maxDepth, maxLineBytes });
  return {
    encodesText: true,
    fingerprint: "json",
    decoder,
    encode(message) {
      return line.encode(jsonOf(message, maxDepth + ADDED_LEVELS));
    },
    decodeWhole: (bytes, sink) => decoder().decodeWhole(bytes, sink),
    encodeWhole(message) {
      return this.encode(message).subarray(0, -1);
    },
  };
}

/** What a received line has to be. */
interface JsonRules<In> {
  readonly guard: ((value: unknown) => value is In) | undefined;
  readonly maxDepth: number;
  readonly maxLineBytes: number;
}

class JsonDecoder<In> implements Decoder<In>, MessageSink<string> {
  readonly #lines: Decoder<string>;
  readonly #rules: JsonRules<In>;
  #sink: MessageSink<In> | undefined;
  #piece: Uint8Array = NO_BYTES;
  /** Where the next line begins in the piece; below 0 when it began in one before. */
  #lineStart = 0;
  #lineNumber = 0;

  constructor(lineDecoder: Decoder<string>, rules: JsonRules<In>) {
    this.#lines = lineDecoder;
    this.#rules = rules;
  }

  get pendingBytes(): number {
    return this.#lines.pendingBytes ?? 0;
  }

  decode(bytes: Uint8Array, sink: MessageSink<In>): void {
    this.#begin(bytes, sink);
    this.#lines.decode(bytes, this);
    this.#piece = NO_BYTES;
  }

  /** Takes the value of a whole message, which may have line breaks in it. One at its end does not count. */
  decodeWhole(bytes: Uint8Array, sink: MessageSink<In>): void {
    let end = bytes.length;
    if (bytes[end - 1] === NEWLINE) end--;
    if (bytes[end - 1] === RETURN) end--;
    const { maxLineBytes } = this.#rules;
    if (end > maxLineBytes)
      throw new DecodeError(`line 1 is longer than the limit of ${maxLineBytes} bytes`, {
        code: "maxLineBytes",
      });
    this.#begin(bytes, sink);
    const text = strictText(bytes, 1);
    this.put(text, bytes.length, text.length === bytes.length ? bytes.length : BYTES_PER_UNIT * text.length);
  }

  end(): void {
    this.#lines.end?.();
  }

  #begin(bytes: Uint8Array, sink: MessageSink<In>): void {
    this.#sink = sink;
    this.#piece = bytes;
    this.#lineStart = 0 - this.pendingBytes; // never -0, which would make all offsets fractions
  }

  /** Takes one complete line from the line decoder. */
  put(text: string, sizeBytes: number, memoryBytes: number = sizeBytes): void {
    this.#lineNumber++;
    const { depth, structureBytes, hasEscapedUnits, hasUnusualNumber } = this.#scan(text, sizeBytes);
    if (depth > this.#rules.maxDepth) {
      throw this.#refusal(`is more than ${this.#rules.maxDepth} levels deep`, text, { code: "maxDepth" });
    }
    const value = this.#parse(text);
    if (hasUnusualNumber) this.#checkGrowth(text);
    const textBytes = hasEscapedUnits ? Math.max(memoryBytes, BYTES_PER_UNIT * text.length) : memoryBytes;
    this.#sink?.put(this.#guarded(value, text), sizeBytes, textBytes + structureBytes);
  }

  /** Scans the bytes of the line that ends next; those of a line from several pieces are not at hand. */
  #scan(text: string, sizeBytes: number): JsonTraits {
    const start = this.#lineStart;
    this.#lineStart += sizeBytes;
    if (start >= 0) return scanJson(this.#piece, start, start + sizeBytes);
    const bytes = utf8Encoder.encode(text);
    return scanJson(bytes, 0, bytes.length);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new DecodeError(`line ${this.#lineNumber} is not JSON: ${detail}`); // without the cause, which quotes the line as it is
    }
  }

  /** Refuses a value that could not be sent again, as its numbers are too large or become too long. */
  #checkGrowth(text: string): void {
    const growth = numberGrowth(text);
    if (growth === Infinity) throw this.#refusal("has a number that is too large for JavaScript", text);
    const { maxLineBytes } = this.#rules;
    const sentBytes = utf8Encoder.encode(text).length + growth;
    if (sentBytes <= maxLineBytes) return;
    throw this.#refusal(
      `would take ${sentBytes} bytes when it is sent again, with all digits, over the limit of ${maxLineBytes}`,
      text,
      { code: "maxLineBytes" },
    );
  }

  #guarded(value: unknown, text: string): In {
    const { guard } = this.#rules;
    if (guard === undefined) return value as In;
    try {
      if (guard(value)) return value;
    } catch (cause) {
      throw new DecodeError(`the guard threw on ${this.#valueOf(text)}`, { cause });
    }
    throw new DecodeError(`the guard refused ${this.#valueOf(text)}`);
  }

  #valueOf(text: string): string {
    return `the JSON value of line ${this.#lineNumber}: ${shortened(text)}`;
  }

  /** The error for a line, which it shows as the peer wrote it. */
  #refusal(problem: string, text: string, options?: { readonly code: string }): DecodeError {
    return new DecodeError(`line ${this.#lineNumber} ${problem}: ${shortened(text)}`, options);
  }
}

/** As deep as most readers of JSON go, and cheap to look through. */
const DEFAULT_MAX_DEPTH = 128;
/** JSON.stringify ends the stack at about 4,500 levels, when the stack is empty. */
const DEEPEST = 1_000;
/** The envelopes that a relay may put around what it received. */
const ADDED_LEVELS = 16;

const CHECKS: Checks<JsonOptions<unknown>> = {
  ...LINE_LIMIT_CHECKS,
  guard: isFunction,
  maxDepth: isWholeNumber(1, DEEPEST),
};

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NO_BYTES = new Uint8Array(0);
const utf8Encoder = new TextEncoder();
