/**
 * Messages with a length prefix: an unsigned number of fixed size or a varint,
 * followed by that many bytes. A length over the limit is refused as soon as the
 * prefix is complete, before any byte of the body is kept.
 */
import { kindOf, wholeNumber } from "../check.ts";
import { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { PartialBuffer } from "./partial-buffer.ts";
import { fixedPrefix, type Prefix, varintPrefix } from "./prefix.ts";

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /**
   * The format of the length: `"u8"`, `"u16"`, `"u32"` (the default), or
   * `"varint"` (LEB128: seven bits per byte, lowest first, as in protobuf).
   */
  readonly prefix?: "u8" | "u16" | "u32" | "varint";
  /** The byte order of a prefix of fixed size: `"big"` (network order, the default) or `"little"`. */
  readonly endian?: "big" | "little";
  /** The size of the longest message, in bytes without its prefix; 65,536 by default, or less if the prefix holds less. */
  readonly maxMessageBytes?: number;
}

/**
 * A codec whose messages are `Uint8Array`s with a length prefix. Each received
 * one is a copy that the game may keep.
 *
 * The connection closes with `protocol` if the peer sends a length over the limit
 * or a varint that is too long, or ends its stream inside a message.
 *
 * `encode` throws a `TypeError` for a value that is no `Uint8Array`, and a
 * `RangeError` for one over the limit.
 *
 * @throws TypeError for an unknown `prefix` or `endian`, or a limit that is no number
 * @throws RangeError when `maxMessageBytes` is not a whole number that the prefix can hold
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Codec<Uint8Array> {
  const prefix = prefixOf(options);
  const fallback = Math.min(DEFAULT_MAX_MESSAGE_BYTES, prefix.maxValue);
  const maxMessageBytes = wholeNumber(
    "maxMessageBytes",
    options.maxMessageBytes ?? fallback,
    0,
    prefix.maxValue,
  );
  let scratch = new Uint8Array(1_024);
  return {
    decoder: () => new LengthPrefixedDecoder(prefix, maxMessageBytes),
    encode(message) {
      if (!(message instanceof Uint8Array)) {
        throw new TypeError(`message: expected a Uint8Array, got ${kindOf(message)}`);
      }
      if (message.length > maxMessageBytes) {
        throw new RangeError(
          `message: ${message.length} bytes are over the limit of ${maxMessageBytes} bytes`,
        );
      }
      const room = prefix.maxBytes + message.length;
      if (room > scratch.length) scratch = new Uint8Array(room);
      const headerBytes = prefix.write(message.length, scratch);
      scratch.set(message, headerBytes);
      return scratch.subarray(0, headerBytes + message.length);
    },
  };
}

class LengthPrefixedDecoder implements Decoder<Uint8Array> {
  readonly #prefix: Prefix;
  readonly #maxMessageBytes: number;
  /** The prefix while it is incomplete; after that, the body while it is incomplete. */
  readonly #held = new PartialBuffer();
  #bodyBytes: number | undefined;
  #headerBytes = 0;
  #messageNumber = 1;

  constructor(prefix: Prefix, maxMessageBytes: number) {
    this.#prefix = prefix;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get pendingBytes(): number {
    return this.#held.length + (this.#bodyBytes === undefined ? 0 : this.#headerBytes);
  }

  decode(bytes: Uint8Array, sink: MessageSink<Uint8Array>): void {
    let at = 0;
    while (at < bytes.length) {
      at = this.#bodyBytes === undefined ? this.#takeHeaderByte(bytes, at) : this.#takeBody(bytes, at, sink);
      if (this.#bodyBytes === 0) this.#finish(EMPTY, sink);
    }
  }

  end(): void {
    if (this.#bodyBytes === undefined && this.#held.length === 0) return;
    const message = `message ${this.#messageNumber}`;
    const position =
      this.#bodyBytes === undefined
        ? `the length of ${message}`
        : `${message}, after ${this.#held.length} of ${this.#bodyBytes} bytes`;
    throw new DecodeError(`the stream ended inside ${position}`);
  }

  #takeHeaderByte(bytes: Uint8Array, at: number): number {
    this.#held.append(bytes, at, at + 1);
    const length = this.#prefix.read(this.#held.view);
    if (length === "too long") {
      throw new DecodeError(`the length of message ${this.#messageNumber} is not a valid varint`);
    }
    if (length !== undefined) {
      if (length > this.#maxMessageBytes) {
        throw new DecodeError(
          `message ${this.#messageNumber} has a length of ${length} bytes, over the limit of ${this.#maxMessageBytes}`,
        );
      }
      this.#headerBytes = this.#held.length;
      this.#bodyBytes = length;
      this.#held.clear();
    }
    return at + 1;
  }

  #takeBody(bytes: Uint8Array, at: number, sink: MessageSink<Uint8Array>): number {
    const missing = (this.#bodyBytes ?? 0) - this.#held.length;
    const end = at + missing;
    if (end > bytes.length) {
      this.#held.append(bytes, at, bytes.length);
      return bytes.length;
    }
    if (this.#held.length === 0) {
      this.#finish(new Uint8Array(bytes.subarray(at, end)), sink); // a copy: the bytes are lent
    } else {
      this.#held.append(bytes, at, end);
      this.#finish(new Uint8Array(this.#held.view), sink);
      this.#held.clear();
    }
    return end;
  }

  #finish(message: Uint8Array, sink: MessageSink<Uint8Array>): void {
    sink.put(message, this.#headerBytes + message.length);
    this.#bodyBytes = undefined;
    this.#messageNumber++;
  }
}

function prefixOf({ prefix = "u32", endian = "big" }: LengthPrefixedOptions): Prefix {
  if (endian !== "big" && endian !== "little") {
    throw new TypeError(`endian: expected "big" or "little", got ${JSON.stringify(endian)}`);
  }
  switch (prefix) {
    case "u8":
      return fixedPrefix(1, endian);
    case "u16":
      return fixedPrefix(2, endian);
    case "u32":
      return fixedPrefix(4, endian);
    case "varint":
      return varintPrefix;
    default:
      throw new TypeError(`prefix: expected "u8", "u16", "u32" or "varint", got ${JSON.stringify(prefix)}`);
  }
}

const DEFAULT_MAX_MESSAGE_BYTES = 65_536;
const EMPTY = new Uint8Array(0);
