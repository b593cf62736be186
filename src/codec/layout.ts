/**
 * The layout of one kind of record: its fields in order, without gaps. Reads and
 * writes a record at an offset, and throws for an invalid value. The caller has
 * checked that there are enough bytes: `struct.ts` decides where records begin.
 *
 * Plain loops over the fields, which run everywhere. `compiled-layout.ts` does
 * the same faster where it may.
 */
import { kindOf, wholeNumber } from "../check.ts";
import { DecodeError } from "./codec.ts";

/**
 * The type of a field: an unsigned or signed whole number with that many bits, an
 * IEEE 754 number, or a boolean in one byte. `"u64"` and `"i64"` are bigints.
 */
export type FieldType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f32" | "f64" | "bool";

/** The fields of a record by name, in their order on the wire. */
export type Schema = { readonly [field: string]: FieldType };

/** The record that a {@link Schema} describes. */
export type RecordOf<Fields extends Schema> = { -readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

type ValueOf<Type extends FieldType> = Type extends "bool"
  ? boolean
  : Type extends "u64" | "i64"
    ? bigint
    : number;

/** The options of a layout. */
interface LayoutOptions {
  readonly littleEndian: boolean;
  /** The kind of the record: one byte before its fields, and the value of a field `kind`. */
  readonly tag?: { readonly byte: number; readonly kind: string };
}

/** Reads and writes one kind of record. */
export interface RecordLayout {
  readonly sizeBytes: number;
  /** The memory that the fields of a record that was read take, in bytes. */
  readonly memoryBytes: number;
  /**
   * Reads the record at `start`, in bytes of the view's buffer.
   *
   * @throws DecodeError when it has a value that {@link write} never writes
   */
  read(view: DataView, start: number): Record<string, unknown>;
  /**
   * Returns `end` when all records from `start` to `end` are valid; otherwise the
   * start of the first one on which {@link read} would throw.
   */
  firstInvalid(view: DataView, start: number, end: number): number;
  /** Like {@link read}, for a record in which {@link firstInvalid} found nothing. */
  readUnchecked(view: DataView, start: number): Record<string, unknown>;
  /**
   * Writes `message` at the beginning of `view`.
   *
   * @throws TypeError when a field is missing or has another type
   * @throws RangeError when the value of a field is out of the range of its type
   */
  write(view: DataView, message: Readonly<Record<string, unknown>>): void;
}

/** The layout of one kind of record. */
export class Layout implements RecordLayout {
  readonly sizeBytes: number;
  readonly memoryBytes: number;
  readonly tagByte: number | undefined;
  /** The value of the field `kind`, if there is a tag. */
  readonly kind: string | undefined;
  readonly littleEndian: boolean;
  readonly fields: readonly Field[];
  /** Cloned for each record, so that all have the same hidden class, whatever their values. */
  readonly #blank: Record<string, unknown>;

  /** @throws TypeError when a field has an unknown type, or a name that is not allowed */
  constructor(schema: Schema, { littleEndian, tag }: LayoutOptions) {
    const fields: Field[] = [];
    let at = tag === undefined ? 0 : 1;
    let memoryBytes = at * SLOT_BYTES;
    for (const [name, type] of Object.entries(schema)) {
      checkField(name, type, tag !== undefined);
      fields.push({ name, label: `message.${name}`, type, at });
      at += SIZES[type];
      memoryBytes += SLOT_BYTES + (BOXED_BYTES[type] ?? 0);
    }
    this.sizeBytes = at;
    this.memoryBytes = memoryBytes;
    this.tagByte = tag?.byte;
    this.kind = tag?.kind;
    this.littleEndian = littleEndian;
    this.fields = fields;
    this.#blank = tag === undefined ? {} : { kind: tag.kind };
    for (const { name } of fields) this.#blank[name] = undefined;
  }

  read(view: DataView, start: number): Record<string, unknown> {
    const record = { ...this.#blank };
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as Field;
      record[field.name] = readField(view, start + field.at, field, this.littleEndian);
    }
    return record;
  }

  readUnchecked(view: DataView, start: number): Record<string, unknown> {
    return this.read(view, start);
  }

  firstInvalid(view: DataView, start: number, end: number): number {
    for (let at = start; at < end; at += this.sizeBytes) {
      try {
        this.read(view, at);
      } catch {
        return at;
      }
    }
    return end;
  }

  write(view: DataView, message: Readonly<Record<string, unknown>>): void {
    if (this.tagByte !== undefined) view.setUint8(0, this.tagByte);
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as Field;
      writeField(view, field, message[field.name], this.littleEndian);
    }
  }
}

/** One field, with its offset `at` from the start of the record, in bytes. */
export interface Field {
  readonly name: string;
  /** Its name in error messages. */
  readonly label: string;
  readonly type: FieldType;
  readonly at: number;
}

