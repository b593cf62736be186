/**
 * The entries of a recording as bytes:
 *
 *     1 byte: kind, and whether it is begun │ of a call, 1 byte: result │ varint: target │ arguments
 *
 * A whole number is a varint (LEB128), a number 8 bytes in little endian (IEEE 754), bytes
 * their length as a varint and themselves, and a value of JSON the same with its text, where
 * no text is `undefined`. The end of a call is its kind, its result, and for a number or an
 * error that as a value of JSON. Knows no block and no file.
 */
import { valueOfJson } from "./json-depth.ts";
import { ARGUMENTS, BEGUN, END, type Entry, isCall, RESULT } from "./log-entry.ts";

/** Bytes that grow at their end. */
export class LogBuffer {
  length = 0;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What is written so far, until more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  at(index: number): number {
    return this.#bytes[index] as number;
  }

  set(index: number, byte: number): void {
    this.#bytes[index] = byte;
  }

  byte(value: number): void {
    this.#roomFor(1);
    this.#bytes[this.length++] = value;
  }

  count(value: number): void {
    this.#roomFor(MAX_VARINT_BYTES);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.length++] = rest;
  }

  number(value: number): void {
    this.#roomFor(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.#roomFor(value.length);
    this.#bytes.set(value, this.length);
    this.length += value.length;
  }

  json(value: unknown): void {
    this.bytes(value === undefined ? NOTHING : UTF8.encode(JSON.stringify(value)));
  }

  /** Takes what is written, and begins anew. */
  take(): Uint8Array {
    const taken = new Uint8Array(this.written);
    this.length = 0;
    return taken;
  }

  #roomFor(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + more));
    larger.set(this.written);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Reads entries one after the other. Their bytes are views of the pieces, which nobody may write to. */
export class LogReader {
  readonly #pieces: readonly Uint8Array[];
  #piece = 0;
  #at = 0;
  #next: Entry | undefined;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  /** Where the next entry begins in its piece. */
  get offset(): number {
    return this.#at;
  }

  /** A reader that begins where this one is. */
  copy(): LogReader {
    const copy = new LogReader(this.#pieces);
    copy.#piece = this.#piece;
    copy.#at = this.#at;
    copy.#next = this.#next;
    return copy;
  }

  /** The next entry, which stays the next; `undefined` at the end. */
  peek(): Entry | undefined {
    return (this.#next ??= this.#read());
  }

  /** Takes the next entry. */
  next(): Entry | undefined {
    const entry = this.peek();
    this.#next = undefined;
    return entry;
  }

  #read(): Entry | undefined {
    let piece = this.#pieces[this.#piece];
    while (piece !== undefined && this.#at >= piece.length) {
      piece = this.#pieces[++this.#piece];
      this.#at = 0;
    }
    if (piece === undefined) return undefined;
    const first = this.#byte(piece);
    const kind = first & ~BEGUN;
    if (kind === END) {
      const result = this.#byte(piece);
      return {
        kind,
        isBegun: false,
        result,
        target: 0,
        args: result < RESULT.threw ? NONE : [this.#json(piece)],
      };
    }
    const result = isCall(kind) ? this.#byte(piece) : RESULT.none;
    const target = this.#count(piece);
    const types = ARGUMENTS[kind];
    const args = types === undefined ? NONE : types.map((type) => this.#argument(piece, type));
    return { kind, isBegun: first >= BEGUN, result, target, args };
  }

  #argument(piece: Uint8Array, type: string): unknown {
    if (type === "count") return this.#count(piece);
    if (type === "number") return this.#number(piece);
    return type === "bytes" ? this.#bytes(piece) : this.#json(piece);
  }

  #byte(piece: Uint8Array): number {
    const byte = piece[this.#at++];
    if (byte === undefined) throw new RangeError("recording: an entry is cut off");
    return byte;
  }

  #count(piece: Uint8Array): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#byte(piece);
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError("recording: a number is too large");
      if (byte < 0x80) return value;
    }
  }

  #number(piece: Uint8Array): number {
    const at = this.#pass(piece, 8);
    return new DataView(piece.buffer, piece.byteOffset, piece.length).getFloat64(at, true);
  }

  #bytes(piece: Uint8Array): Uint8Array {
    const length = this.#count(piece);
    const at = this.#pass(piece, length);
    return piece.subarray(at, at + length);
  }

  /** Passes so many bytes, which have to be there. Returns where they begin. */
  #pass(piece: Uint8Array, sizeBytes: number): number {
    const at = this.#at;
    if (sizeBytes > piece.length - at) throw new RangeError("recording: an entry is cut off");
    this.#at += sizeBytes;
    return at;
  }

  #json(piece: Uint8Array): unknown {
    const text = this.#bytes(piece);
    return text.length === 0 ? undefined : valueOfJson(text);
  }
}

const UTF8 = new TextEncoder();
const NOTHING = new Uint8Array(0);
const NONE: readonly unknown[] = [];
const MAX_VARINT_BYTES = 8;
