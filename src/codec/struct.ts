/**
 * Records of a fixed size in binary form, for frequent messages such as
 * positions. All records are of one kind, or each has a byte in front that gives
 * its kind. This file decides what a codec of records is made of; where a record
 * begins and ends is decided in `record-decoder.ts`, where its fields are in
 * `layout.ts`.
 */
import { type Checks, checkOptions, isFunction, isOneOf, kindOf } from "../check.ts";
import type { Codec } from "./codec.ts";
import { escaped } from "./escaped.ts";
import { Layout, type RecordOf, type Schema } from "./layout.ts";
import { RecordEncoder, type RecordKinds, recordDecoder } from "./record-decoder.ts";

/** Options of {@link struct} and {@link structs}. */
export interface StructOptions<Message> {
  /**
   * The byte order. `"little"` by default, the order of nearly all machines, so
   * that a program in another language can read a record in place. `"big"` is
   * network order.
   */
  readonly endian?: "little" | "big";
  /**
   * Returns whether a record is valid for the game. If it returns `false` or
   * throws, the connection closes with `protocol`. The types of the fields are
   * checked before it is called.
   */
  readonly guard?: (message: Message) => boolean;
}

/** The schemas of the kinds of records on one connection, by name. */
export type Kinds = { readonly [kind: string]: Schema };

/** One of the records that {@link Kinds} describe; its field `kind` has the name. */
export type AnyRecordOf<All extends Kinds> = {
  [Kind in keyof All & string]: Flat<{ kind: Kind } & RecordOf<All[Kind]>>;
}[keyof All & string];

type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/**
 * A codec whose messages are records of one kind: plain objects with the fields
 * of `schema`, packed in its order without gaps. Other fields of a message are
 * not sent.
 *
 * Numbers are finite: NaN and the infinities are refused in both directions, as
 * they spoil every result that is computed from them. An `f32` keeps about seven
 * digits of a number.
 *
 * The connection closes with `protocol` if the peer sends a number that is not
 * finite or a `bool` that is neither 0 nor 1, or ends its stream inside a record.
 *
 * `encode` throws a `TypeError` for a field that is missing or has another type,
 * and a `RangeError` for a number that is out of the range of its type.
 *
 * In Node the schema is compiled to code at run time. In a page, and where
 * generated code is forbidden, plain loops do the same.
 *
 * @throws TypeError when a field has an unknown type or a name that is not allowed, or for an option that is unknown or of another kind
 * @throws RangeError when the schema has no fields
 */
export function struct<const Fields extends Schema>(
  schema: Fields,
  options: StructOptions<RecordOf<Fields>> = {},
): Codec<RecordOf<Fields>> {
  checkOptions(options, CHECKS);
  checkObject("schema", schema);
  const record = new RecordEncoder(new Layout(schema, { littleEndian: isLittleEndian(options) }));
  if (record.layout.sizeBytes === 0) throw new RangeError("schema: a record needs at least one field");
  return recordCodec({ ofMessage: () => record, ofByte: () => record, only: record }, options);
}

/**
 * A codec whose messages are records of several kinds, which their field `kind`
 * distinguishes. On the wire the kind is one byte before the record: its index in
 * the order of `kinds`, from 0. A kind may have no fields. Otherwise it is like
 * {@link struct}; a byte that is no kind closes the connection with `protocol`.
 *
 * @throws TypeError when a kind has a name that is not allowed, and as {@link struct} does
 * @throws RangeError when there are no kinds, or more than 256
 */
export function structs<const All extends Kinds>(
  kinds: All,
  options: StructOptions<AnyRecordOf<All>> = {},
): Codec<AnyRecordOf<All>> {
  checkOptions(options, CHECKS);
  checkObject("kinds", kinds);
  const names = Object.keys(kinds);
  if (names.length < 1 || names.length > 256) {
    throw new RangeError(`kinds: expected 1 to 256 kinds, got ${names.length}`);
  }
  const littleEndian = isLittleEndian(options);
  const encoders = new Map<unknown, RecordEncoder>();
  for (const [byte, [kind, schema]] of Object.entries(kinds).entries()) {
    if (/^\d+$/.test(kind)) {
      throw new TypeError(
        `kinds.${kind}: a name cannot be a number, as JavaScript would sort it before the others`,
      );
    }
    checkObject(`kinds.${kind}`, schema);
    encoders.set(kind, new RecordEncoder(new Layout(schema, { littleEndian, tag: { byte, kind } })));
  }
  const byByte = [...encoders.values()];
  return recordCodec(
    {
      ofMessage({ kind }) {
        const encoder = encoders.get(kind);
        if (encoder !== undefined) return encoder;
        throw new TypeError(
          `message.kind: expected one of ${names.join(", ")}; got ${typeof kind === "string" ? JSON.stringify(escaped(kind, 40)) : kindOf(kind)}`,
        );
      },
      ofByte: (byte) => byByte[byte],
    },
    options,
  );
}

function recordCodec<Message>(kinds: RecordKinds, { guard }: StructOptions<Message>): Codec<Message> {
  return {
    decoder: () => recordDecoder(kinds, guard),
    encode(message) {
      if (typeof message !== "object" || message === null) {
        throw new TypeError(`message: expected an object, got ${kindOf(message)}`);
      }
      const record = message as Readonly<Record<string, unknown>>;
      const { layout, view, bytes } = kinds.ofMessage(record);
      layout.write(view, record);
      return bytes;
    },
  };
}

function isLittleEndian({ endian = "little" }: StructOptions<never>): boolean {
  return endian === "little";
}

function checkObject(name: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${name}: expected an object, got ${kindOf(value)}`);
  }
}

const CHECKS: Checks<StructOptions<never>> = { endian: isOneOf(["little", "big"]), guard: isFunction };
