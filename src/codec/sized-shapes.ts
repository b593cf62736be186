/**
 * Text and bytes behind their length, as fields of a record.
 */
import { kindOf } from "../check.ts";
import { memoryBytesOf } from "./byte-message.ts";
import { DecodeError } from "./codec.ts";
import type { Place } from "./place.ts";
import type { RecordReading, RecordWriting } from "./record-cursor.ts";
import type { Step } from "./record-scanner.ts";
import type { Shape } from "./shape.ts";

/** Strict UTF-8 behind its length in bytes. */
export class TextShape implements Shape {
  readonly minBytes: 1 | 2;
  readonly #place: Place;

  constructor(place: Place, prefixBytes: 1 | 2) {
    this.#place = place;
    this.minBytes = prefixBytes;
  }

  addSteps(steps: Step[]): void {
    steps.push({ does: "sized", prefixBytes: this.minBytes });
  }

  read(from: RecordReading): string {
    const count = from.takeCount(this.minBytes);
    const short = count <= SHORT_BYTES ? shortAscii(from.view, from.at, count) : undefined;
    if (short !== undefined) {
      from.at += count;
      from.memoryBytes += TEXT_BYTES + count;
      return short;
    }
    const bytes = from.takeBytes(count);
    try {
      const text = utf8Decoder.decode(bytes);
      from.memoryBytes += TEXT_BYTES + (text.length === bytes.length ? text.length : 2 * text.length);
      return text;
    } catch (cause) {
      throw new DecodeError(`${this.#place.path} is not valid UTF-8`, { cause });
    }
  }

  write(to: RecordWriting, value: unknown): void {
    if (typeof value !== "string")
      throw new TypeError(`${this.#place.label}: expected a string, got ${kindOf(value)}`);
    if (!value.isWellFormed())
      throw new RangeError(`${this.#place.label}: text cannot contain half of a surrogate pair`);
    const most = mostBytesOf(this.minBytes);
    // Every UTF-16 unit takes at least one byte, so text that is far too long never grows the buffer.
    if (value.length > most) throw tooLong(this.#place, value.length, most);
    to.reserve(this.minBytes + MAX_UTF8_PER_UNIT * value.length);
    const { written } = utf8Encoder.encodeInto(value, to.bytes.subarray(to.at + this.minBytes));
    if (written > most) throw tooLong(this.#place, written, most);
    to.putCount(this.minBytes, written);
    to.advance(written);
  }
}

/** Bytes behind their length; received ones are a copy. */
export class BytesShape implements Shape {
  readonly minBytes: 1 | 2;
  readonly #place: Place;

  constructor(place: Place, prefixBytes: 1 | 2) {
    this.#place = place;
    this.minBytes = prefixBytes;
  }

  addSteps(steps: Step[]): void {
    steps.push({ does: "sized", prefixBytes: this.minBytes });
  }

  read(from: RecordReading): Uint8Array {
    const bytes = new Uint8Array(from.takeBytes(from.takeCount(this.minBytes)));
    from.memoryBytes += memoryBytesOf(bytes);
    return bytes;
  }

  write(to: RecordWriting, value: unknown): void {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`${this.#place.label}: expected a Uint8Array, got ${kindOf(value)}`);
    const { length } = value;
    const most = mostBytesOf(this.minBytes);
    if (length > most) throw tooLong(this.#place, length, most);
    to.putCount(this.minBytes, length);
    to.reserve(length);
    to.bytes.set(value, to.at);
    to.advance(length);
  }
}

/** The text of a few bytes if each is one character; otherwise `undefined`. A record with such a name takes two thirds of the time. */
function shortAscii(view: DataView, at: number, count: number): string | undefined {
  let text = "";
  for (let index = 0; index < count; index++) {
    const byte = view.getUint8(at + index);
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

function mostBytesOf(prefixBytes: 1 | 2): number {
  return 2 ** (8 * prefixBytes) - 1;
}

function tooLong({ label }: Place, bytes: number, most: number): RangeError {
  return new RangeError(`${label}: ${bytes} bytes or more are over the ${most} of its type`);
}

/** A UTF-16 unit takes at most three bytes of UTF-8; a surrogate pair takes four. */
const MAX_UTF8_PER_UNIT = 3;
/** V8 copies letters into a string up to here, and makes a chain of longer ones. */
const SHORT_BYTES = 12;
/** The memory of a string without its letters. */
const TEXT_BYTES = 24;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
