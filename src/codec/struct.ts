/**
 * Records in binary form, for frequent messages such as positions. All records are
 * of one kind, or each has a byte in front that gives its kind. This file decides
 * what a codec of records is made of, and its limits; how records are read and
 * written is decided in `record-kinds.ts`, what a field may be in `field-types.ts`.
 */
import { type Checks, checkOptions, isFunction, isOneOf, isWholeNumber, kindOf } from "../check.ts";
import type { Codec } from "./codec.ts";
import type { Flat, RecordOf, Schema } from "./field-types.ts";
import { type RecordKind, type RecordKinds, recordKinds } from "./record-kinds.ts";
import { checkSchema, isRecord } from "./schema.ts";

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
  /**
   * The size of the longest record that a peer may send, in bytes with all lengths;
   * 65,536 by default, or as much as the fields of fixed size alone take. Only text,
   * bytes and lists can make a record too long.
   */
  readonly maxRecordBytes?: number;
  /**
   * The size of the longest record that this side sends, counted in the same way; by
   * default 4,096 more than `maxRecordBytes`, and 65,536 at least. So a program can
   * pass on what it received with a name of its own in it.
   */
  readonly maxSentRecordBytes?: number;
}

/** The schemas of the kinds of records on one connection, by name. */
export type Kinds = { readonly [kind: string]: Schema };

/** One of the records that {@link Kinds} describe; its field `kind` has the name. */
export type AnyRecordOf<All extends Kinds> = {
  [Kind in keyof All & string]: Flat<{ kind: Kind } & RecordOf<All[Kind]>>;
}[keyof All & string];

/**
 * A codec whose messages are records of one kind: plain objects with the fields
 * of `schema`, packed in its order without gaps. Other fields of a message are
 * not sent.
 *
 * Numbers are finite: NaN and the infinities are refused in both directions, as
 * they spoil every result that is computed from them. An `f32` keeps about seven
 * digits of a number. A field may be an array (`["f32", 3]`), text or bytes with
 * their length in front (`"text8"`, `"bytes16"`), a `list` or `optional`.
 *
 * The connection closes with `protocol` if the peer sends a number that is not
 * finite, a `bool` that is neither 0 nor 1, text that is not UTF-8, a list or a
 * record over its limit, or ends its stream inside a record.
 *
 * `encode` throws a `TypeError` for a field that is missing or has another type,
 * and a `RangeError` for a number that is out of the range of its type, for text,
 * bytes or a list that are too long, and for half of a surrogate pair.
 *
 * Records whose fields all have a fixed size are the fastest. In Node their schema is
 * compiled to code at run time. In a page, and where generated code is forbidden,
 * plain loops do the same.
 *
 * @throws TypeError when a field has an unknown type or a name that is not allowed, or for an option that is unknown or of another kind
 * @throws RangeError when the schema has no fields, or its records could never be as short as a limit
 */
export function struct<const Fields extends Schema>(
  schema: Fields,
  options: StructOptions<RecordOf<Fields>> = {},
): Codec<RecordOf<Fields>> {
  checkOptions(options, CHECKS);
  checkSchema("schema", schema, false);
  if (Object.keys(schema).length === 0) throw new RangeError("schema: a record needs at least one field");
  const kinds = recordKinds([{ schema }], isLittleEndian(options));
  return recordCodec(kinds, kinds, options);
}

/**
 * A codec whose messages are records of several kinds, which their field `kind`
 * distinguishes. On the wire the kind is one byte before the record: its index in
 * the order of `kinds`, from 0. A kind may have no fields. Otherwise it is like
 * {@link struct}; a byte that is no kind closes the connection with `protocol`.
 *
 * @throws TypeError when a kind has a name that is not allowed, and as {@link struct} does
 * @throws RangeError when there are no kinds, or more than 256, and as {@link struct} does
 */
