/**
 * Records of a fixed size in binary form, for frequent messages such as
 * positions. All records are of one kind, or each has a byte in front that gives
 * its kind. This file decides where a record begins and ends; `layout.ts`
 * decides where its fields are.
 */
import { kindOf } from "../check.ts";
import {
  type Codec,
  DecodeError,
  type Decoder,
  type MessageSink,
  RECORD,
  type RecordReader,
} from "./codec.ts";
import { compiled } from "./compiled-layout.ts";
import { Layout, type RecordLayout, type RecordOf, type Schema } from "./layout.ts";
import { PartialBuffer } from "./partial-buffer.ts";

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
 * @throws TypeError when a field has an unknown type or a name that is not allowed, or `endian` is unknown
 * @throws RangeError when the schema has no fields
 */
export function struct<const Fields extends Schema>(
  schema: Fields,
  options: StructOptions<RecordOf<Fields>> = {},
): Codec<RecordOf<Fields>> {
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
    encoders.set(kind, new RecordEncoder(new Layout(schema, { littleEndian, tag: { byte, kind } })));
  }
  const byByte = [...encoders.values()];
  return recordCodec(
    {
      ofMessage({ kind }) {
        const encoder = encoders.get(kind);
        if (encoder !== undefined) return encoder;
        throw new TypeError(`message.kind: expected one of ${names.join(", ")}; got ${JSON.stringify(kind)}`);
      },
      ofByte: (byte) => byByte[byte],
    },
    options,
  );
}

/** A layout, and the buffer that each of its records is encoded into. */
class RecordEncoder {
  readonly layout: RecordLayout;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(layout: Layout) {
    this.layout = compiled(layout);
    this.bytes = new Uint8Array(layout.sizeBytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Finds the kind of a record. */
interface RecordKinds {
  /**
   * The kind of a message to send.
   *
   * @throws TypeError when it is of no kind
   */
  ofMessage(message: Readonly<Record<string, unknown>>): RecordEncoder;
  /** The kind of a received record, by its first byte; `undefined` if there is no such kind. */
  ofByte(byte: number): RecordEncoder | undefined;
  /** The kind of all records, if there is only one. */
  readonly only?: RecordEncoder;
}

function recordCodec<Message>(kinds: RecordKinds, { guard }: StructOptions<Message>): Codec<Message> {
  return {
    decoder: () => new RecordDecoder<Message>(kinds, guard),
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

class RecordDecoder<Message> implements Decoder<Message> {
  readonly #kinds: RecordKinds;
  readonly #guard: ((message: Message) => boolean) | undefined;
  /** The layout, if there is one kind and no guard. A guard needs each record to be read on arrival. */
  readonly #record: MessageLayout<Message> | undefined;
  readonly #held = new PartialBuffer();
  #recordNumber = 1;

  constructor(kinds: RecordKinds, guard: ((message: Message) => boolean) | undefined) {
    this.#kinds = kinds;
    this.#guard = guard;
    if (guard === undefined) this.#record = kinds.only?.layout as MessageLayout<Message> | undefined;
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message>): void {
    if (bytes.length === 0) return;
    let at = this.#held.length === 0 ? 0 : this.#finishHeld(bytes, sink);
    const view = viewOf(bytes);
    if (this.#record !== undefined && sink.putRecords !== undefined) {
      const count = Math.floor((bytes.length - at) / this.#record.sizeBytes);
      this.#putRecords(this.#record, bytes, at, count, sink);
      at += count * this.#record.sizeBytes;
    }
    while (at < bytes.length) {
      const layout = this.#layoutOf(bytes[at] as number);
      if (at + layout.sizeBytes > bytes.length) {
        this.#held.append(bytes, at, bytes.length);
        return;
      }
      sink.put(this.#read(layout, view, bytes.byteOffset + at), layout.sizeBytes);
      at += layout.sizeBytes;
    }
  }

  get [RECORD](): RecordReader<Message> | undefined {
    return this.#record;
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  end(): void {
    if (this.#held.length === 0) return;
    throw new DecodeError(
      `the stream ended inside record ${this.#recordNumber}, after ${this.#held.length} of ${this.#heldLayout.sizeBytes} bytes`,
    );
  }

  get #heldLayout(): RecordLayout {
    return this.#layoutOf(this.#held.view[0] as number);
  }

  /** Completes the held record with the start of `bytes`. Returns where the next record starts. */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<Message>): number {
    const layout = this.#heldLayout;
    const end = Math.min(layout.sizeBytes - this.#held.length, bytes.length);
    this.#held.append(bytes, 0, end);
    if (this.#held.length < layout.sizeBytes) return end;
    const { view } = this.#held;
    if (this.#record !== undefined && sink.putRecords !== undefined)
      this.#putRecords(this.#record, view, 0, 1, sink);
    else sink.put(this.#read(layout, viewOf(view), view.byteOffset), layout.sizeBytes);
    this.#held.clear();
    return end;
  }

  /** Passes on `count` records from `start`, unread, up to the first invalid one. */
  #putRecords(
    layout: RecordLayout,
    bytes: Uint8Array,
    start: number,
    count: number,
    sink: MessageSink<Message>,
  ): void {
    if (count === 0) return;
    const view = viewOf(bytes);
    const from = bytes.byteOffset + start;
    const end = from + count * layout.sizeBytes;
    const bad = layout.firstInvalid(view, from, end);
    const good = (bad - from) / layout.sizeBytes;
    if (good > 0) sink.putRecords?.(bytes, start, good);
    this.#recordNumber += good;
    if (bad < end) this.#read(layout, view, bad); // throws the error for it
  }

  #layoutOf(byte: number): RecordLayout {
    const encoder = this.#kinds.ofByte(byte);
    if (encoder !== undefined) return encoder.layout;
    throw new DecodeError(`record ${this.#recordNumber} begins with ${byte}, which is no kind of record`);
  }

  #read(layout: RecordLayout, view: DataView, at: number): Message {
    const message = this.#guarded(layout, view, at);
    this.#recordNumber++;
    return message;
  }

  #guarded(layout: RecordLayout, view: DataView, at: number): Message {
    try {
      const message = layout.read(view, at) as Message;
      if (this.#guard === undefined || this.#guard(message)) return message;
    } catch (cause) {
      const problem = cause instanceof DecodeError ? cause.message : "the guard threw on it";
      throw new DecodeError(`record ${this.#recordNumber}: ${problem}`, { cause });
    }
    throw new DecodeError(`record ${this.#recordNumber}: the guard refused it`);
  }
}

/** A layout whose records are the messages of the codec. */
type MessageLayout<Message> = RecordReader<Message> & RecordLayout;

function isLittleEndian({ endian = "little" }: { readonly endian?: unknown }): boolean {
  if (endian === "little" || endian === "big") return endian === "little";
  throw new TypeError(`endian: expected "big" or "little", got ${JSON.stringify(endian)}`);
}

/** A view of the whole buffer under `bytes`. */
function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer);
}
