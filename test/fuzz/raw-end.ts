/**
 * A foreign program as a player: it sends whole messages in pieces of any length,
 * reads when it likes, and looks at what it receives as strictly as the others.
 */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { decodeWholeBy, encodeWholeBy } from "../../src/codec/codec.ts";
import type { Decoder } from "../../src/index.ts";
import { closeCodes } from "./carriers.ts";
import { type Language, type Message, type Name, nameOf, type Reader } from "./messages.ts";
import { Party, type Reason } from "./party.ts";

/** A player without tickwire. */
export class RawEnd extends Party {
  readonly stream: Duplex;
  readonly lostSent: number = 0;
  readonly lostReceived: number = 0;
  readonly reason: Reason | undefined = undefined;
  /** How many messages it has taken. */
  taken = 0;
  readonly #language: Language;
  /** Whether each write, and each piece that comes, is a whole message. */
  readonly #isWhole: boolean;
  readonly #decoder: Decoder<Message>;
  readonly #reader: Reader;
  readonly #came: Message[] = [];
  readonly #unsent: Uint8Array[] = [];
  #sequence = 0;
  #error: unknown;
  #hasEnded = false;
  #hasClosed = false;

  constructor(number: number, stream: Duplex, language: Language, framing: "stream" | "message" = "stream") {
    super(number, "near");
    this.stream = stream;
    this.#language = language;
    this.#isWhole = framing === "message";
    this.#decoder = language.codec.decoder();
    this.#reader = language.reader();
    stream.on("data", (piece: Uint8Array) => this.#decode(piece));
    stream.on("end", () => {
      this.#hasEnded = true;
    });
    stream.on("error", (error) => {
      this.#error ??= error;
    });
    stream.on("close", () => {
      this.#hasClosed = true;
    });
  }

  get isOpen(): boolean {
    return !this.#hasClosed;
  }

  get isOver(): boolean {
    return this.#hasClosed || this.discards;
  }

  /** Whether the stream has ended as a stream does, after its last byte. */
  get endedCleanly(): boolean {
    if ((closeCodes.get(this.stream) ?? 1000) !== 1000) return false;
    return this.#hasEnded && this.#error === undefined && !this.discards;
  }

  get told(): string {
    return `foreign near ${this.number}${this.#hasEnded ? " ended" : ""}${this.#hasClosed ? " closed" : ""} ${this.#error ?? ""}`;
  }

  /** Writes the next message down, to be sent in pieces. */
  say(): void {
    if (this.ends) return;
    const name = nameOf(this.number, this.#sequence++);
    this.#unsent.push(encoded(this.#language, name, this.#isWhole));
    this.out.push(name);
  }

  /** Sends up to so many of the bytes that wait; where messages travel, whole ones as long as it is not over. */
  write(most: number): void {
    while (most > 0) {
      const first = this.#unsent[0];
      if (first === undefined || !this.stream.writable) return;
      const piece = this.#isWhole ? first : first.slice(0, most);
      most -= piece.length;
      if (piece.length === first.length) this.#unsent.shift();
      else this.#unsent[0] = first.subarray(piece.length);
      this.stream.write(piece);
    }
  }

  /** Sends what waits, and ends its stream. */
  end(): void {
    if (this.ends) return;
    this.write(Infinity);
    this.ends = true;
    this.stream.end();
  }

  /** Is gone, by a reset where there is one. */
  kill(): void {
    this.discards = true;
    this.aborted = true;
    this.ends = true;
    reset(this.stream);
  }

  /** Takes what came. Each message is looked at in the game's turn, where a fault is noticed. */
  takeAll(parties: ReadonlyMap<number, Party>): void {
    this.taken += this.#came.length;
    for (const message of this.#came.splice(0)) {
      for (const name of this.#reader.names(message)) this.receive(name, parties);
    }
  }

  #decode(piece: Uint8Array): void {
    if (this.discards) return;
    // Not a Buffer, as a codec is promised none.
    const plain = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    const sink = { put: (message: Message) => void this.#came.push(message) };
    if (this.#isWhole) decodeWholeBy(this.#language.codec, plain, sink);
    else this.#decoder.decode(plain, sink);
  }
}

/** The bytes of a message, in a stream or as one message of a carrier. */
export function encoded({ codec, messageOf }: Language, name: Name, isWhole: boolean): Uint8Array {
  const message = messageOf(name);
  return new Uint8Array(isWhole ? encodeWholeBy(codec, message) : codec.encode(message));
}

/** Destroys a stream, by a reset where it has one. After its own end, or before it is there, Node loses the descriptor of a reset. */
export function reset(stream: Duplex): void {
  const isPlain =
    stream instanceof Socket && stream.constructor === Socket && stream.remotePort !== undefined;
  if (isPlain && !stream.connecting && !stream.writableEnded) stream.resetAndDestroy();
  else stream.destroy();
}
