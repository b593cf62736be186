/**
 * The layout of one kind of record of fixed size: its fields in order, without gaps.
 * Reads and writes a record at an offset, and throws for an invalid value. The caller
 * has checked that there are enough bytes: `record-decoder.ts` decides where records
 * begin.
 *
 * Plain loops over the fields, which run everywhere. `compiled-layout.ts` does
 * the same faster where it may.
 */
import type { FixedSchema, Schema } from "./field-types.ts";
import {
  type FixedField,
  fixedFieldBytes,
  fixedMemoryBytes,
  readFixed,
  SLOT_BYTES,
  writeFixed,
} from "./fixed-field.ts";
import { Place } from "./place.ts";
import { countOf } from "./schema.ts";

/** The options of a layout. */
export interface LayoutOptions {
  readonly littleEndian: boolean;
  /** The kind of the record: one byte before its fields, and the value of a field `kind`. */
  readonly tag?: { readonly byte: number; readonly kind: string } | undefined;
  /** Where the record stands in a message; it is one by default. */
  readonly parent?: Place | undefined;
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
   * Writes `message` at `start`.
   *
   * @throws TypeError when a field is missing or has another type
   * @throws RangeError when the value of a field is out of the range of its type
   */
  write(view: DataView, start: number, message: Readonly<Record<string, unknown>>): void;
}

/** The layout of one kind of record. */
export class Layout implements RecordLayout {
  readonly sizeBytes: number;
  readonly memoryBytes: number;
  readonly tagByte: number | undefined;
  /** The value of the field `kind`, if there is a tag. */
  readonly kind: string | undefined;
  readonly littleEndian: boolean;
  readonly fields: readonly FixedField[];
  /** Cloned for each record, so that all have the same hidden class, whatever their values. */
  readonly #blank: Record<string, unknown>;

  constructor(schema: FixedSchema, { littleEndian, tag, parent }: LayoutOptions) {
    const fields: FixedField[] = [];
    let at = tag === undefined ? 0 : 1;
    let memoryBytes = at * SLOT_BYTES;
    for (const [name, fieldType] of Object.entries(schema)) {
      const type = typeof fieldType === "string" ? fieldType : fieldType[0];
      const field = { name, place: new Place(name, parent), type, at, count: countOf(fieldType) };
      fields.push(field);
      at += fixedFieldBytes(field);
      memoryBytes += fixedMemoryBytes(field);
    }
    this.sizeBytes = at;
    this.memoryBytes = memoryBytes;
    this.tagByte = tag?.byte;
    this.kind = tag?.kind;
    this.littleEndian = littleEndian;
    this.fields = fields;
    this.#blank = blankOf(schema, tag?.kind);
  }

  read(view: DataView, start: number): Record<string, unknown> {
    const record = { ...this.#blank };
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as FixedField;
      record[field.name] = readFixed(view, start + field.at, field, this.littleEndian);
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

  write(view: DataView, start: number, message: Readonly<Record<string, unknown>>): void {
    if (this.tagByte !== undefined) view.setUint8(start, this.tagByte);
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index] as FixedField;
      writeFixed(view, start + field.at, field, message[field.name], this.littleEndian);
    }
  }
}

/** A record of a schema without values, with its kind if it has one. */
export function blankOf(schema: Schema, kind: string | undefined): Record<string, unknown> {
  const blank: Record<string, unknown> = kind === undefined ? {} : { kind };
  for (const name of Object.keys(schema)) blank[name] = undefined;
  return blank;
}
