/** The rules of the arena: how somebody walks, and where he belongs. */
import { describe, expect, test } from "vitest";
import {
  draw,
  SPEED,
  walk,
  ZONE_HEIGHT,
  ZONE_WIDTH,
  zoneAt,
  zoneOfWalker,
} from "../../../../demo/arena/shared/rules.ts";

describe("walking", () => {
  test("has one speed in all directions, and slower wishes are slower", () => {
    const from = { x: 10, y: 10 };
    for (const [dx, dy, speed] of [
      [1, 0, SPEED],
      [1, 1, SPEED],
      [-0.5, 0, SPEED / 2],
    ] as const) {
      const to = walk(from, { dx, dy }, 1_000, 2);
      expect(Math.hypot(to.x - from.x, to.y - from.y)).toBeCloseTo(speed, 9);
    }
  });

  test("ends at the walls of the arena, and not at those between its zones", () => {
    const to = walk({ x: 39, y: 1 }, { dx: 1, dy: -1 }, 1_000, 2);
    expect(to.x).toBeGreaterThan(ZONE_WIDTH);
    expect(to.y).toBeGreaterThan(0);
    expect(walk({ x: 79, y: 44 }, { dx: 1, dy: 1 }, 60_000, 2).x).toBeLessThan(2 * ZONE_WIDTH);
    expect(walk({ x: 79, y: 44 }, { dx: 1, dy: 1 }, 60_000, 2).y).toBeLessThan(ZONE_HEIGHT);
  });

  test("over a border hands a walker over once, and back only when he is well inside", () => {
    expect(zoneOfWalker(40.2, 0, 2)).toBe(0);
    expect(zoneOfWalker(40.6, 0, 2)).toBe(1);
    expect(zoneOfWalker(39.8, 1, 2)).toBe(1);
    expect(zoneOfWalker(39.4, 1, 2)).toBe(0);
    expect([zoneAt(-1, 2), zoneAt(85, 2)]).toEqual([0, 1]);
  });
});

test("chance is the same again for the same state, and spreads", () => {
  const values: number[] = [];
  for (let state = 5; values.length < 1_000; ) {
    const drawn = draw(state);
    expect(draw(state)).toEqual(drawn);
    values.push(drawn.value);
    state = drawn.state;
  }
  expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(0.5, 1);
});
