/**
 * The ways in which a stream can come to a decoder. What a decoder answers may
 * depend on the bytes alone, never on how the network cut them.
 *
 * Every piece is lent: it lies in the middle of a larger buffer, and is
 * overwritten as soon as `decode` has returned.
 */
import { describe, expect, test } from "vitest";
import { type Codec, DecodeError, type Decoder, type MessageSink } from "../../src/codec/codec.ts";

/** One row of a decode table: these bytes give these messages. */
export interface DecodeCase<In> {
  /** A sentence about behaviour. */
  readonly title: string;
  readonly codec: Codec<In, never>;
  readonly stream: Uint8Array | string;
  readonly messages: readonly In[];
  /** The sentence with which the stream is refused, when it is. */
  readonly error?: string;
  /** The name of the limit that was exceeded, when it is refused for that. */
  readonly code?: string;
  /** The sentence with which the end of the stream is refused, when it ends inside a message. */
  readonly endError?: string;
}

/** A message that begins in the piece that ends the case's stream, and is completed later. */
export interface Tail<In> {
  readonly stream: Uint8Array | string;
  readonly message: In;
}

/** Tests every row three ways: whole, byte by byte, and with a tail that must survive. */
export function testDecodeTable<In>(rows: readonly DecodeCase<In>[], tail: Tail<In>): void {
  for (const row of rows) {
    const stream = streamOf(row.stream);
    describe(row.title, () => {
      test("when it comes whole", () => expectRow(row, [stream]));
      test("when it comes byte by byte", () => expectRow(row, cut(stream, [1])));
      if (row.endError !== undefined) return; // what comes would complete it
      test("when it comes with the beginning of another message", () => expectTail(row, tail));
    });
  }
}

function expectRow<In>(row: DecodeCase<In>, pieces: Iterable<Uint8Array>): void {
  const receiver = new Receiver(row.codec);
  receiver.takeAll(pieces);
  expect(receiver.messages).toEqual(row.messages);
  expect(receiver.error).toBe(row.error);
  expect(receiver.code, "a limit that was exceeded is named").toBe(row.code);
  receiver.end();
  expect(receiver.error).toBe(row.error ?? row.endError);
  const isWhole = row.error === undefined && row.endError === undefined;
  if (isWhole) expect(receiver.filedBytes, "the sizes add up").toBe(streamOf(row.stream).length);
}

/** Wherever the tail is cut: what came before it is there at once, and the tail once it is whole. */
function expectTail<In>(row: DecodeCase<In>, tail: Tail<In>): void {
  const tailStream = streamOf(tail.stream);
  for (let at = 1; at < tailStream.length; at++) {
    const receiver = new Receiver(row.codec);
    receiver.take(join([streamOf(row.stream), tailStream.subarray(0, at)]));
    expect(receiver.messages).toEqual(row.messages);
    expect(receiver.error).toBe(row.error);
    receiver.take(tailStream.subarray(at));
    receiver.end();
    const tailMessages = row.error === undefined ? [tail.message] : [];
    expect(receiver.messages).toEqual([...row.messages, ...tailMessages]);
    expect(receiver.error).toBe(row.error);
  }
}

/** Stands where a connection does: lends bytes to one decoder, and notes what comes out. */
export class Receiver<In> implements MessageSink<In> {
  readonly messages: In[] = [];
  /** The sentence of the `DecodeError`, once there was one. Anything else that is thrown goes through. */
  error: string | undefined;
  /** The limit that it named, if it named one. */
  code: string | undefined;
  /** What the messages say they took of the stream. */
  filedBytes = 0;
  /** The most bytes that were taken in and not handed out between two pieces: what must be held. */
  peakHeldBytes = 0;
  readonly #decoder: Decoder<In>;
  #takenBytes = 0;

  constructor(codec: Codec<In, never>) {
    this.#decoder = codec.decoder();
  }

  put(message: In, sizeBytes: number): void {
    this.messages.push(message);
    this.filedBytes += sizeBytes;
  }

  /** Lends one piece. After a bad one nothing more is taken, as on a connection. */
  take(piece: Uint8Array): void {
    if (this.error !== undefined) return;
    const lent = new Uint8Array(piece.length + 2 * MARGIN_BYTES).fill(POISON);
    const view = lent.subarray(MARGIN_BYTES, MARGIN_BYTES + piece.length);
    view.set(piece);
    this.#guard(() => this.#decoder.decode(view, this));
    lent.fill(POISON);
    if (this.error !== undefined) return;
    this.#takenBytes += piece.length;
    this.peakHeldBytes = Math.max(this.peakHeldBytes, this.unfinishedBytes);
  }

  takeAll(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.take(piece);
  }

  /** What was taken in and not handed out. */
  get unfinishedBytes(): number {
    return this.#takenBytes - this.filedBytes;
  }

  /** What the decoder says of the same; `undefined` when it does not say. */
  get pendingBytes(): number | undefined {
    return this.#decoder.pendingBytes;
  }

  end(): void {
    if (this.error === undefined) this.#guard(() => this.#decoder.end?.());
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.error = error.message;
      this.code = error.code;
    }
  }
}

/** Cuts `stream` into pieces of these lengths, round and round until all of it is cut. */
export function* cut(stream: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (let index = 0; at < stream.length; index++) {
    const length = lengths[index % lengths.length] ?? stream.length;
    yield stream.subarray(at, at + length);
    at += length;
  }
}

/** Every way to cut `stream` into pieces that are not empty: two to the power of its length less one. */
export function* everyCut(stream: Uint8Array): Generator<Uint8Array[]> {
  for (let borders = 0; borders < 2 ** (stream.length - 1); borders++) {
    const pieces: Uint8Array[] = [];
    let start = 0;
    for (let at = 1; at <= stream.length; at++) {
      const isBorder = at === stream.length || (borders & (1 << (at - 1))) !== 0;
      if (isBorder) pieces.push(stream.subarray(start, (start = at)));
    }
    yield pieces;
  }
}

/** The bytes of all `messages`, one behind the other. Each is copied before the next is encoded. */
export function encodeAll<Out>(codec: Codec<unknown, Out>, messages: readonly Out[]): Uint8Array {
  return join(messages.map((message) => new Uint8Array(codec.encode(message))));
}

/** A string as its UTF-8. */
export function streamOf(stream: Uint8Array | string): Uint8Array {
  return typeof stream === "string" ? new TextEncoder().encode(stream) : stream;
}

/** Bytes written as numbers. */
export function octets(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** What lies around a lent piece, so that a decoder that looks past its ends is seen. */
const MARGIN_BYTES = 8;
/** No letter, no UTF-8, no line break. */
const POISON = 0xfe;
