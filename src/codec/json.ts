/**
 * One JSON value per line. Built on `lines.ts`, which decides where a line ends:
 * this file decides only what is JSON, and asks the user's guard.
 */
import { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { type LinesOptions, lines } from "./lines.ts";

/** Options of {@link json}. */
export interface JsonOptions<In> extends LinesOptions {
  /**
   * Returns whether a parsed value is an `In`. If it returns `false` or throws,
   * the connection closes with `protocol`. Without a guard every JSON value
   * passes, and nothing checks that it is an `In`.
   */
  readonly guard?: (value: unknown) => value is In;
}

/**
 * A codec whose messages are JSON values, one per line.
 *
 * `encode` throws a `TypeError` for a value that JSON cannot represent
 * (`undefined`, a function, a cycle), and a `RangeError` when the line is over
 * the limit.
 *
 * A datagram needs no line break, see {@link lines}.
 *
 * @throws TypeError when a limit is no number
 * @throws RangeError when a limit is not a whole number from 1 up
 */
export function json<In = unknown, Out = In>(options: JsonOptions<In> = {}): Codec<In, Out> {
  const line = lines(options);
  const decoder = () => new JsonDecoder(line.decoder(), options.guard);
  return {
    decoder,
    encode(message) {
      return line.encode(textOf(message));
    },
    decodeWhole: (bytes, sink) => decoder().decodeWhole(bytes, sink, line),
    encodeWhole(message) {
      return this.encode(message).subarray(0, -1);
    },
  };
}

function textOf(message: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(message);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause; // thrown by a toJSON of the user
    throw new TypeError(`message: JSON cannot represent it: ${cause.message}`, { cause });
  }
  if (text === undefined) throw new TypeError(`message: JSON cannot represent ${typeof message}`);
  return text;
}

class JsonDecoder<In> implements Decoder<In>, MessageSink<string> {
  readonly #lines: Decoder<string>;
  readonly #guard: ((value: unknown) => value is In) | undefined;
  #sink: MessageSink<In> | undefined;
  #lineNumber = 0;

  constructor(lineDecoder: Decoder<string>, guard: ((value: unknown) => value is In) | undefined) {
    this.#lines = lineDecoder;
    this.#guard = guard;
  }

  get pendingBytes(): number {
    return this.#lines.pendingBytes ?? 0;
  }

  decode(bytes: Uint8Array, sink: MessageSink<In>): void {
    this.#sink = sink;
    this.#lines.decode(bytes, this);
  }

  /** Takes the lines of a whole message, by the codec of lines. */
  decodeWhole(bytes: Uint8Array, sink: MessageSink<In>, line: Codec<string>): void {
    this.#sink = sink;
    line.decodeWhole?.(bytes, this);
  }

  end(): void {
    this.#lines.end?.();
  }

  /** Takes one complete line from the line decoder. */
  put(text: string, sizeBytes: number): void {
    this.#lineNumber++;
    this.#sink?.put(this.#guarded(this.#parse(text)), sizeBytes);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new DecodeError(`line ${this.#lineNumber} is not JSON: ${detail}`, { cause });
    }
  }

  #guarded(value: unknown): In {
    if (this.#guard === undefined) return value as In;
    try {
      if (this.#guard(value)) return value;
    } catch (cause) {
      throw new DecodeError(`the guard threw on the JSON value of line ${this.#lineNumber}`, { cause });
    }
    throw new DecodeError(`the guard refused the JSON value of line ${this.#lineNumber}`);
  }
}
