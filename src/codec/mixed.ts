/**
 * Several codecs on one connection: text for the chat, records for positions. Decides
 * which bytes are for which of them; what is in the bytes is theirs.
 *
 *     ┌──────┬───────────────┬──────────────────────┐
 *     │ kind │ length, LEB128│ body: one message of │
 *     │ 1 B  │ 1 to 5 B      │ that kind's codec    │
 *     └──────┴───────────────┴──────────────────────┘
 */
import { type Checks, checkOptions, isWholeNumber, kindOf } from "../check.ts";
import { type Codec, encodeWholeBy, type MessageOf, type SentMessageOf } from "./codec.ts";
import { checkCodec } from "./duplex.ts";
import { escaped } from "./escaped.ts";
import { MixedDecoder } from "./mixed-decoder.ts";
import { varintPrefix } from "./prefix.ts";

/** The codecs of the kinds of messages on one connection, by name. */
export type Codecs = { readonly [kind: string]: Codec<unknown, never> };

/** One of the messages that are received by a {@link mixed} codec. */
export type AnyMessageOf<All extends Codecs> = {
  [Kind in keyof All & string]: { kind: Kind; body: MessageOf<All[Kind]> };
}[keyof All & string];

/** One of the messages that are sent by a {@link mixed} codec. */
export type AnySentMessageOf<All extends Codecs> = {
  [Kind in keyof All & string]: { readonly kind: Kind; readonly body: SentMessageOf<All[Kind]> };
}[keyof All & string];

/** Options of {@link mixed}. */
export interface MixedOptions {
  /** The size of the longest body that a peer may send, in bytes; 65,536 by default. Its codec's own limits hold too. */
  readonly maxMessageBytes?: number;
  /**
   * The size of the longest body that this side sends, in bytes; by default 4,096 more
   * than `maxMessageBytes`, and 65,536 at least.
   */
  readonly maxSentMessageBytes?: number;
}

/**
 * A codec whose messages are `{ kind, body }`: the body is a message of the codec that
 * `codecs` has for that kind. On the wire each has a byte for its kind, the index in
 * the order of `codecs` from 0, the length of the body as a varint, and the body as the
 * codec sends it where messages are kept apart: a line without its line break.
 *
 * The connection closes with `protocol` if the peer sends a byte that is no kind, a
 * body over the limit, or one that is not exactly one message of its codec.
 *
 * `encode` throws what the codec of the kind throws, with `message.body` in front, and
 * a `TypeError` for a message of no kind.
 *
 * @throws TypeError when a kind has no codec or a name that is not allowed, when a limit is no number, or for an unknown option
 * @throws RangeError when there are no kinds or more than 256, or a limit is not a whole number that a varint of 32 bits holds
 */
export function mixed<const All extends Codecs>(
  codecs: All,
  options: MixedOptions = {},
): Codec<AnyMessageOf<All>, AnySentMessageOf<All>> {
  checkOptions(options, CHECKS);
  checkCodecs(codecs);
  const { maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES } = options;
  const sent = Math.max(
    DEFAULT_MAX_MESSAGE_BYTES,
    Math.min(maxMessageBytes + ADDED_BYTES, varintPrefix.maxValue),
  );
  const { maxSentMessageBytes = sent } = options;
  const kinds = Object.entries(codecs).map(([kind, codec]) => ({ kind, codec }));
  const encoder = new MixedEncoder(codecs, maxSentMessageBytes);
  const decoder = () => new MixedDecoder<AnyMessageOf<All>>(kinds, maxMessageBytes);
  return {
    fingerprint: `mixed ${kinds.map(({ kind, codec }) => `${kind}: ${codec.fingerprint}`)}`,
    decoder,
    encode: (message) => encoder.encode(message, true),
    decodeWhole: (bytes, sink) => decoder().decodeWhole(bytes, sink),
    encodeWhole: (message) => encoder.encode(message, false),
  };
}

/** Writes the bodies of all kinds into one buffer. */
class MixedEncoder {
  readonly #byKind: ReadonlyMap<unknown, { readonly byte: number; readonly codec: Codec<unknown, never> }>;
  readonly #maxBytes: number;
  #scratch = new Uint8Array(FIRST_BYTES);

  constructor(codecs: Codecs, maxBytes: number) {
    this.#byKind = new Map(
      Object.entries(codecs).map(([kind, codec], byte) => [kind, { byte, codec }] as const),
    );
    this.#maxBytes = maxBytes;
  }

  encode(message: { readonly kind: string; readonly body: unknown }, hasLength: boolean): Uint8Array {
    if (typeof message !== "object" || message === null)
      throw new TypeError(`message: expected an object, got ${kindOf(message)}`);
    const { byte, codec } = this.#kindOf(message.kind);
    const body = bodyOf(codec, message.body);
    if (body.length > this.#maxBytes)
      throw new RangeError(
        `message.body: ${body.length} bytes are over the limit of ${this.#maxBytes} bytes`,
      );
    const room = 1 + varintPrefix.maxBytes + body.length;
    if (room > this.#scratch.length) this.#scratch = new Uint8Array(room);
    const scratch = this.#scratch;
    scratch[0] = byte;
    const headerBytes = 1 + (hasLength ? varintPrefix.write(body.length, scratch.subarray(1)) : 0);
    scratch.set(body, headerBytes);
    return scratch.subarray(0, headerBytes + body.length);
  }

  #kindOf(kind: unknown): { readonly byte: number; readonly codec: Codec<unknown, never> } {
    const found = this.#byKind.get(kind);
    if (found !== undefined) return found;
    const got = typeof kind === "string" ? JSON.stringify(escaped(kind, 40)) : kindOf(kind);
    throw new TypeError(`message.kind: expected one of ${[...this.#byKind.keys()].join(", ")}; got ${got}`);
  }
}

/** The bytes of a body; errors of its codec speak of the message's body. */
function bodyOf(codec: Codec<unknown, never>, message: unknown): Uint8Array {
  let body: Uint8Array;
  try {
    body = encodeWholeBy(codec as Codec<unknown>, message);
  } catch (error) {
    if (error instanceof Error && /^message\b/.test(error.message))
      error.message = error.message.replace(/^message/, "message.body");
    throw error;
  }
  if (body.length > 0 || codec.encodeWhole !== undefined) return body;
  throw new RangeError("message.body: its codec sends nothing for it, so that nobody would receive it");
}

function checkCodecs(codecs: unknown): void {
  if (typeof codecs !== "object" || codecs === null || Array.isArray(codecs))
    throw new TypeError(`codecs: expected an object, got ${kindOf(codecs)}`);
  const entries = Object.entries(codecs);
  if (entries.length < 1 || entries.length > 256)
    throw new RangeError(`codecs: expected 1 to 256 kinds, got ${entries.length}`);
  for (const [kind, codec] of entries) {
    if (/^\d+$/.test(kind)) {
      throw new TypeError(
        `codecs.${kind}: a name cannot be a number, as JavaScript would sort it before the others`,
      );
    }
    checkCodec(`codecs.${kind}`, codec);
  }
}

const CHECKS: Checks<MixedOptions> = {
  maxMessageBytes: isWholeNumber(1, varintPrefix.maxValue),
  maxSentMessageBytes: isWholeNumber(1, varintPrefix.maxValue),
};

const DEFAULT_MAX_MESSAGE_BYTES = 65_536;
/** What a relay may add to a message. */
const ADDED_BYTES = 4_096;
const FIRST_BYTES = 256;
