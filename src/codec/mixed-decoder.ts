/**
 * Bytes to messages of several codecs: where a body begins and ends, and that it is
 * exactly one message of the codec of its kind.
 */
import { type Codec, DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { PartialBuffer } from "./partial-buffer.ts";
import { varintPrefix } from "./prefix.ts";

/** A kind of message. */
export interface MixedKind {
  readonly kind: string;
  readonly codec: Codec<unknown, never>;
}

/** A decoder for messages of several kinds. */
export class MixedDecoder<Message> implements Decoder<Message>, MessageSink<unknown> {
  readonly #kinds: readonly MixedKind[];
  readonly #maxMessageBytes: number;
  /** For each kind whose codec knows streams alone, a decoder that has come to the end of each body. */
  readonly #decoders = new Map<MixedKind, Decoder<unknown>>();
  readonly #held = new PartialBuffer();
  #kind: MixedKind | undefined;
  #headerBytes = 0;
  /** The size of the message with its header; 0 while its header is incomplete. */
  #sizeBytes = 0;
  #messageNumber = 1;
  // What the codec of the kind has made of the body.
  #body: unknown;
  #bodies = 0;
  #memoryBytes = 0;

  constructor(kinds: readonly MixedKind[], maxMessageBytes: number) {
    this.#kinds = kinds;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message>): void {
    let at = this.#held.length === 0 ? 0 : this.#finishHeld(bytes, sink);
    while (at < bytes.length) {
      const rest = at === 0 ? bytes : bytes.subarray(at);
      this.#readHeader(rest);
      if (this.#sizeBytes === 0 || this.#sizeBytes > rest.length) {
        this.#held.append(rest, 0, rest.length);
        return;
      }
      this.#finish(rest.subarray(this.#headerBytes, this.#sizeBytes), sink);
      at += this.#sizeBytes;
    }
  }

  end(): void {
    const { length } = this.#held;
    if (length === 0) return;
    throw new DecodeError(
      `the stream ended inside message ${this.#messageNumber}, after ${length} bytes of it`,
    );
  }

  /** Takes a message without its length, which the carrier has kept apart from others. */
  decodeWhole(bytes: Uint8Array, sink: MessageSink<Message>): void {
    const [byte] = bytes;
    if (byte === undefined)
      throw new DecodeError("a message begins with a byte for its kind, and there is none");
    this.#kind = this.#kindOf(byte);
    this.#checkLength(bytes.length - 1);
    this.#sizeBytes = bytes.length;
    this.#finish(bytes.subarray(1), sink);
  }

  /** Takes what the codec of the kind has decoded. */
  put(body: unknown, sizeBytes: number, memoryBytes: number = sizeBytes): void {
    this.#body = body;
    this.#bodies++;
    this.#memoryBytes += memoryBytes;
  }

  /** Completes the held message with the start of `bytes`. Returns where the next message starts. */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<Message>): number {
    const held = this.#held;
    for (let at = 0; at < bytes.length; ) {
      const missing = this.#sizeBytes === 0 ? 1 : this.#sizeBytes - held.length;
      const end = Math.min(at + missing, bytes.length);
      held.append(bytes, at, end);
      at = end;
      if (this.#sizeBytes === 0) this.#readHeader(held.view);
      if (this.#sizeBytes === 0 || held.length < this.#sizeBytes) continue;
      this.#finish(held.view.subarray(this.#headerBytes), sink);
      held.clear();
      return at;
    }
    return bytes.length;
  }

  /** Reads the kind and the length at the start of `bytes`, as far as they are there. */
  #readHeader(bytes: Uint8Array): void {
    this.#sizeBytes = 0;
    this.#kind = this.#kindOf(bytes[0] as number);
    const { length: available } = bytes;
    const prefix = bytes.subarray(1, 1 + varintPrefix.maxBytes);
    const length = varintPrefix.read(prefix);
    if (length === undefined) return;
    if (length === "too long") throw this.#refusal("has a length that is not a valid varint");
    this.#checkLength(length);
    let headerBytes = 2;
    while (headerBytes < available && (bytes[headerBytes - 1] as number) >= 0x80) headerBytes++;
    this.#headerBytes = headerBytes;
    this.#sizeBytes = headerBytes + length;
  }

  #kindOf(byte: number): MixedKind {
    const kind = this.#kinds[byte];
    if (kind !== undefined) return kind;
    throw new DecodeError(`message ${this.#messageNumber} begins with ${byte}, which is no kind of message`);
  }

  #checkLength(length: number): void {
    if (length <= this.#maxMessageBytes) return;
    const problem = `has a body of ${length} bytes, over the limit of ${this.#maxMessageBytes}`;
    throw this.#refusal(problem, { code: "maxMessageBytes" });
  }

  #finish(body: Uint8Array, sink: MessageSink<Message>): void {
    const kind = this.#kind as MixedKind;
    this.#bodies = 0;
    this.#memoryBytes = ENVELOPE_BYTES;
    try {
      this.#decodeBody(kind, body);
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause;
      const options = cause.code === undefined ? { cause } : { cause, code: cause.code };
      throw this.#refusal(`is refused: ${cause.message}`, options);
    }
    if (this.#bodies !== 1) throw this.#refusal(`holds ${this.#bodies} messages, and not one`);
    const message = { kind: kind.kind, body: this.#body };
    this.#body = undefined;
    sink.put(message as Message, this.#sizeBytes, this.#memoryBytes);
    this.#messageNumber++;
  }

  #decodeBody(kind: MixedKind, body: Uint8Array): void {
    const { codec } = kind;
    if (codec.decodeWhole !== undefined) {
      codec.decodeWhole(body, this);
      return;
    }
    const decoder = this.#decoders.get(kind) ?? codec.decoder();
    decoder.decode(body, this);
    // A decoder that says that it holds nothing stands between two messages, and serves the next body as well.
    if (decoder.pendingBytes === 0) this.#decoders.set(kind, decoder);
    else decoder.end?.();
    if ((decoder.pendingBytes ?? 0) > 0) throw new DecodeError("its end is missing");
  }

  #refusal(problem: string, options?: ConstructorParameters<typeof DecodeError>[1]): DecodeError {
    const name = JSON.stringify(this.#kind?.kind);
    return new DecodeError(`message ${this.#messageNumber}, ${name}, ${problem}`, options);
  }
}

/** The memory of the object around a body. */
const ENVELOPE_BYTES = 40;
