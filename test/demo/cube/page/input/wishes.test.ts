/** What keys and pads mean. */
import { expect, test } from "vitest";
import {
  isForMoving,
  outsideDeadZone,
  wishOfKeys,
  wishOfPad,
} from "../../../../../demo/cube/page/input/wishes.ts";

test("arrows and WASD move on the ground, Q and E up and down", () => {
  expect(wishOfKeys([])).toEqual([0, 0, 0]);
  expect(wishOfKeys(["ArrowLeft"])).toEqual([-1, 0, 0]);
  expect(wishOfKeys(["KeyD", "KeyW"])).toEqual([1, 0, -1]);
  expect(wishOfKeys(["KeyQ", "ArrowDown"])).toEqual([0, 1, 1]);
  expect(wishOfKeys(["PageDown", "KeyE"])).toEqual([0, -1, 0]);
});

test("keys against each other cancel, in any order, and two for one way are one", () => {
  expect(wishOfKeys(["KeyA", "KeyD"])).toEqual([0, 0, 0]);
  expect(wishOfKeys(["KeyD", "ArrowRight", "KeyA"])).toEqual([1, 0, 0]);
  expect(wishOfKeys(["KeyA", "KeyD", "ArrowRight"])).toEqual([1, 0, 0]);
});

test("other keys are nobody's, those of every object's own too", () => {
  expect(isForMoving("KeyA")).toBe(true);
  for (const code of ["KeyX", "Space", "", "constructor", "toString"]) {
    expect(isForMoving(code)).toBe(false);
    expect(wishOfKeys([code])).toEqual([0, 0, 0]);
  }
});

test("a stick that rests a little off says nothing, and beyond that begins at nothing", () => {
  expect(outsideDeadZone(0, 0)).toEqual([0, 0]);
  expect(outsideDeadZone(0.1, -0.1)).toEqual([0, 0]);
  expect(outsideDeadZone(0.16, 0)[0]).toBeLessThan(0.02);
  expect(outsideDeadZone(1, 0)).toEqual([1, 0]);
  const [x, y] = outsideDeadZone(1, 1);
  expect(Math.hypot(x, y)).toBeCloseTo(1);
});

test("a pad's stick, cross, shoulders and triggers", () => {
  const pressed = (...which: number[]) =>
    Array.from({ length: 17 }, (_, index) => ({ value: which.includes(index) ? 1 : 0 }));
  expect(wishOfPad([0, 0], pressed())).toEqual([0, 0, 0]);
  expect(wishOfPad([-1, 0], pressed())).toEqual([-1, 0, 0]);
  expect(wishOfPad([0, 0], pressed(12, 15))).toEqual([1, 0, -1]);
  expect(wishOfPad([0, 0], pressed(7))).toEqual([0, 1, 0]);
  expect(wishOfPad([0, 0], pressed(4))).toEqual([0, -1, 0]);
  expect(wishOfPad([], [])).toEqual([0, 0, 0]);
});
