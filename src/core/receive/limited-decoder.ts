/**
 * A decoder that refuses messages over a size, whatever its codec allows: both
 * complete and partial ones.
 */
import { DecodeError, type Decoder, type MessageSink } from "../../codec/codec.ts";

/** A decoder with a limit for each message, in bytes on the wire. */
export class LimitedDecoder<In> implements Decoder<In>, MessageSink<In> {
  readonly #decoder: Decoder<In>;
  readonly #maxMessageBytes: number;
  #sink: MessageSink<In> | undefined;

  constructor(decoder: Decoder<In>, maxMessageBytes: number) {
    this.#decoder = decoder;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get pendingBytes(): number {
    return this.#decoder.pendingBytes ?? 0;
  }

  decode(bytes: Uint8Array, sink: MessageSink<In>): void {
    this.#sink = sink;
    this.#decoder.decode(bytes, this);
    this.#check(this.pendingBytes);
  }

  end(): void {
    this.#decoder.end?.();
  }

  put(message: In, sizeBytes: number, memoryBytes?: number): void {
    this.#check(sizeBytes);
    this.#sink?.put(message, sizeBytes, memoryBytes);
  }

  #check(sizeBytes: number): void {
    if (sizeBytes <= this.#maxMessageBytes) return;
    throw new DecodeError(
      `a message of ${sizeBytes} bytes or more is over maxMessageBytes, ${this.#maxMessageBytes}`,
      { code: "maxMessageBytes" },
    );
  }
}
