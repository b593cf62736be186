/**
 * The contract of a codec: bytes to messages and back.
 *
 *     link ── pieces of the stream ──▶ decoder.decode ── whole messages ──▶ sink
 *     link ◀──────── bytes ─────────── codec.encode ◀──── one message ───── game
 *
 * A codec decides where a message begins and ends, and which bytes are invalid.
 * It knows no connection and no time. The bytes that it keeps of an incomplete
 * message are bounded.
 */
import { escaped } from "./escaped.ts";

/**
 * Decodes the bytes of a stream into messages of type `In`, and encodes messages
 * of type `Out` into bytes. One codec may serve any number of connections: the
 * state of a single stream is in its {@link Decoder}.
 */
export interface Codec<In, Out = In> {
  /** A new decoder, for one stream. */
  decoder(): Decoder<In>;

  /**
   * Returns the bytes of one message, lent until the next call of `encode`, which
   * may overwrite them.
   *
   * @throws TypeError when `message` has a type that this codec does not support
   * @throws RangeError when its type is right but its value cannot be sent (too long, …)
   */
  encode(message: Out): Uint8Array;

  /**
   * Decodes what a carrier with message borders of its own has delivered, such as one
   * datagram: puts its messages into `sink`, and needs nothing that marks the end of the
   * last one. `bytes` are lent for the duration of the call. Where a codec has no such
   * method, `bytes` are decoded as a whole stream with its end.
   *
   * @throws DecodeError when `bytes` are invalid; messages already put into `sink` do not count
   */
  decodeWhole?(bytes: Uint8Array, sink: MessageSink<In>): void;

  /**
   * Like `encode`, for such a carrier: without what marks the end of a message in a
   * stream. A codec has both methods or none.
   */
  encodeWhole?(message: Out): Uint8Array;

  /**
   * Whether what is sent is text in UTF-8: a carrier that tells text from bytes, as
   * WebSocket does, then sends it as text. Bytes by default.
   */
  readonly encodesText?: boolean;

  /**
   * What it is, in a few words: of two codecs with the same words each reads what the other
   * writes. A recording has them, and is replayed with such a codec alone.
   */
  readonly fingerprint?: string;
}

/** The type of the messages that are received by a codec: `MessageOf<typeof codec>`. */
export type MessageOf<AnyCodec extends Codec<unknown, never>> =
  AnyCodec extends Codec<infer In, never> ? In : never;

/** The type of the messages that are sent by a codec; often the same as {@link MessageOf}. */
export type SentMessageOf<AnyCodec extends Codec<unknown, never>> =
  AnyCodec extends Codec<unknown, infer Out> ? Out : never;

/** Decodes what a carrier with message borders of its own has delivered, by a codec with or without a method for it. */
export function decodeWholeBy<In>(
  codec: Pick<Codec<In, never>, "decoder" | "decodeWhole">,
  bytes: Uint8Array,
  sink: MessageSink<In>,
): void {
  if (codec.decodeWhole !== undefined) {
    codec.decodeWhole(bytes, sink);
    return;
  }
  const decoder = codec.decoder();
  decoder.decode(bytes, sink);
  decoder.end?.();
}

/** What is sent by such a carrier, by a codec with or without a method for it. */
export function encodeWholeBy<Out>(
  codec: Pick<Codec<unknown, Out>, "encode" | "encodeWhole">,
  message: Out,
): Uint8Array {
  return codec.encodeWhole === undefined ? codec.encode(message) : codec.encodeWhole(message);
}

/** The key of a decoder's {@link UnreadDecoder}. A symbol, as a user's decoder may have fields of any name. @internal */
export const UNREAD: unique symbol = Symbol("unread");

/** The key by which a decoder takes its {@link Reply}. @internal */
export const REPLY: unique symbol = Symbol("reply");