export function structs<const All extends Kinds>(
  kinds: All,
  options?: StructOptions<AnyRecordOf<All>>,
): Codec<AnyRecordOf<All>>;
/**
 * The same with other kinds each way: those that are received, and those that are
 * sent. The other side of the connection has them in the other order.
 */
export function structs<const Received extends Kinds, const Sent extends Kinds>(
  receive: Received,
  send: Sent,
  options?: StructOptions<AnyRecordOf<Received>>,
): Codec<AnyRecordOf<Received>, AnyRecordOf<Sent>>;
export function structs(
  kinds: Kinds,
  second: Kinds | StructOptions<never> = {},
  third?: StructOptions<never>,
): Codec<never> {
  if (third === undefined && !areKinds(second)) {
    checkOptions(second, CHECKS);
    const both = recordKinds(kindsOf("kinds", kinds), isLittleEndian(second));
    return recordCodec(both, both, second);
  }
  const options = third ?? {};
  checkOptions(options, CHECKS);
  const receive = recordKinds(kindsOf("receive", kinds), isLittleEndian(options));
  const send = recordKinds(kindsOf("send", second as Kinds), isLittleEndian(options));
  return recordCodec(receive, send, options);
}

/** Whether the second argument of {@link structs} is kinds: no option is an object. */
function areKinds(second: unknown): second is Kinds {
  return (
    isRecord(second) &&
    Object.entries(second).some(([name, value]) => !Object.hasOwn(CHECKS, name) && isRecord(value))
  );
}

function kindsOf(name: string, kinds: Kinds): RecordKind[] {
  if (!isRecord(kinds)) throw new TypeError(`${name}: expected an object, got ${kindOf(kinds)}`);
  const entries = Object.entries(kinds);
  if (entries.length < 1 || entries.length > 256) {
    throw new RangeError(`${name}: expected 1 to 256 kinds, got ${entries.length}`);
  }
  return entries.map(([kind, schema], byte) => {
    if (/^\d+$/.test(kind)) {
      throw new TypeError(
        `${name}.${kind}: a name cannot be a number, as JavaScript would sort it before the others`,
      );
    }
    checkSchema(`${name}.${kind}`, schema, true);
    return { schema, tag: { byte, kind } };
  });
}

function recordCodec<In, Out>(
  receive: RecordKinds,
  send: RecordKinds,
  options: StructOptions<In>,
): Codec<In, Out> {
  const { guard, maxRecordBytes = Math.max(DEFAULT_MAX_RECORD_BYTES, receive.minBytes) } = options;
  const sent = Math.max(DEFAULT_MAX_RECORD_BYTES, maxRecordBytes + ADDED_BYTES, send.minBytes);
  const { maxSentRecordBytes = sent } = options;
  checkRoom("maxRecordBytes", maxRecordBytes, receive.minBytes);
  checkRoom("maxSentRecordBytes", maxSentRecordBytes, send.minBytes);
  return {
    fingerprint: `records ${receive.fingerprint} ${send.fingerprint}`,
    decoder: () => receive.decoder(maxRecordBytes, guard),
    encode: send.encoder(maxSentRecordBytes),
  };
}

function checkRoom(name: string, limitBytes: number, minBytes: number): void {
  if (limitBytes >= minBytes) return;
  throw new RangeError(
    `${name}: expected at least ${minBytes}, which the largest record takes, got ${limitBytes}`,
  );
}

function isLittleEndian({ endian = "little" }: StructOptions<never>): boolean {
  return endian === "little";
}

const CHECKS: Checks<StructOptions<never>> = {
  endian: isOneOf(["little", "big"]),
  guard: isFunction,
  maxRecordBytes: isWholeNumber(1),
  maxSentRecordBytes: isWholeNumber(1),
};

/** Long enough for a player's name and list of things, and a bound for a peer that fills every text. */
const DEFAULT_MAX_RECORD_BYTES = 65_536;
/** What a relay may add to a record. */
const ADDED_BYTES = 4_096;
