import fc from "fast-check";
import { expect, test } from "vitest";
import { TurningList } from "../../../src/core/storage/turning-batch.ts";
import { check } from "../../codec/properties.ts";

/** The same, as plainly as it can be said. */
class PlainBatch {
  items: number[] = [];

  push(item: number): void {
    this.items = [...this.items, item];
  }

  truncate(length: number): void {
    this.items = this.items.slice(0, length);
  }

  turn(start: number, kept: number): void {
    this.items = [...this.items.slice(start), ...this.items.slice(0, kept)];
  }
}

test("a batch does what a plain array would, whatever is done to it", () => {
  const verb = fc.constantFrom("push", "push", "push", "truncate", "turn", "put");
  check(
    fc.property(fc.array(fc.tuple(verb, fc.nat(), fc.nat()), { maxLength: 60 }), (steps) => {
      const batch = new TurningList<number>();
      const plain = new PlainBatch();
      for (const [what, one, other] of steps) {
        const { length } = plain.items;
        if (what === "push") {
          batch.push(one);
          plain.push(one);
        } else if (what === "put" && length > 0) {
          batch.put(one % length, other);
          plain.items[one % length] = other;
        } else if (what === "truncate") {
          batch.truncate(one % (length + 1));
          plain.truncate(one % (length + 1));
        } else if (what === "turn") {
          const start = one % (length + 1);
          const kept = other % (start + 1);
          batch.turn(start, kept);
          plain.turn(start, kept);
        }
        expect(Array.from({ length: batch.length }, (_, index) => batch.at(index))).toEqual(plain.items);
      }
    }),
  );
});

test("what was taken out of a batch is not kept alive by its slots", () => {
  const batch = new TurningList<object>();
  for (let count = 0; count < 10; count++) batch.push({});
  batch.turn(8, 1);
  expect(batch.length).toBe(3);
  for (let index = 3; index < 10; index++) expect(batch.at(index)).toBeUndefined();
  batch.truncate(0);
  for (let index = 0; index < 3; index++) expect(batch.at(index)).toBeUndefined();
});
