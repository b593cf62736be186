/**
 * A codec for links with message borders of their own: one message of the game is one
 * of the link, without what marks its end in a stream.
 *
 *     link ── one whole message ──▶ decodeWhole ──▶ sink
 *     link ◀── header, message ◀─── encodeWhole ◀── game
 *
 * Everything between it and the link goes on as with a stream: messages wait as bytes,
 * are replaced, dropped and broadcast as such, and leave in one write.
 */
import { type Codec, DecodeError, type Decoder, type MessageSink } from "../codec/codec.ts";
import { MESSAGE_HEADER_BYTES, writeMessageHeader } from "../port/message-header.ts";
import type { Transport } from "../port/transport.ts";

/** The codec for the links of `transport`: `codec` itself where they carry a stream. */
export function codecFor<In, Out>(transport: Transport, codec: Codec<In, Out>): Codec<In, Out> {
  return transport.framing === "message" ? new MessageCodec(codec) : codec;
}

class MessageCodec<In, Out> implements Codec<In, Out> {
  readonly #codec: Codec<In, Out>;
  #scratch = new Uint8Array(1_024);

  constructor(codec: Codec<In, Out>) {
    this.#codec = codec;
  }

  decoder(): Decoder<In> {
    return this.#codec.decodeWhole === undefined
      ? new PieceDecoder(this.#codec)
      : { decode: (bytes, sink) => this.#codec.decodeWhole?.(bytes, sink) };
  }

  encode(message: Out): Uint8Array {
    const codec = this.#codec;
    const whole = codec.encodeWhole === undefined ? codec.encode(message) : codec.encodeWhole(message);
    const sizeBytes = MESSAGE_HEADER_BYTES + whole.length;
    if (sizeBytes > this.#scratch.length) this.#scratch = new Uint8Array(sizeBytes);
    writeMessageHeader(this.#scratch, whole.length, codec.encodesText === true);
    this.#scratch.set(whole, MESSAGE_HEADER_BYTES);
    return this.#scratch.subarray(0, sizeBytes);
  }
}

/** Decodes each message as a whole stream. A decoder that says that it is between two messages is used again. */
class PieceDecoder<In> implements Decoder<In> {
  readonly #codec: Codec<In, never>;
  #decoder: Decoder<In> | undefined;

  constructor(codec: Codec<In, never>) {
    this.#codec = codec;
    this.#decoder = codec.decoder();
  }

  decode(bytes: Uint8Array, sink: MessageSink<In>): void {
    const decoder = this.#decoder ?? this.#codec.decoder();
    decoder.decode(bytes, sink);
    const { pendingBytes } = decoder;
    if (pendingBytes === 0) return;
    this.#decoder = undefined;
    decoder.end?.();
    if (pendingBytes !== undefined) {
      throw new DecodeError(`a message of ${bytes.length} bytes ended inside one of the codec`);
    }
  }
}
