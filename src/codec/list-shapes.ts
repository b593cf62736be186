/**
 * Lists, and what may be absent, as fields of a record.
 */
import { kindOf } from "../check.ts";
import { ARRAY_BYTES, SLOT_BYTES } from "./fixed-field.ts";
import type { Place } from "./place.ts";
import type { RecordReading, RecordWriting } from "./record-cursor.ts";
import type { ListLimit, Step } from "./record-scanner.ts";
import type { Shape } from "./shape.ts";

/** A number of items, and the items. */
export class ListShape implements Shape {
  readonly minBytes: number = COUNT_BYTES;
  readonly #place: Place;
  readonly #item: Shape;
  readonly #limit: ListLimit;

  constructor(place: Place, item: Shape, maxItems: number) {
    this.#place = place;
    this.#item = item;
    this.#limit = { path: place.path, maxItems };
  }

  addSteps(steps: Step[]): void {
    const { sizeBytes } = this.#item;
    if (sizeBytes !== undefined) {
      steps.push({ does: "items", itemBytes: sizeBytes, list: this.#limit });
      return;
    }
    const begin = steps.length;
    const each = { does: "each" as const, list: this.#limit, end: 0 };
    steps.push(each);
    this.#item.addSteps(steps);
    steps.push({ does: "next", begin });
    each.end = steps.length;
  }

  read(from: RecordReading): unknown[] {
    const count = from.takeCount(COUNT_BYTES);
    const items = new Array<unknown>(count); // one that grows would have room for 17, and lists may be many
    from.memoryBytes += ARRAY_BYTES + count * SLOT_BYTES;
    for (let index = 0; index < count; index++) {
      this.#place.index = index;
      items[index] = this.#item.read(from);
    }
    return items;
  }

  write(to: RecordWriting, value: unknown): void {
    const place = this.#place;
    const { maxItems } = this.#limit;
    place.index = undefined;
    if (!Array.isArray(value)) throw new TypeError(`${place.label}: expected an array, got ${kindOf(value)}`);
    const count = value.length; // as of now: a getter of an item may change it
    if (count > maxItems)
      throw new RangeError(`${place.label}: ${count} items are over maxItems, ${maxItems}`);
    to.putCount(COUNT_BYTES, count);
    for (let index = 0; index < count; index++) {
      place.index = index;
      this.#item.write(to, value[index]);
    }
  }
}

/** A byte that is 1, and the value; or 0, for `undefined`. */
export class OptionalShape implements Shape {
  readonly minBytes = 1;
  readonly #place: Place;
  readonly #value: Shape;

  constructor(place: Place, value: Shape) {
    this.#place = place;
    this.#value = value;
  }

  addSteps(steps: Step[]): void {
    const option = { does: "option" as const, path: this.#place.path, end: 0 };
    steps.push(option);
    this.#value.addSteps(steps);
    option.end = steps.length;
  }

  read(from: RecordReading): unknown {
    return from.takeCount(1) === 0 ? undefined : this.#value.read(from);
  }

  write(to: RecordWriting, value: unknown): void {
    to.putCount(1, value === undefined ? 0 : 1);
    if (value !== undefined) this.#value.write(to, value);
  }
}

/** A `u16`, whatever the limit is: a limit that is changed must not change the wire. */
const COUNT_BYTES = 2;
