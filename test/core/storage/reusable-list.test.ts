import fc from "fast-check";
import { expect, test } from "vitest";
import { ListPair, ReusableList } from "../../../src/core/storage/reusable-list.ts";
import { check } from "../../codec/properties.ts";

test("a reusable list does what a plain array would, whatever is done to it", () => {
  const verb = fc.constantFrom("push", "push", "push", "truncate", "set");
  check(
    fc.property(fc.array(fc.tuple(verb, fc.nat(), fc.nat()), { maxLength: 60 }), (steps) => {
      const list = new ReusableList<number>();
      let plain: number[] = [];
      for (const [what, one, other] of steps) {
        if (what === "push") {
          list.push(one);
          plain.push(one);
        } else if (what === "set" && plain.length > 0) {
          list.set(one % plain.length, other);
          plain[one % plain.length] = other;
        } else if (what === "truncate") {
          list.truncate(one % (plain.length + 1));
          plain = plain.slice(0, one % (plain.length + 1));
        }
        expect(Array.from({ length: list.length }, (_, index) => list.at(index))).toEqual(plain);
      }
    }),
  );
});

test("an item that a list has forgotten is not kept alive by its slots", () => {
  const list = new ReusableList<object>();
  for (let count = 0; count < 10; count++) list.push({});
  list.truncate(3);
  expect(list.length).toBe(3);
  for (let index = 3; index < 10; index++) expect(list.at(index)).toBeUndefined();
  list.truncate(0);
  for (let index = 0; index < 3; index++) expect(list.at(index)).toBeUndefined();
});

test("a pair of lists fills one list while the other is processed", () => {
  const pair = new ListPair<number>();
  for (let round = 0; round < 3; round++) {
    pair.push(round);
    const taken = pair.take();
    pair.push(round + 10);
    expect([taken.length, taken.at(0), pair.length]).toEqual([1, round, 1]);
    taken.truncate(0);
    pair.take().truncate(0);
    expect(pair.length).toBe(0);
  }
});
