import { describe, expect, test } from "vitest";
import { RoundRobin } from "../../../src/core/storage/round-robin.ts";

/** Members with so many steps each, and the order in which steps were made. */
function players(steps: Record<string, number>) {
  const left = new Map(Object.entries(steps));
  const made: string[] = [];
  const turns = new RoundRobin<string>({ remaining: (name) => left.get(name) ?? 0 });
  const run = (most: number): number => {
    const end = made.length + most;
    return turns.run((name) => {
      if (made.length >= end) return false;
      made.push(name);
      left.set(name, (left.get(name) ?? 0) - 1);
      return true;
    });
  };
  return { turns, made, run };
}

describe("Turns", () => {
  test("gives each member one step a round, until none is left", () => {
    const { turns, made, run } = players({ a: 3, b: 1, c: 2 });
    for (const name of ["a", "b", "c"]) turns.add(name, 1);
    expect(run(Infinity)).toBe(0);
    expect(made.join("")).toBe("abcaca");
  });

  test("stops in the middle of a round and goes on there, in the same frame", () => {
    const { turns, made, run } = players({ a: 2, b: 2, c: 2 });
    for (const name of ["a", "b", "c"]) turns.add(name, 1);
    expect(run(2)).toBe(4);
    expect(run(2)).toBe(2);
    expect(run(9)).toBe(0);
    expect(made.join("")).toBe("abcabc");
  });

  test("goes on with the one who was next, in a later frame too, so nobody starves", () => {
    const { turns, made, run } = players({ flood: 100, a: 2, b: 2 });
    for (let tick = 1; tick <= 6; tick++) {
      for (const name of ["flood", "a", "b"]) turns.add(name, tick);
      run(1);
    }
    expect(made).toEqual(["flood", "a", "b", "flood", "a", "b"]);
  });

  test("forgets offers of earlier frames", () => {
    const { turns, made, run } = players({ a: 1, b: 1 });
    turns.add("a", 1);
    turns.add("b", 2);
    expect(run(9)).toBe(0);
    expect(made).toEqual(["b"]);
  });

  test("loses no turn when a step throws", () => {
    const left = new Map([
      ["a", 1],
      ["b", 1],
      ["c", 1],
    ]);
    const turns = new RoundRobin<string>({ remaining: (name) => left.get(name) ?? 0 });
    for (const name of left.keys()) turns.add(name, 1);
    const made: string[] = [];
    const step = (name: string): boolean => {
      left.set(name, 0);
      if (name === "b") throw new Error("b stumbles");
      made.push(name);
      return true;
    };
    expect(() => turns.run(step)).toThrow("b stumbles");
    expect(turns.run(step)).toBe(0);
    expect(made).toEqual(["a", "c"]);
  });
});
