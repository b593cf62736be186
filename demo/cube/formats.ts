/**
 * The forms of a message between peers, and the codec that decodes all of them at
 * any time and encodes one. A message's first byte tells its form:
 *
 *     F8, F9, FA   a binary record: cube, ping, pong. No text can begin so: the
 *                  bytes F5 to FF are nowhere in UTF-8 (RFC 3629). FE and FF are
 *                  left alone, as UTF-16's byte order mark begins with them.
 *     {            a line that is a JSON object
 *     any other    a line of text, see `wire.ts`
 *
 *     cube   text    cube -7.125 3.5 10
 *            json    {"cube":[-7.125,3.5,10]}
 *            binary  F8, then x, y and z as i16 in thousandths of a unit
 *     ping   text    ping 5                         (pong is alike)
 *            json    {"ping":5}
 *            binary  F9, then the number as f64
 *     error  text    error what was wrong
 *            json    {"error":"what was wrong"}
 *            binary  as text: words have no fixed length, and are for people
 *
 * Binary numbers are little-endian. Thousandths are what the text says too, so
 * all three carry the same position exactly; an i16 holds 32 units of them,
 * three times the world, in half the bytes of an f32, and is never NaN. A ping's
 * fifteen digits are exact in an f64.
 *
 * A line or a record that means nothing is received as `bad`, and the stream goes
 * on. Bytes that say nothing about where the next message begins end it.
 */
import { type Codec, type Decoder, lines, type MessageSink, structs } from "../../src/index.ts";
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
} from "./shared/wire.ts";
import type { Vector } from "./shared/world.ts";

/** Decodes every form, and encodes the chosen one; choosing another counts from the next message on. */
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
    if (this.format === "binary" && message.kind !== "error") return recordOf(message);
    return this.#line.encode(this.format === "json" ? jsonLine(message) : formatLine(message));
  }
}

/** What a position takes in each format, in bytes: by saying it in each. */
export function cubeSizes(position: Vector): Readonly<Record<Format, number>> {
  const sizes = { text: 0, json: 0, binary: 0 };
  for (const codec of RULERS) sizes[codec.format] = codec.encode({ kind: "cube", position }).length;
  return sizes;
}

/** Finds where lines and records begin; what they are is for the library's own decoders. */
class CubeDecoder implements Decoder<Message | Bad> {
  readonly #lines: Decoder<string>;
  readonly #records: Decoder<CubeRecord> = RECORDS.decoder();
  /** The length of the record that has begun. */
  #recordBytes = 0;

  constructor(lineDecoder: Decoder<string>) {
    this.#lines = lineDecoder;
  }

  get pendingBytes(): number {
    return pendingIn(this.#lines) + pendingIn(this.#records);
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message | Bad>): void {
    const lineSink = { put: (text: string, size: number) => sink.put(parseEither(text), size) };
    const recordSink = { put: (record: CubeRecord, size: number) => sink.put(parseRecord(record), size) };
    for (let at = 0; at < bytes.length; ) {
      const isBetween = this.pendingBytes === 0;
      if (isBetween) this.#recordBytes = RECORD_BYTES[(bytes[at] ?? 0) - FIRST_RECORD] ?? 0;
      at =
        this.#recordBytes > 0 ? this.#takeRecord(bytes, at, recordSink) : this.#takeLine(bytes, at, lineSink);
    }
  }

  end(): void {
    this.#records.end?.();
    this.#lines.end?.();
  }

  /** Answers where the next message, or the end of the piece, is. */
  #takeLine(bytes: Uint8Array, at: number, sink: MessageSink<string>): number {
    const newline = bytes.indexOf(NEWLINE, at);
    const end = newline === -1 ? bytes.length : newline + 1;
    this.#lines.decode(bytes.subarray(at, end), sink);
    return end;
  }

  #takeRecord(bytes: Uint8Array, at: number, sink: MessageSink<CubeRecord>): number {
    const held = pendingIn(this.#records);
    const end = Math.min(bytes.length, at + this.#recordBytes - held);
    const piece = bytes.slice(at, end); // a copy, as its first byte is written below
    if (held === 0) piece[0] = (piece[0] ?? 0) - FIRST_RECORD;
    this.#records.decode(piece, sink);
    return end;
  }
}

function pendingIn(decoder: Decoder<unknown>): number {
  return decoder.pendingBytes ?? 0;
}

/** What a peer says that is no words. */
type Figures = Exclude<Message, { kind: "error" }>;
type CubeRecord = Parameters<typeof RECORDS.encode>[0];

function recordOf(message: Figures): Uint8Array {
  const bytes = Uint8Array.from(RECORDS.encode(toRecord(message)));
  bytes[0] = (bytes[0] ?? 0) + FIRST_RECORD;
  return bytes;
}

function toRecord(message: Figures): CubeRecord {
  if (message.kind !== "cube") return message;
  const [x, y, z] = rounded(message.position);
  return { kind: "cube", x: thousandths(x), y: thousandths(y), z: thousandths(z) };
}

function parseRecord(record: CubeRecord): Message | Bad {
  if (record.kind !== "cube") return numberedOf(record.kind, String(record.number));
  const values = [record.x, record.y, record.z].map((value) => value / 1_000);
  return cubeOf(values, values.map(String));
}

function thousandths(units: number): number {
  return Math.round(units * 1_000);
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

/** The records. Each begins with the number of its kind, to which {@link FIRST_RECORD} is added on the wire. */
const RECORDS = structs({
  cube: { x: "i16", y: "i16", z: "i16" },
  ping: { number: "f64" },
  pong: { number: "f64" },
});
/** What each kind takes, that byte included. */
const RECORD_BYTES = [7, 9, 9];
/** A cube's first byte; the other kinds follow it. */
const FIRST_RECORD = 0xf8;
const RULERS = FORMATS.map((format) => new CubeCodec(format));
const NEWLINE = 0x0a;
