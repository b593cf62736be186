/**
 * Messages with a length prefix: an unsigned number of fixed size or a varint,
 * followed by that many bytes. A length over the limit is refused as soon as the
 * prefix is complete, before any byte of the body is kept.
 */
import { type Checks, checkOptions, isOneOf, wholeNumber } from "../check.ts";
import { byteMessage, memoryBytesOf } from "./byte-message.ts";
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
  /**
   * The size of the longest message that a peer may send, in bytes without its
   * prefix; 65,536 by default, or less if the prefix holds less.
   */
  readonly maxMessageBytes?: number;
  /**
   * The size of the longest message that this side sends, counted in the same way; by
   * default 4,096 more than `maxMessageBytes`, and 65,536 at least, or less if the prefix
   * holds less. So a program can pass on what it received with a header of its own.
   */
  readonly maxSentMessageBytes?: number;
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
 * A datagram, or a WebSocket message in `framing: "message"`, is one message, and needs
 * no prefix: its borders say its length.
 *
 * @throws TypeError for an unknown `prefix`, `endian` or option, or a limit that is no number
 * @throws RangeError when a limit is not a whole number that the prefix can hold
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Codec<Uint8Array> {
  checkOptions(options, CHECKS);
  const prefix = prefixOf(options);
  const { maxMessageBytes, maxSentBytes } = limitsOf(options, prefix.maxValue);
  let scratch = new Uint8Array(1_024);
  const checked = (message: unknown): Uint8Array => {
    const plain = byteMessage(message);
    if (plain.length <= maxSentBytes) return plain;
    throw new RangeError(`message: ${plain.length} bytes are over the limit of ${maxSentBytes} bytes`);
  };
  return {
    fingerprint: `lengthPrefixed ${options.prefix ?? "u32"} ${options.endian ?? "big"}`,
    decoder: () => new LengthPrefixedDecoder(prefix, maxMessageBytes),
    encodeWhole: checked,
    decodeWhole(bytes, sink) {
      const { length } = bytes;
      if (length > maxMessageBytes) throw tooLong("the message", length, maxMessageBytes);
      const message = new Uint8Array(bytes); // a copy: the bytes are lent
      sink.put(message, length, memoryBytesOf(message));
    },
    encode(message) {
      const { length } = checked(message);
      const room = prefix.maxBytes + length;
      if (room > scratch.length) scratch = new Uint8Array(room);
      const headerBytes = prefix.write(length, scratch);
      scratch.set(message, headerBytes);
      return scratch.subarray(0, headerBytes + length);
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
      if (this.#bodyBytes === 0) this.#finish(new Uint8Array(0), sink);
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
        throw tooLong(`message ${this.#messageNumber}`, length, this.#maxMessageBytes);
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
      this.#finish(new Uint8Array(this.#held.view), sink); // a copy: the buffer is used again
      this.#held.clear();
    }
    return end;
  }

  #finish(message: Uint8Array, sink: MessageSink<Uint8Array>): void {
    sink.put(message, this.#headerBytes + message.length, memoryBytesOf(message));
    this.#bodyBytes = undefined;
    this.#messageNumber++;
  }
}

function tooLong(message: string, length: number, maxMessageBytes: number): DecodeError {
  return new DecodeError(`${message} has a length of ${length} bytes, over the limit of ${maxMessageBytes}`, {
    code: "maxMessageBytes",
  });
}

function prefixOf({ prefix = "u32", endian = "big" }: LengthPrefixedOptions): Prefix {
  return prefix === "varint" ? varintPrefix : fixedPrefix(SIZES[prefix], endian);
}

/** The limits of both directions, which the prefix must be able to hold. */
function limitsOf(
  options: LengthPrefixedOptions,
  most: number,
): { readonly maxMessageBytes: number; readonly maxSentBytes: number } {
  const { maxMessageBytes = Math.min(DEFAULT_MAX_MESSAGE_BYTES, most) } = options;
  wholeNumber("maxMessageBytes", maxMessageBytes, 1, most);
  const sent = Math.max(DEFAULT_MAX_MESSAGE_BYTES, maxMessageBytes + ADDED_BYTES);
  const { maxSentMessageBytes: maxSentBytes = Math.min(sent, most) } = options;
  wholeNumber("maxSentMessageBytes", maxSentBytes, 1, most);
  return { maxMessageBytes, maxSentBytes };
}

/** Leaves the check to {@link limitsOf}, which knows what the prefix can hold. */
function checkedWithPrefix(): void {}

/** The bytes of each prefix of fixed size. */
const SIZES = { u8: 1, u16: 2, u32: 4 } as const;

const CHECKS: Checks<LengthPrefixedOptions> = {
  prefix: isOneOf(["u8", "u16", "u32", "varint"]),
  endian: isOneOf(["big", "little"]),
  maxMessageBytes: checkedWithPrefix,
  maxSentMessageBytes: checkedWithPrefix,
};

const DEFAULT_MAX_MESSAGE_BYTES = 65_536;
/** What a relay may add to a message. */
const ADDED_BYTES = 4_096;
