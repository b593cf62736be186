import { expect, test } from "vitest";
import { Epochs } from "../../../src/index.ts";

test("accepts an epoch that is as high as the highest one, and no lower one, each name by itself", () => {
  const epochs = new Epochs();
  expect(["a", "a", "b"].map((name, index) => epochs.accept(name, [5, 5, 1][index] ?? 0))).toEqual([
    true,
    true,
    true,
  ]);
  expect([epochs.accept("a", 4), epochs.accept("a", 9), epochs.accept("a", 5)]).toEqual([false, true, false]);
  expect(epochs.accept("b", 1)).toBe(true);
});

test("accepts nothing that is no epoch, as a peer may send any number", () => {
  const epochs = new Epochs();
  for (const epoch of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53])
    expect(epochs.accept("a", epoch)).toBe(false);
  expect(epochs.accept("a", 1)).toBe(true);
  expect(() => epochs.accept("a", "2" as never)).toThrow(
    new TypeError("epoch: expected a number, got string"),
  );
  expect(() => epochs.accept("", 2)).toThrow(RangeError);
});

test("knows the 65,536 names that were heard last", () => {
  const epochs = new Epochs();
  for (let id = 0; id < 65_536; id++) epochs.accept(`world.${id}`, 7);
  epochs.accept("world.0", 7);
  epochs.accept("one more", 7);
  expect(epochs.accept("world.0", 6)).toBe(false);
  expect(epochs.accept("world.1", 6)).toBe(true); // it was silent longest, and is forgotten
});
