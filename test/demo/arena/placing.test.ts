/** Whose zone is whose. */
import { describe, expect, test } from "vitest";
import { claims, handsOver } from "../../../demo/arena/placing.ts";

describe("a world", () => {
  const view = { zone: 0, world: 0, worlds: 2, holder: undefined, nobodyMs: 0, ownIdleMs: 0 };

  test("claims its own zone at once, and stands by for its neighbour's once that is held", () => {
    expect(claims(view)).toBe(true);
    expect(claims({ ...view, world: 1 })).toBe(false);
    expect(claims({ ...view, world: 1, holder: 0 })).toBe(true);
    expect(claims({ ...view, world: 2, worlds: 3, holder: 0 })).toBe(false);
    expect(claims({ ...view, world: 2, worlds: 3, nobodyMs: 10_000 })).toBe(true);
  });

  test("hands a zone over to its own world once that has been back for a while", () => {
    expect(handsOver({ ...view, world: 1, holder: 1, ownIdleMs: 10_000 })).toBe(true);
    expect(handsOver({ ...view, world: 1, holder: 1, ownIdleMs: 100 })).toBe(false);
    expect(handsOver({ ...view, holder: 0, ownIdleMs: 10_000 })).toBe(false);
  });
});
