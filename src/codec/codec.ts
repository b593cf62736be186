/**
 * What a codec is: bytes to messages and back.
 *
 *     link ── pieces of the stream ──▶ decoder.decode ── whole messages ──▶ sink
 *     link ◀──────── bytes ─────────── codec.encode ◀──── one message ───── game
 *
 * A codec decides where a message begins and ends, and what is a bad one. It
 * knows no connection and no time. What it keeps of a half message is bounded.
 */

/**
 * Turns the bytes of a stream into messages of type `In` and messages of type
 * `Out` into bytes. One codec value may serve any number of connections: what
 * belongs to a single stream lives in its {@link Decoder}.
 */
export interface Codec<In, Out = In> {
  /** A new decoder, for one stream. */
  decoder(): Decoder<In>;

  /**
   * The bytes of one message. They are lent: read them before the next call of
   * `encode`, the codec may write over them then.
   *
   * @throws TypeError when `message` is of a kind this codec does not carry
   * @throws RangeError when it is of the kind but cannot be carried (too long, …)
   */
  encode(message: Out): Uint8Array;
}

/** The receiving half of a codec, with what is unfinished of one stream. */
export interface Decoder<In> {
  /**
   * Takes the next piece of the stream, of any length, and puts each message
   * that is now whole into `sink`. Finding none is the usual case. `bytes` are
   * lent for the length of the call: what must outlive it is copied.
   *
   * @throws DecodeError when the stream is bad from here on; messages already
   *   put into `sink` stay good, and `decode` is not called again
   */
  decode(bytes: Uint8Array, sink: MessageSink<In>): void;

  /**
   * The stream has ended and no bytes follow.
   *
   * @throws DecodeError when it ended inside a message
   */
  end?(): void;

  /**
   * Bytes of a message that has begun and is not whole; 0 between two messages,
   * the usual case. A decoder without it is taken for one that holds nothing: no
   * deadline then ends a peer that never finishes its message.
   */
  readonly pendingBytes?: number;

  /**
   * Reads its messages later, where all of them are as long: they may then wait
   * as bytes. @internal
   */
  readonly [RECORD]?: RecordReader<In> | undefined;
}

/** Where a decoder has its {@link RecordReader}. Not a name, as decoders of others have fields of any. @internal */
export const RECORD: unique symbol = Symbol("record");

/** Reads messages of one size out of bytes in which they were found to be good. @internal */
export interface RecordReader<In> {
  readonly sizeBytes: number;
  readUnchecked(view: DataView, start: number): In;
}

/** Where a decoder puts whole messages. */
export interface MessageSink<In> {
  /** Files one message that took `sizeBytes` bytes of the stream. Never refuses. */
  put(message: In, sizeBytes: number): void;

  /**
   * Files `count` messages that were found to be good, unread, for a decoder's
   * `record`. The bytes are lent for the length of the call. @internal
   */
  putRecords?(bytes: Uint8Array, start: number, count: number): void;
}

/**
 * The peer sent what this codec does not carry. The connection closes with
 * `protocol`, and this error's message says what was wrong and where.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";

  /** @param what one sentence for a person: what was wrong, and where in the stream */
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
  }
}
