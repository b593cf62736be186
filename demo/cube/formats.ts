/**
 * The forms of a message between peers, and the codec that hears all of them at
 * any time and says one. A message's first byte tells its form:
 *
 *     F8, F9, FA   a binary record: cube, ping, pong. No text can begin so: the
 *                  bytes F5 to FF are nowhere in UTF-8 (RFC 3629). FE and FF are
 *                  left alone, as UTF-16's byte order mark begins with them.
 *     {            a line that is a JSON object
 *     any other    a line of text, see `wire.ts`
 *
 *     cube   text    cube -7.125 3.5 10
 *            json    {"cube":[-7.125,3.5,10]}
 *            binary  F8, then x, y and z as int16 in thousandths of a unit
 *     ping   text    ping 5                         (pong is alike)
 *            json    {"ping":5}
 *            binary  F9, then the number as uint64
 *     error  text    error what was wrong
 *            json    {"error":"what was wrong"}
 *            binary  as text: words have no fixed length, and are for people
 *
 * Binary numbers are big-endian. Thousandths are what the text says too, so all
 * three carry the same position exactly; an int16 holds 32 units of them, three
 * times the world, in half the bytes of a float32, and is never NaN.
 *
 * A line or a record that means nothing is heard as `bad`, and the stream goes
 * on. Bytes that say nothing about where the next message begins end it.
 */
import { type Codec, DecodeError, type Decoder, lines, type MessageSink } from "../../src/index.ts";
import {
  type Bad,
  bad,
  cubeOf,
  FORMATS,
  type Format,
  formatLine,
  LONGEST_ERROR,
  type Message,
  numberedOf,
  parseLine,
  printable,
  quoted,
  rounded,
} from "./wire.ts";
import type { Vector } from "./world.ts";

/** Hears every form, and says the one that is chosen; choosing another counts from the next message on. */
export class CubeCodec implements Codec<Message | Bad, Message> {
  format: Format;
  readonly #line: Codec<string> = lines();

  constructor(format: Format = "text") {
    this.format = format;
  }

  decoder(): Decoder<Message | Bad> {
    return new CubeDecoder(this.#line.decoder());
  }

  encode(message: Message): Uint8Array {
    if (this.format === "binary" && message.kind !== "error") return record(message);
    return this.#line.encode(this.format === "json" ? jsonLine(message) : formatLine(message));
  }
}

/** What a position takes in each format, in bytes: by saying it in each. */
export function cubeSizes(position: Vector): Readonly<Record<Format, number>> {
  const sizes = { text: 0, json: 0, binary: 0 };
  for (const codec of RULERS) sizes[codec.format] = codec.encode({ kind: "cube", position }).length;
  return sizes;
}

/** Cuts the stream into lines and records. Lines are cut by the library's own decoder. */
class CubeDecoder implements Decoder<Message | Bad> {
  readonly #lines: Decoder<string>;
  #isInLine = false;
  /** A record, as much of it as has come. */
  readonly #record: Uint8Array = new Uint8Array(LONGEST_RECORD);
  #recordBytes = 0;

  constructor(lineDecoder: Decoder<string>) {
    this.#lines = lineDecoder;
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message | Bad>): void {
    const lineSink = { put: (text: string, size: number) => sink.put(parseEither(text), size) };
    for (let at = 0; at < bytes.length; ) {
      const isRecord = this.#recordBytes > 0 || (!this.#isInLine && isRecordKind(bytes[at]));
      at = isRecord ? this.#takeRecord(bytes, at, sink) : this.#takeLine(bytes, at, lineSink);
    }
  }

  end(): void {
    if (this.#recordBytes > 0) throw new DecodeError("the stream ended inside a binary record");
    this.#lines.end?.();
  }

  /** Answers where the next message, or the end of the piece, is. */
  #takeLine(bytes: Uint8Array, at: number, sink: MessageSink<string>): number {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    this.#isInLine = newline === -1;
    this.#lines.decode(bytes.subarray(at, end), sink);
    return end;
  }

