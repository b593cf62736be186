/**
 * What a field of a record may be, and the value that it has in a message. Types
 * and their two constructors alone: where the bytes lie is decided in `layout.ts`
 * and `shapes.ts`.
 */
import { type Checks, checkOptions, isWholeNumber } from "../check.ts";

/**
 * A type of fixed size: an unsigned or signed whole number with that many bits, an
 * IEEE 754 number, or a boolean in one byte. `"u64"` and `"i64"` are bigints.
 */
export type FixedType = "u8" | "i8" | "u16" | "i16" | "u32" | "i32" | "u64" | "i64" | "f32" | "f64" | "bool";

/** So many values of one type, without a length on the wire: `["f32", 3]`. 1 to 65,535 of them. */
export type FixedArrayType = readonly [type: FixedType, count: number];

/**
 * Text or bytes behind their length in bytes, a `u8` or a `u16`: at most 255 or
 * 65,535 bytes. Text is strict UTF-8. Received bytes are the game's own.
 */
export type SizedType = "text8" | "text16" | "bytes8" | "bytes16";

/**
 * The type of a field: see {@link FixedType}, {@link FixedArrayType},
 * {@link SizedType}, {@link list} and {@link optional}.
 */
export type FieldType = FixedType | FixedArrayType | SizedType | ListType<unknown> | OptionalType<unknown>;

/** What a {@link list} is of, or what is {@link optional}: a type of a field, or the fields of a record. */
export type ItemType = FieldType | Schema;

/** The fields of a record by name, in their order on the wire. */
export type Schema = { readonly [field: string]: FieldType };

/** The fields of a record of fixed size. */
export type FixedSchema = { readonly [field: string]: FixedType | FixedArrayType };

/** The record that a {@link Schema} describes. A field that is optional may be left out when it is sent. */
export type RecordOf<Fields extends Schema> = Flat<
  { -readonly [Name in keyof Fields as IsOptional<Fields[Name], never, Name>]: ValueOf<Fields[Name]> } & {
    -readonly [Name in keyof Fields as IsOptional<Fields[Name], Name, never>]?: ValueOf<Fields[Name]>;
  }
>;

/** The value of a field of this type in a message. */
export type ValueOf<Type extends FieldType> = Type extends "bool"
  ? boolean
  : Type extends "u64" | "i64"
    ? bigint
    : Type extends FixedType
      ? number
      : Type extends "text8" | "text16"
        ? string
        : Type extends SizedType
          ? Uint8Array
          : Type extends readonly [infer Single extends FixedType, infer Count extends number]
            ? ArrayOf<ValueOf<Single>, Count>
            : Type extends ListType<infer Item>
              ? Item[]
              : Type extends OptionalType<infer Value>
                ? Value | undefined
                : never;

/** The value of an item of a list, or of what is optional. */
export type ItemOf<Item extends ItemType> = Item extends FieldType
  ? ValueOf<Item>
  : Item extends Schema
    ? RecordOf<Item>
    : never;

/** A tuple, where it is short enough to be worth it. */
type ArrayOf<Value, Count extends number> = Count extends keyof Tuples<Value>
  ? Tuples<Value>[Count]
  : Value[];

interface Tuples<Value> {
  1: [Value];
  2: [Value, Value];
  3: [Value, Value, Value];
  4: [Value, Value, Value, Value];
  6: [Value, Value, Value, Value, Value, Value];
  9: [...Tuples<Value>[6], ...Tuples<Value>[3]];
  16: [...Tuples<Value>[9], ...Tuples<Value>[6], Value];
}

type IsOptional<Type, Yes, No> = Type extends OptionalType<unknown> ? Yes : No;

/** The same type with its fields written out. */
export type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/** The type of a field that is a list of such values; made by {@link list}. */
export class ListType<out Value> {
  /** The most items that a list may have. */
  readonly maxItems: number;
  /** The type of its items, for the compiler; there is no such value. */
  declare readonly valueType?: Value;
  readonly #item: ItemType;

  /** @internal */
  constructor(item: ItemType, maxItems: number) {
    this.#item = item;
    this.maxItems = maxItems;
  }

  /** @internal */
  get item(): ItemType {
    return this.#item;
  }
}

/** The type of a field that is such a value or `undefined`; made by {@link optional}. */
export class OptionalType<out Value> {
  /** The type of its value, for the compiler; there is no such value. */
  declare readonly valueType?: Value;
  readonly #value: ItemType;

  /** @internal */
  constructor(value: ItemType) {
    this.#value = value;
  }

  /** @internal */
  get value(): ItemType {
    return this.#value;
  }
}

/** Options of {@link list}. */
export interface ListOptions {
  /** The most items that a list may have, in both directions: 1 to 65,535; 256 by default, a full game's players. */
  readonly maxItems?: number;
}

/**
 * The type of a field that is an array of any length: of records, as in
 * `list({ id: "u16", at: ["f32", 2] }, { maxItems: 64 })`, or of any type of field, as
 * in `list("text8")`. On the wire a `u16` has the number of its items. A peer that
 * sends more than `maxItems` is closed with that as the `code`.
 *
 * @throws TypeError when `maxItems` is no number, or for an unknown option
 * @throws RangeError when `maxItems` is not a whole number from 1 to 65,535
 */
export function list<const Item extends ItemType>(
  item: Item,
  options: ListOptions = {},
): ListType<ItemOf<Item>> {
  checkOptions(options, LIST_CHECKS);
  return new ListType(item, options.maxItems ?? DEFAULT_MAX_ITEMS);
}

/**
 * The type of a field that may be `undefined`: a byte on the wire that is 0, or 1
 * with the value behind it.
 */
export function optional<const Item extends ItemType>(value: Item): OptionalType<ItemOf<Item>> {
  return new OptionalType(value);
}

const LIST_CHECKS: Checks<ListOptions> = { maxItems: isWholeNumber(1, 65_535) };

const DEFAULT_MAX_ITEMS = 256;
