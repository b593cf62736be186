/**
 * No framing: each piece of the stream is a message, as it came. Where pieces
 * begin and end is the network's choice, not the sender's.
 */
import { kindOf, limit } from "../check.ts";
import type { Codec, Decoder, MessageSink } from "./codec.ts";

/** Options of {@link bytes}. */
export interface BytesOptions {
  /**
   * The longest piece handed out, in bytes; longer ones are cut, as `recv(16)`
   * does. Unlimited by default: a piece is then what one read brought, or one
   * datagram, which should not be cut.
   */
  readonly maxChunkBytes?: number;
}

/**
 * A codec whose messages are the pieces of the stream, each a `Uint8Array` of
 * its own that the game may keep.
 *
 * @throws RangeError when `maxChunkBytes` is not a whole number from 1 up
 */
export function bytes(options: BytesOptions = {}): Codec<Uint8Array> {
  const maxChunkBytes = limit("maxChunkBytes", options.maxChunkBytes ?? Infinity, 1);
  const decoder = new BytesDecoder(maxChunkBytes);
  return {
    decoder: () => decoder, // it keeps nothing between calls, so one serves every stream
    encode(message) {
      if (!(message instanceof Uint8Array)) {
        throw new TypeError(`message: expected a Uint8Array, got ${kindOf(message)}`);
      }
      return message;
    },
  };
}

class BytesDecoder implements Decoder<Uint8Array> {
  readonly #maxChunkBytes: number;

  constructor(maxChunkBytes: number) {
    this.#maxChunkBytes = maxChunkBytes;
  }

  decode(piece: Uint8Array, sink: MessageSink<Uint8Array>): void {
    for (let start = 0; start < piece.length; start += this.#maxChunkBytes) {
      // The constructor copies; a Buffer's own slice() would not.
      const message = new Uint8Array(piece.subarray(start, start + this.#maxChunkBytes));
      sink.put(message, message.length);
    }
  }
}
