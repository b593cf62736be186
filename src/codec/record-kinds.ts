/**
 * The kinds of records that go one way on a connection: by which codec they are read
 * and written. Where all of them have a fixed size, and only there, their decoders
 * know that size and may keep records as bytes.
 */
import { kindOf } from "../check.ts";
import type { Decoder } from "./codec.ts";
import { escaped } from "./escaped.ts";
import { type FixedSchema, ListType, OptionalType, type Schema } from "./field-types.ts";
import { Layout } from "./layout.ts";
import { RecordWriting } from "./record-cursor.ts";
import { RecordEncoder, recordDecoder } from "./record-decoder.ts";
import type { Step } from "./record-scanner.ts";
import { recordShape } from "./record-shape.ts";
import { isFixed } from "./schema.ts";
import { type SizedRecord, SizedRecordDecoder } from "./sized-record-decoder.ts";

/** One kind of record: its fields, and what tells it from the others if there are any. */
export interface RecordKind {
  readonly schema: Schema;
  readonly tag?: { readonly byte: number; readonly kind: string };
}

/** Reads and writes records of some kinds. */
export interface RecordKinds {
  /** The kinds and their fields, as text. */
  readonly fingerprint: string;
  /** The fewest bytes that a record of the largest kind takes. */
  readonly minBytes: number;
  /** A decoder for records of at most `maxBytes`, which asks the guard for each of them. */
  decoder<Message>(maxBytes: number, guard: ((message: Message) => boolean) | undefined): Decoder<Message>;
  /** A function that encodes records of at most `maxBytes`. */
  encoder(maxBytes: number): (message: unknown) => Uint8Array;
}

type ReadWrite = Omit<RecordKinds, "fingerprint">;

/** What the kinds are read and written by; a kind without a tag is the only one. */
export function recordKinds(kinds: readonly RecordKind[], littleEndian: boolean): RecordKinds {
  const areFixed = kinds.every(({ schema }) => isFixed(schema));
  const fingerprint = `${littleEndian ? "little" : "big"} ${JSON.stringify(kinds, fieldText)}`;
  return { fingerprint, ...(areFixed ? fixedKinds(kinds, littleEndian) : sizedKinds(kinds, littleEndian)) };
}

/** Lists, and what is optional, as values of JSON. */
function fieldText(_name: string, type: unknown): unknown {
  if (type instanceof ListType) return { list: type.item };
  return type instanceof OptionalType ? { optional: type.value } : type;
}

function fixedKinds(kinds: readonly RecordKind[], littleEndian: boolean): ReadWrite {
  const encoders = kinds.map(
    ({ schema, tag }) => new RecordEncoder(new Layout(schema as FixedSchema, { littleEndian, tag })),
  );
  const [only] = kinds[0]?.tag === undefined ? encoders : [];
  const ofByte = only === undefined ? (byte: number) => encoders[byte] : () => only;
  return {
    minBytes: Math.max(...encoders.map(({ layout }) => layout.sizeBytes)),
    decoder: (_maxBytes, guard) => recordDecoder(only === undefined ? { ofByte } : { ofByte, only }, guard),
    encoder() {
      const ofMessage = kindFinder(kinds, encoders);
      return (message) => {
        const record = recordOf(message);
        const { layout, view, bytes } = ofMessage(record);
        layout.write(view, 0, record);
        return bytes;
      };
    },
  };
}

function sizedKinds(kinds: readonly RecordKind[], littleEndian: boolean): ReadWrite {
  const records = kinds.map(({ schema, tag }): SizedRecord => {
    const shape = recordShape(schema, { littleEndian, tag });
    const steps: Step[] = [];
    shape.addSteps(steps);
    return { shape, steps };
  });
  const isTagged = kinds[0]?.tag !== undefined;
  const ofByte = (byte: number) => records[isTagged ? byte : 0];
  return {
    minBytes: Math.max(...records.map(({ shape }) => shape.minBytes)),
    decoder: (maxBytes, guard) => new SizedRecordDecoder({ ofByte, guard, littleEndian, maxBytes }),
    encoder(maxBytes) {
      const ofMessage = kindFinder(kinds, records);
      const writing = new RecordWriting(littleEndian, maxBytes);
      return (message) => {
        const record = recordOf(message);
        const { shape } = ofMessage(record);
        writing.begin();
        shape.write(writing, record);
        return writing.bytes.subarray(0, writing.at);
      };
    },
  };
}

function recordOf(message: unknown): Readonly<Record<string, unknown>> {
  if (typeof message === "object" && message !== null) return message as Readonly<Record<string, unknown>>;
  throw new TypeError(`message: expected an object, got ${kindOf(message)}`);
}

/** Finds what belongs to the kind of a message, which throws a `TypeError` when it is of no kind. */
function kindFinder<Each>(
  kinds: readonly RecordKind[],
  each: readonly Each[],
): (message: Readonly<Record<string, unknown>>) => Each {
  if (kinds[0]?.tag === undefined) {
    const only = each[0] as Each;
    return () => only;
  }
  const byName = new Map<unknown, Each>(each.map((one, index) => [kinds[index]?.tag?.kind, one]));
  return ({ kind }) => {
    const found = byName.get(kind);
    if (found !== undefined) return found;
    throw new TypeError(
      `message.kind: expected one of ${[...byName.keys()].join(", ")}; got ${typeof kind === "string" ? JSON.stringify(escaped(kind, 40)) : kindOf(kind)}`,
    );
  };
}
