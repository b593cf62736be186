/**
 * Records of a fixed size: numbers as a machine has them, for what a game says
 * often, such as positions. One kind of record, or several with a byte in front
 * that says which. This file decides where a record begins and ends; how its
 * fields lie in it is `layout.ts`.
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
   * Byte order: `"little"` by default, as the machines of nearly all players
   * have it, so that a program in another language can read a record in place;
   * `"big"` is what older protocols call network order.
   */
  readonly endian?: "little" | "big";
  /**
   * Says whether a record makes sense. One that it refuses, or throws at,
   * closes the connection with `protocol`. The types of the fields are checked
   * without it.
   */
  readonly guard?: (message: Message) => boolean;
}

/** The kinds of records that go over one connection, by name. */
export type Kinds = { readonly [kind: string]: Schema };

/** One of the records that {@link Kinds} describe; `kind` tells which. */
export type AnyRecordOf<All extends Kinds> = {
  [Kind in keyof All & string]: Flat<{ kind: Kind } & RecordOf<All[Kind]>>;
}[keyof All & string];

type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/**
 * A codec whose messages are records of one kind: plain objects with the fields
 * of `schema`, packed in its order without gaps. Other fields of a message that
 * is sent do not go with it.
 *
 * Numbers are finite: NaN and the infinities are refused in both directions, as
 * one of them spoils all that is computed from it. An `f32` keeps some seven
 * digits of a number. Refused from a peer, each with close reason `protocol`:
 * those, a `bool` that is neither 0 nor 1, a stream that ends inside a record.
 *
 * `encode` throws a `TypeError` for a field that is missing or of another kind,
 * and a `RangeError` for a number that its type does not hold.
 *
 * The schema is made into code where that is allowed. A page whose
 * Content-Security-Policy forbids it reports one try, and loops do the same.
 *
 * @throws TypeError when a field's type or name, or `endian`, is none that exists
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
 * A codec whose messages are records of several kinds, told apart by their
 * field `kind`: on the wire a byte in front, which counts the kinds from 0 in
 * the order of `kinds`. All else is as with {@link struct}; a kind may be
 * without fields. Refused from a peer as well: a byte that is no kind.
 *
 * @throws TypeError when a kind's name, a field's type or name, or `endian`, is none that exists
 * @throws RangeError when there are no kinds, or more than 256
 */
export function structs<const All extends Kinds>(
  kinds: All,
  options: StructOptions<AnyRecordOf<All>> = {},
): Codec<AnyRecordOf<All>> {
  const names = Object.keys(kinds);
  if (names.length < 1 || names.length > 256) {
    throw new RangeError(`kinds: expected 1 to 256 of them, got ${names.length}`);
  }
  const littleEndian = isLittleEndian(options);
  const slots = new Map<unknown, RecordEncoder>();
  for (const [byte, [kind, schema]] of Object.entries(kinds).entries()) {
    if (/^\d+$/.test(kind)) {
      throw new TypeError(
        `kinds.${kind}: a number is no name here: JavaScript would put it before the others`,
      );
    }
    slots.set(kind, new RecordEncoder(new Layout(schema, { littleEndian, tag: { byte, kind } })));
  }
  const bytes = [...slots.values()];
  return recordCodec(
    {
      ofMessage({ kind }) {
        const slot = slots.get(kind);
        if (slot !== undefined) return slot;
        throw new TypeError(`message.kind: expected one of ${names.join(", ")}; got ${JSON.stringify(kind)}`);
      },
      ofByte: (byte) => bytes[byte],
    },
    options,
  );
}

/** A layout, and the bytes in which its records are encoded, again and again. */
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

/** Which kind of record it is. */
interface RecordKinds {
  ofMessage(message: Readonly<Record<string, unknown>>): RecordEncoder;
  /** By the first byte of the record; `undefined` when it is no kind. */
  ofByte(byte: number): RecordEncoder | undefined;
  /** The one kind that there is. */
  readonly only?: RecordEncoder;
}

function recordCodec<Message>(choice: RecordKinds, { guard }: StructOptions<Message>): Codec<Message> {
  return {
    decoder: () => new RecordDecoder<Message>(choice, guard),
    encode(message) {
      if (typeof message !== "object" || message === null) {
        throw new TypeError(`message: expected an object, got ${kindOf(message)}`);
      }
      const record = message as Readonly<Record<string, unknown>>;
      const { layout, view, bytes } = choice.ofMessage(record);
      layout.write(view, record);
      return bytes;
    },
  };
}

class RecordDecoder<Message> implements Decoder<Message> {
  readonly #choice: RecordKinds;
  readonly #guard: ((message: Message) => boolean) | undefined;
  /** Where there is one kind. With a guard each is read at once: it may look at what it likes. */
  readonly #record: MessageLayout<Message> | undefined;
  readonly #held = new PartialBuffer();
  #recordNumber = 1;

  constructor(choice: RecordKinds, guard: ((message: Message) => boolean) | undefined) {
    this.#choice = choice;
    this.#guard = guard;
    if (guard === undefined) this.#record = choice.only?.layout as MessageLayout<Message> | undefined;
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message>): void {
    if (bytes.length === 0) return;
    let at = this.#held.length === 0 ? 0 : this.#finishHeld(bytes, sink);
    const view = viewOf(bytes);
    if (this.#record !== undefined && sink.putRecords !== undefined) {
      const count = Math.floor((bytes.length - at) / this.#record.sizeBytes);
      this.#pass(this.#record, bytes, at, count, sink);
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
      `the stream ended inside record ${this.#recordNumber}: ${this.#held.length} bytes came of ${this.#heldLayout.sizeBytes}`,
    );
  }

  get #heldLayout(): RecordLayout {
    return this.#layoutOf(this.#held.view[0] as number);
  }

  /** The first bytes are the rest of the held record. Answers where the next one starts. */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<Message>): number {
    const layout = this.#heldLayout;
    const end = Math.min(layout.sizeBytes - this.#held.length, bytes.length);
    this.#held.append(bytes, 0, end);
    if (this.#held.length < layout.sizeBytes) return end;
    const { view } = this.#held;
    if (this.#record !== undefined && sink.putRecords !== undefined)
      this.#pass(this.#record, view, 0, 1, sink);
    else sink.put(this.#read(layout, viewOf(view), view.byteOffset), layout.sizeBytes);
    this.#held.clear();
    return end;
  }

  /** Passes on so many records from `start` on, unread, up to the first bad one. */
  #pass(
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
    if (bad < end) this.#read(layout, view, bad); // which says what is wrong
  }

  #layoutOf(byte: number): RecordLayout {
    const slot = this.#choice.ofByte(byte);
    if (slot !== undefined) return slot.layout;
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
      const why = cause instanceof DecodeError ? cause.message : "the guard threw at it";
      throw new DecodeError(`record ${this.#recordNumber}: ${why}`, { cause });
    }
    throw new DecodeError(`record ${this.#recordNumber}: the guard refused it`);
  }
}

/** A layout whose records are the messages. */
type MessageLayout<Message> = RecordReader<Message> & RecordLayout;

function isLittleEndian({ endian = "little" }: { readonly endian?: unknown }): boolean {
  if (endian === "little" || endian === "big") return endian === "little";
  throw new TypeError(`endian: expected "big" or "little", got ${JSON.stringify(endian)}`);
}

/** A view of all that `bytes` lie in. */
function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer);
}
