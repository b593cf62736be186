/**
 * No framing: each piece of the stream is a message, as it arrived. The network
 * decides where a piece begins and ends, not the sender.
 */
import { type Checks, checkOptions, isLimit } from "../check.ts";
import { byteMessage, memoryBytesOf } from "./byte-message.ts";
import type { Codec, Decoder, MessageSink } from "./codec.ts";

/** Options of {@link bytes}. */
export interface BytesOptions {
  /**
   * The size of the longest message, in bytes; a longer piece becomes several
   * messages, as with `recv(16)`. Unlimited by default: a message is then one
   * read of the socket, or one datagram, which must not be split.
   */
  readonly maxChunkBytes?: number;
}

/**
 * A codec whose messages are the pieces of the stream. Each is a new `Uint8Array`
 * that the game may keep. `encode` throws a `TypeError` for any other value.
 *
 * @throws TypeError when `maxChunkBytes` is no number, or for an unknown option
 * @throws RangeError when `maxChunkBytes` is not a whole number from 1 up
 */
export function bytes(options: BytesOptions = {}): Codec<Uint8Array> {
  checkOptions(options, CHECKS);
  const decoder = new BytesDecoder(options.maxChunkBytes ?? Infinity);
  return {
    fingerprint: "bytes",
    decoder: () => decoder, // it has no state, so one decoder serves all streams
    encode: byteMessage,
  };
}

class BytesDecoder implements Decoder<Uint8Array> {
  readonly #maxChunkBytes: number;

  constructor(maxChunkBytes: number) {
    this.#maxChunkBytes = maxChunkBytes;
  }

  decode(piece: Uint8Array, sink: MessageSink<Uint8Array>): void {
    for (let start = 0; start < piece.length; start += this.#maxChunkBytes) {
      // The constructor copies; slice() of a Buffer does not.
      const message = new Uint8Array(piece.subarray(start, start + this.#maxChunkBytes));
      sink.put(message, message.length, memoryBytesOf(message));
    }
  }
}

const CHECKS: Checks<BytesOptions> = { maxChunkBytes: isLimit(1) };
