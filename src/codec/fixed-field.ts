/**
 * One field of fixed size: a value or an array of them, at its place in the record.
 * Reads and writes it, and throws for an invalid value. Knows no other fields.
 */
import { kindOf, wholeNumber } from "../check.ts";
import { DecodeError } from "./codec.ts";
import type { FixedType } from "./field-types.ts";
import type { Place } from "./place.ts";

/** One field, with its offset `at` from the start of the record, in bytes. */
export interface FixedField {
  readonly name: string;
  readonly place: Place;
  readonly type: FixedType;
  readonly at: number;
  /** The number of values of an array; `undefined` for a field that is none. */
  readonly count: number | undefined;
}

/** The size of a field on the wire, in bytes. */
export function fixedFieldBytes({ type, count = 1 }: Pick<FixedField, "type" | "count">): number {
  return FIXED_SIZES[type] * count;
}

/** The memory that its value takes, in bytes, with the slot for it. */
export function fixedMemoryBytes({ type, count }: Pick<FixedField, "type" | "count">): number {
  const isBigint = type === "u64" || type === "i64";
  if (count === undefined) return SLOT_BYTES + (isBigint ? BIGINT_BYTES : (BOXED_BYTES[type] ?? 0));
  return SLOT_BYTES + ARRAY_BYTES + count * (SLOT_BYTES + (isBigint ? BIGINT_BYTES : 0));
}

/** @throws DecodeError when it has a value that is never written */
export function readFixed(view: DataView, start: number, field: FixedField, littleEndian: boolean): unknown {
  const { count, place, type } = field;
  if (count === undefined) return readValue(view, start, field, littleEndian);
  const values = new Array<unknown>(count); // with no more room than it needs
  for (let index = 0; index < count; index++) {
    place.index = index;
    values[index] = readValue(view, start + index * FIXED_SIZES[type], field, littleEndian);
  }
  return values;
}

/**
 * @throws TypeError when it is missing or has another type
 * @throws RangeError when it is out of the range of its type, or an array of another length
 */
export function writeFixed(
  view: DataView,
  start: number,
  field: FixedField,
  value: unknown,
  littleEndian: boolean,
): void {
  const { count, place, type } = field;
  if (count === undefined) {
    writeValue(view, start, field, value, littleEndian);
    return;
  }
  place.index = undefined;
  if (!Array.isArray(value)) throw new TypeError(`${place.label}: expected an array, got ${kindOf(value)}`);
  if (value.length !== count)
    throw new RangeError(`${place.label}: expected ${count} items, got ${value.length}`);
  for (let index = 0; index < count; index++) {
    place.index = index;
    writeValue(view, start + index * FIXED_SIZES[type], field, value[index], littleEndian);
  }
}

function readValue(view: DataView, at: number, field: FixedField, littleEndian: boolean): unknown {
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

function writeValue(
  view: DataView,
  at: number,
  field: FixedField,
  value: unknown,
  littleEndian: boolean,
): void {
  switch (field.type) {
    case "f32":
      view.setFloat32(at, finiteNumber(field, value, Math.fround), littleEndian);
      break;
    case "f64":
      view.setFloat64(at, finiteNumber(field, value, Number), littleEndian);
      break;
    case "u8":
      view.setUint8(at, whole(field, value, 0, 0xff));
      break;
    case "i8":
      view.setInt8(at, whole(field, value, -0x80, 0x7f));
      break;
    case "u16":
      view.setUint16(at, whole(field, value, 0, 0xffff), littleEndian);
      break;
    case "i16":
      view.setInt16(at, whole(field, value, -0x8000, 0x7fff), littleEndian);
      break;
    case "u32":
      view.setUint32(at, whole(field, value, 0, 0xffffffff), littleEndian);
      break;
    case "i32":
      view.setInt32(at, whole(field, value, -0x80000000, 0x7fffffff), littleEndian);
      break;
    case "u64":
      view.setBigUint64(at, wholeBigint(field, value, BigInt.asUintN), littleEndian);
      break;
    case "i64":
      view.setBigInt64(at, wholeBigint(field, value, BigInt.asIntN), littleEndian);
      break;
    case "bool":
      if (typeof value !== "boolean")
        throw new TypeError(`${field.place.label}: expected a boolean, got ${kindOf(value)}`);
      view.setUint8(at, value ? 1 : 0);
      break;
  }
}

function finite(value: number, { place }: FixedField): number {
  if (Number.isFinite(value)) return value;
  throw new DecodeError(`${place.path} is ${value}, which is not a finite number`);
}

function boolean(byte: number, { place }: FixedField): boolean {
  if (byte <= 1) return byte === 1;
  throw new DecodeError(`${place.path} is ${byte}, which is neither 0 nor 1`);
}

/** Returns `value` if it is a whole number from `least` to `most`. */
function whole({ place }: FixedField, value: unknown, least: number, most: number): number {
  const isWhole = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return isWhole ? value : wholeNumber(place.label, value, least, most);
}

/** Returns `value` if it is a finite number, also after `rounded` has converted it to the type of the field. */
function finiteNumber({ place }: FixedField, value: unknown, rounded: (value: number) => number): number {
  if (typeof value !== "number")
    throw new TypeError(`${place.label}: expected a number, got ${kindOf(value)}`);
  if (Number.isFinite(rounded(value))) return value;
  throw new RangeError(`${place.label}: expected a finite number within its type, got ${value}`);
}

/** Returns `value` if it is a bigint that `truncate` to 64 bits does not change. */
function wholeBigint(
  { place }: FixedField,
  value: unknown,
  truncate: (bits: number, value: bigint) => bigint,
): bigint {
  if (typeof value !== "bigint")
    throw new TypeError(`${place.label}: expected a bigint, got ${kindOf(value)}`);
  if (truncate(64, value) === value) return value;
  throw new RangeError(`${place.label}: ${value} does not fit in 64 bits`);
}

/** The bytes of each type of fixed size. */
export const FIXED_SIZES: Readonly<Record<FixedType, number>> = {
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
export const SLOT_BYTES = 8;
/** The memory of an array without its slots. */
export const ARRAY_BYTES = 32;
/** The memory of a bigint, which no slot holds. */
const BIGINT_BYTES = 24;
/** The memory of numbers that do not fit in a slot of an object; in an array of numbers all of them do. */
const BOXED_BYTES: { readonly [Type in FixedType]?: number } = { u32: 16, f32: 16, f64: 16 };
