/**
 * Checks of a schema, and which one has records of fixed size. A wrong schema is the
 * caller's mistake and throws with the path to the field.
 */
import { kindOf, wholeNumber } from "../check.ts";
import { type FieldType, type FixedSchema, ListType, OptionalType, type Schema } from "./field-types.ts";
import { FIXED_SIZES } from "./fixed-field.ts";

/**
 * Checks the fields of a record, and those of records in them.
 *
 * @throws TypeError when it is no schema, a type is unknown, or a field or kind has a name that is not allowed
 * @throws RangeError when an array has a length that it cannot have, or a record in it no fields
 */
export function checkSchema(name: string, schema: unknown, hasKind: boolean): asserts schema is Schema {
  if (!isRecord(schema)) throw new TypeError(`${name}: expected an object, got ${kindOf(schema)}`);
  for (const [field, type] of Object.entries(schema)) {
    checkFieldName(name, field, hasKind);
    checkType(`${name}.${field}`, type);
  }
}

function checkFieldName(name: string, field: string, hasKind: boolean): void {
  if (/^\d+$/.test(field)) {
    throw new TypeError(
      `${name}.${field}: a name cannot be a number, as JavaScript would sort it before the others`,
    );
  }
  if (field === "__proto__" || (hasKind && field === "kind")) {
    throw new TypeError(`${name}.${field}: a field cannot have this name`);
  }
}

/** Whether all records of the schema have the same size. */
export function isFixed(schema: Schema): schema is FixedSchema {
  return Object.values(schema).every(
    (type) => Array.isArray(type) || Object.hasOwn(FIXED_SIZES, type as string),
  );
}

/** The number of values of an array; `undefined` for a type that is none. */
export function countOf(type: FieldType): number | undefined {
  return isArrayType(type) ? type[1] : undefined;
}

/** Whether `type` is an array of fixed length. */
export function isArrayType(type: unknown): type is readonly [keyof typeof FIXED_SIZES, number] {
  return Array.isArray(type);
}

/** Whether a type is a record of its own. */
export function isRecord(type: unknown): type is Schema {
  if (typeof type !== "object" || type === null || Array.isArray(type)) return false;
  return !(type instanceof ListType || type instanceof OptionalType);
}

function checkType(name: string, type: unknown): void {
  if (type instanceof ListType) {
    checkItem(`${name}[]`, type.item);
  } else if (type instanceof OptionalType) {
    if (type.value instanceof OptionalType) throw new TypeError(`${name}: it is optional already`);
    checkItem(name, type.value);
  } else if (isArrayType(type)) {
    if (type.length !== 2)
      throw new TypeError(`${name}: expected a type and a number of values, got ${type.length} items`);
    if (!Object.hasOwn(FIXED_SIZES, type[0])) throw unknownType(`${name}[0]`, type[0], FIXED_TYPES);
    wholeNumber(`${name}[1]`, type[1], 1, MOST_VALUES);
  } else if (typeof type !== "string" || !TYPES.includes(type)) {
    throw unknownType(name, type, TYPES);
  }
}

/** The same for what is in a list or optional: a record, too. */
function checkItem(name: string, item: unknown): void {
  if (!isRecord(item)) {
    checkType(name, item);
    return;
  }
  checkSchema(name, item, false);
  if (Object.keys(item).length === 0) throw new RangeError(`${name}: a record needs at least one field`);
}

function unknownType(name: string, type: unknown, known: readonly string[]): TypeError {
  const got = typeof type === "string" ? JSON.stringify(type) : kindOf(type);
  return new TypeError(`${name}: expected one of ${known.join(", ")}; got ${got}`);
}

const FIXED_TYPES = Object.keys(FIXED_SIZES);
const TYPES = [...FIXED_TYPES, "text8", "text16", "bytes8", "bytes16"];
/** As many as a list may have items. */
const MOST_VALUES = 65_535;
