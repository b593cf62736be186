/**
 * Records of any size: what a schema's fields are on the wire, one behind the other.
 * A record of fixed size inside another, such as the item of a list, is read and
 * written by its own layout, which is as fast there as alone.
 */
import { kindOf } from "../check.ts";
import { compiled } from "./compiled-layout.ts";
import { type FixedSchema, type ItemType, ListType, OptionalType, type Schema } from "./field-types.ts";
import {
  type FixedField,
  fixedFieldBytes,
  fixedMemoryBytes,
  readFixed,
  SLOT_BYTES,
  writeFixed,
} from "./fixed-field.ts";
import { blankOf, Layout, type LayoutOptions, type RecordLayout } from "./layout.ts";
import { ListShape, OptionalShape } from "./list-shapes.ts";
import { Place } from "./place.ts";
import type { RecordReading, RecordWriting } from "./record-cursor.ts";
import type { Step } from "./record-scanner.ts";
import { countOf, isFixed, isRecord } from "./schema.ts";
import type { Shape } from "./shape.ts";
import { BytesShape, TextShape } from "./sized-shapes.ts";

/** The shape of a record with these fields. */
export function recordShape(schema: Schema, options: LayoutOptions): Shape {
  return isFixed(schema) ? new FixedRecordShape(schema, options) : new RecordShape(schema, options);
}

/** The shape of a value at this place. */
function shapeOf(type: ItemType, place: Place, littleEndian: boolean): Shape {
  if (isRecord(type)) return recordShape(type, { littleEndian, parent: place });
  if (type instanceof ListType) {
    const item = shapeOf(type.item, new Place("", place), littleEndian);
    return new ListShape(place, item, type.maxItems);
  }
  if (type instanceof OptionalType) return new OptionalShape(place, shapeOf(type.value, place, littleEndian));
  switch (type) {
    case "text8":
      return new TextShape(place, 1);
    case "text16":
      return new TextShape(place, 2);
    case "bytes8":
      return new BytesShape(place, 1);
    case "bytes16":
      return new BytesShape(place, 2);
    default:
      return new FixedShape(place, type);
  }
}

/** A record of fixed size. */
class FixedRecordShape implements Shape {
  readonly minBytes: number;
  readonly sizeBytes: number;
  readonly #layout: RecordLayout;
  readonly #parent: Place | undefined;

  constructor(schema: FixedSchema, options: LayoutOptions) {
    this.#layout = compiled(new Layout(schema, options));
    this.#parent = options.parent;
    this.minBytes = this.sizeBytes = this.#layout.sizeBytes;
  }

  addSteps(steps: Step[]): void {
    steps.push({ does: "skip", bytes: this.sizeBytes });
  }

  read(from: RecordReading): Record<string, unknown> {
    const { at, view } = from;
    from.at += this.sizeBytes;
    from.memoryBytes += OBJECT_BYTES + this.#layout.memoryBytes;
    return this.#layout.read(view, at);
  }

  write(to: RecordWriting, value: unknown): void {
    const record = recordOf(value, this.#parent);
    to.reserve(this.sizeBytes);
    this.#layout.write(to.view, to.at, record);
    to.advance(this.sizeBytes);
  }
}

/** A record with at least one field whose size may differ. */
class RecordShape implements Shape {
  readonly minBytes: number;
  readonly #fields: readonly { readonly name: string; readonly shape: Shape }[];
  readonly #tagByte: number | undefined;
  readonly #parent: Place | undefined;
  /** Cloned for each record, so that all have the same hidden class, whatever their values. */
  readonly #blank: Record<string, unknown>;

  constructor(schema: Schema, { littleEndian, parent, tag }: LayoutOptions) {
    this.#fields = Object.entries(schema).map(([name, type]) => ({
      name,
      shape: shapeOf(type, new Place(name, parent), littleEndian),
    }));
    this.#tagByte = tag?.byte;
    this.#parent = parent;
    this.#blank = blankOf(schema, tag?.kind);
    const fieldBytes = this.#fields.reduce((sum, { shape }) => sum + shape.minBytes, 0);
    this.minBytes = fieldBytes + (tag === undefined ? 0 : 1);
  }

  addSteps(steps: Step[]): void {
    if (this.#tagByte !== undefined) steps.push({ does: "skip", bytes: 1 });
    for (const { shape } of this.#fields) shape.addSteps(steps);
  }

  read(from: RecordReading): Record<string, unknown> {
    const record = { ...this.#blank };
    from.memoryBytes += OBJECT_BYTES + SLOT_BYTES * this.#fields.length;
    if (this.#tagByte !== undefined) from.at++;
    for (const { name, shape } of this.#fields) record[name] = shape.read(from);
    return record;
  }

  write(to: RecordWriting, value: unknown): void {
    const record = recordOf(value, this.#parent);
    if (this.#tagByte !== undefined) to.putCount(1, this.#tagByte);
    for (const { name, shape } of this.#fields) shape.write(to, record[name]);
  }
}

/** A value of fixed size between others. */
class FixedShape implements Shape {
  readonly minBytes: number;
  readonly sizeBytes: number;
  readonly #field: FixedField;
  readonly #memoryBytes: number;

  constructor(place: Place, type: FixedSchema[string]) {
    const single = typeof type === "string" ? type : type[0];
    this.#field = { name: "", place, type: single, at: 0, count: countOf(type) };
    this.#memoryBytes = fixedMemoryBytes(this.#field);
    this.minBytes = this.sizeBytes = fixedFieldBytes(this.#field);
  }

  addSteps(steps: Step[]): void {
    steps.push({ does: "skip", bytes: this.sizeBytes });
  }

  read(from: RecordReading): unknown {
    const { at, view } = from;
    from.at += this.sizeBytes;
    from.memoryBytes += this.#memoryBytes;
    return readFixed(view, at, this.#field, from.littleEndian);
  }

  write(to: RecordWriting, value: unknown): void {
    to.reserve(this.sizeBytes);
    writeFixed(to.view, to.at, this.#field, value, to.littleEndian);
    to.advance(this.sizeBytes);
  }
}

function recordOf(value: unknown, place: Place | undefined): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new TypeError(`${place?.label ?? "message"}: expected an object, got ${kindOf(value)}`);
}

/** The memory of an object without its slots. */
const OBJECT_BYTES = 32;