/**
 * Sends bytes to the peer of a decoder, as they are, and keeps them until the next
 * frame. They are lost when there is no room for them, or nothing more may be sent.
 * @internal
 */
export type Reply = (bytes: Uint8Array) => void;

/** The receiving half of a codec, with the state of one stream. */
export interface Decoder<In> {
  /**
   * Takes the next piece of the stream, of any length, and puts each message that
   * is now complete into `sink`. Often there is none; that is not an error.
   * `bytes` are lent for the duration of the call, so a decoder copies whatever
   * it keeps.
   *
   * @throws DecodeError when the stream is invalid from here on; messages already
   *   put into `sink` stay valid, and `decode` is not called again
   */
  decode(bytes: Uint8Array, sink: MessageSink<In>): void;

  /**
   * The stream has ended, and no bytes follow. A stream that ends between two
   * messages is valid.
   *
   * @throws DecodeError when it ended inside a message
   */
  end?(): void;

  /**
   * The size of the incomplete message so far, in bytes; 0 between two messages,
   * which is the usual case. For a decoder without it no deadline ends a peer
   * that never finishes its message.
   */
  readonly pendingBytes?: number;

  /**
   * Answers a decoder to use in its place, where all messages have the same size
   * and may wait as bytes; `undefined` where they may not.
   * @internal
   */
  [UNREAD]?(): UnreadDecoder<In> | undefined;

  /**
   * Takes the way back to the peer, before any bytes, where a protocol negotiates below
   * its messages. Without a call there is none, as with datagrams.
   * @internal
   */
  [REPLY]?(reply: Reply): void;
}

/** Like a {@link Decoder}, but that it validates messages and does not read them. @internal */
export interface UnreadDecoder<In> {
  readonly reader: RecordReader<In>;
  readonly pendingBytes: number;
  decode(bytes: Uint8Array, sink: RecordSink): void;
  end(): void;
}

/** Reads messages of one size from bytes that were validated before. @internal */
export interface RecordReader<In> {
  readonly sizeBytes: number;
  readUnchecked(view: DataView, start: number): In;
}

/** The receiver of a decoder's messages. */
export interface MessageSink<In> {
  /**
   * Takes one complete message, which took `sizeBytes` bytes of the stream. Never
   * refuses or throws.
   *
   * `memoryBytes` is an estimate of the memory that the message takes; `sizeBytes`
   * by default, as for text. The larger one of the two counts against
   * `receiveLimitBytes`, with a fixed weight for each message. A codec gives it when
   * its messages can take much more memory than bytes of the stream, as parsed JSON
   * can; otherwise the limit does not bound the memory.
   */
  put(message: In, sizeBytes: number, memoryBytes?: number): void;
}

/** The receiver of validated messages that are read later. @internal */
export interface RecordSink {
  /** Takes `count` messages, which begin at `start` of `bytes`. The bytes are lent for the duration of the call. */
  putRecords(bytes: Uint8Array, start: number, count: number): void;
}

/**
 * The error for bytes that a codec does not accept. The connection closes with
 * `protocol`, and with the message of this error, which describes the problem
 * and its position. A message that quotes what the peer sent cannot do harm in a
 * log: characters that cannot be seen are escaped, and its length is bounded.
 */
export class DecodeError extends Error {
  /** `"DecodeError"`, which stands before the sentence in a stack trace. */
  override readonly name = "DecodeError";
  /** The name of the limit that was exceeded, which becomes the `code` of the close reason; `undefined` when it was none. */
  readonly code: string | undefined;

  /**
   * @param problem one sentence for people: the problem, and its position in the stream
   * @param options the error behind it as `cause`, and the name of the limit that was exceeded as `code`
   */
  constructor(problem: string, options?: ErrorOptions & { readonly code?: string }) {
    super(escaped(problem, MAX_CHARACTERS), options);
    this.code = options?.code;
  }
}

/** Enough for a sentence with a quotation. */
const MAX_CHARACTERS = 300;