function checkField(name: string, type: FieldType, hasKind: boolean): void {
  if (!Object.hasOwn(SIZES, type)) {
    const known = Object.keys(SIZES).join(", ");
    throw new TypeError(
      `schema.${name}: expected one of ${known}; got ${typeof type === "string" ? JSON.stringify(type) : kindOf(type)}`,
    );
  }
  if (/^\d+$/.test(name)) {
    throw new TypeError(
      `schema.${name}: a name cannot be a number, as JavaScript would sort it before the others`,
    );
  }
  if (name === "__proto__" || (hasKind && name === "kind")) {
    throw new TypeError(`schema.${name}: a field cannot have this name`);
  }
}

function readField(view: DataView, at: number, field: Field, littleEndian: boolean): unknown {
  switch (field.type) {
    case "f32":
      return finite(view.getFloat32(at, littleEndian), field);
    case "f64":
      return finite(view.getFloat64(at, littleEndian), field);
    case "u8":
      return view.getUint8(at);
    case "i8":
      return view.getInt8(at);
    case "u16":
      return view.getUint16(at, littleEndian);
    case "i16":
      return view.getInt16(at, littleEndian);
    case "u32":
      return view.getUint32(at, littleEndian);
    case "i32":
      return view.getInt32(at, littleEndian);
    case "u64":
      return view.getBigUint64(at, littleEndian);
    case "i64":
      return view.getBigInt64(at, littleEndian);
    case "bool":
      return boolean(view.getUint8(at), field);
  }
}

function writeField(view: DataView, { type, at, label }: Field, value: unknown, littleEndian: boolean): void {
  switch (type) {
    case "f32":
      view.setFloat32(at, finiteNumber(label, value, Math.fround), littleEndian);
      break;
    case "f64":
      view.setFloat64(at, finiteNumber(label, value, Number), littleEndian);
      break;
    case "u8":
      view.setUint8(at, wholeNumber(label, value, 0, 0xff));
      break;
    case "i8":
      view.setInt8(at, wholeNumber(label, value, -0x80, 0x7f));
      break;
    case "u16":
      view.setUint16(at, wholeNumber(label, value, 0, 0xffff), littleEndian);
      break;
    case "i16":
      view.setInt16(at, wholeNumber(label, value, -0x8000, 0x7fff), littleEndian);
      break;
    case "u32":
      view.setUint32(at, wholeNumber(label, value, 0, 0xffffffff), littleEndian);
      break;
    case "i32":
      view.setInt32(at, wholeNumber(label, value, -0x80000000, 0x7fffffff), littleEndian);
      break;
    case "u64":
      view.setBigUint64(at, wholeBigint(label, value, BigInt.asUintN), littleEndian);
      break;
    case "i64":
      view.setBigInt64(at, wholeBigint(label, value, BigInt.asIntN), littleEndian);
      break;
    case "bool":
      if (typeof value !== "boolean")
        throw new TypeError(`${label}: expected a boolean, got ${kindOf(value)}`);
      view.setUint8(at, value ? 1 : 0);
      break;
  }
}

function finite(value: number, { name }: Field): number {
  if (Number.isFinite(value)) return value;
  throw new DecodeError(`${name} is ${value}, which is not a finite number`);
}

function boolean(byte: number, { name }: Field): boolean {
  if (byte <= 1) return byte === 1;
  throw new DecodeError(`${name} is ${byte}, which is neither 0 nor 1`);
}

/** Returns `value` if it is a finite number, also after `rounded` has converted it to the type of the field. */
function finiteNumber(label: string, value: unknown, rounded: (value: number) => number): number {
  if (typeof value !== "number") throw new TypeError(`${label}: expected a number, got ${kindOf(value)}`);
  if (Number.isFinite(rounded(value))) return value;
  throw new RangeError(`${label}: expected a finite number within its type, got ${value}`);
}

/** Returns `value` if it is a bigint that `truncate` to 64 bits does not change. */
function wholeBigint(
  label: string,
  value: unknown,
  truncate: (bits: number, value: bigint) => bigint,
): bigint {
  if (typeof value !== "bigint") throw new TypeError(`${label}: expected a bigint, got ${kindOf(value)}`);
  if (truncate(64, value) === value) return value;
  throw new RangeError(`${label}: ${value} does not fit in 64 bits`);
}

const SIZES: Readonly<Record<FieldType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
  bool: 1,
};

/** The memory of a field in an object. */
const SLOT_BYTES = 8;
/** The memory of values that do not fit in it. */
const BOXED_BYTES: { readonly [Type in FieldType]?: number } = {
  u32: 16,
  f32: 16,
  f64: 16,
  u64: 24,
  i64: 24,
};