  #takeRecord(bytes: Uint8Array, at: number, sink: MessageSink<Message | Bad>): number {
    const kind = this.#recordBytes > 0 ? this.#record[0] : bytes[at];
    const length = kind === CUBE ? CUBE_BYTES : NUMBERED_BYTES;
    const end = Math.min(bytes.length, at + length - this.#recordBytes);
    this.#record.set(bytes.subarray(at, end), this.#recordBytes);
    this.#recordBytes += end - at;
    if (this.#recordBytes === length) {
      sink.put(parseRecord(new DataView(this.#record.buffer)), length);
      this.#recordBytes = 0;
    }
    return end;
  }
}

function record(message: Exclude<Message, { kind: "error" }>): Uint8Array {
  if (message.kind === "cube") {
    const view = new DataView(new ArrayBuffer(CUBE_BYTES));
    view.setUint8(0, CUBE);
    for (const [axis, value] of rounded(message.position).entries()) {
      view.setInt16(1 + 2 * axis, Math.round(value * 1_000));
    }
    return new Uint8Array(view.buffer);
  }
  const view = new DataView(new ArrayBuffer(NUMBERED_BYTES));
  view.setUint8(0, message.kind === "ping" ? PING : PONG);
  view.setBigUint64(1, BigInt(message.number));
  return new Uint8Array(view.buffer);
}

function parseRecord(view: DataView): Message | Bad {
  const kind = view.getUint8(0);
  if (kind !== CUBE) return numberedOf(kind === PING ? "ping" : "pong", String(view.getBigUint64(1)));
  const values = [1, 3, 5].map((at) => view.getInt16(at) / 1_000);
  return cubeOf(values, values.map(String));
}

function parseEither(text: string): Message | Bad {
  return text.startsWith("{") ? parseJson(text) : parseLine(text);
}

function jsonLine(message: Message): string {
  switch (message.kind) {
    case "cube":
      return JSON.stringify({ cube: rounded(message.position) });
    case "ping":
    case "pong":
      return JSON.stringify({ [message.kind]: message.number });
    case "error":
      return JSON.stringify({ error: message.message });
  }
}

function parseJson(text: string): Message | Bad {
  let fields: [string, unknown][];
  try {
    fields = Object.entries(JSON.parse(text) as object); // it begins with "{", so it is an object
  } catch {
    return bad(`not JSON: ${quoted(text)}`);
  }
  const [[name, value] = ["", undefined], ...others] = fields;
  if (others.length > 0) return bad(`expected an object with one key, got ${fields.length}`);
  switch (name) {
    case "cube":
      return parseJsonCube(value);
    case "ping":
    case "pong":
      return numberedOf(name, written(value));
    case "error":
      if (typeof value === "string") return { kind: "error", message: printable(value, LONGEST_ERROR) };
      return bad(`error: expected text, got ${quoted(written(value))}`);
    default:
      return bad(`unknown key ${quoted(name)}; expected cube, ping or pong`);
  }
}

function parseJsonCube(value: unknown): Message | Bad {
  if (!Array.isArray(value)) return bad(`cube: expected 3 numbers, got ${quoted(written(value))}`);
  const values = value.map((part: unknown) => (typeof part === "number" ? part : Number.NaN));
  return cubeOf(values, value.map(written));
}

/** A JSON value as a complaint shows it. Not by `JSON.stringify`: how deep it is, is the peer's choice. */
function written(value: unknown): string {
  if (Array.isArray(value)) return "[...]";
  if (typeof value === "object" && value !== null) return "{...}";
  return typeof value === "string" ? `'${value}'` : String(value);
}

function isRecordKind(byte: number | undefined): boolean {
  return byte === CUBE || byte === PING || byte === PONG;
}

const RULERS = FORMATS.map((format) => new CubeCodec(format));
const NEWLINE = 0x0a;
const CUBE = 0xf8;
const PING = 0xf9;
const PONG = 0xfa;
const CUBE_BYTES = 7;
const NUMBERED_BYTES = 9;
const LONGEST_RECORD = NUMBERED_BYTES;
