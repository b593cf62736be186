import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RoundRobin } from "../../../src/core/storage/round-robin.ts";
import { check } from "../../codec/properties.ts";

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

describe("RoundRobin", () => {
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

  test("makes the steps of a plain queue, whatever the members, the budgets and the frames", () => {
    const names = ["a", "b", "c", "d", "e"];
    const frame = fc.record({
      offered: fc.subarray(names),
      budgets: fc.array(fc.nat(6), { maxLength: 4 }),
    });
    check(
      fc.property(fc.array(fc.nat(4), { minLength: 5, maxLength: 5 }), fc.array(frame), (steps, frames) => {
        const counts = Object.fromEntries(names.map((name, index) => [name, steps[index] ?? 0]));
        const { turns, made, run } = players(counts);
        const left = { ...counts };
        const expected: string[] = [];
        let next: string | undefined;
        for (const [tick, { offered, budgets }] of frames.entries()) {
          // The queue begins anew with each frame, where the last one stopped.
          const at = Math.max(0, offered.indexOf(next ?? ""));
          let queue = [...offered.slice(at), ...offered.slice(0, at)];
          for (const name of offered) turns.add(name, tick + 1);
          for (const budget of offered.length > 0 ? budgets : []) {
            for (let spent = 0; ; spent++) {
              queue = queue.filter((name) => (left[name] ?? 0) > 0);
              const [first, ...others] = queue;
              if (first === undefined || spent === budget) break;
              expected.push(first);
              left[first] = (left[first] ?? 0) - 1;
              queue = [...others, first];
            }
            next = queue[0];
            const sum = queue.reduce((total, name) => total + (left[name] ?? 0), 0);
            expect(run(budget)).toBe(sum);
            expect(made).toEqual(expected);
          }
        }
      }),
    );
  });

  test("keeps turns, counts and fairness whatever steps throw, under budgets and without", () => {
    const names = ["a", "b", "c", "d"];
    const call = fc.record({ budget: fc.option(fc.nat(8)), throwsAt: fc.option(fc.nat(10)) });
    const frame = fc.record({ offered: fc.shuffledSubarray(names), calls: fc.array(call, { maxLength: 5 }) });
    check(
      fc.property(fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }), fc.array(frame), (steps, frames) => {
        const left = new Map(names.map((name, index) => [name, steps[index] ?? 0]));
        const turns = new RoundRobin<string>({ remaining: (name) => left.get(name) ?? 0 });
        let next: string | undefined;
        for (const [tick, { offered, calls }] of frames.entries()) {
          for (const name of offered) turns.add(name, tick + 1);
          const at = Math.max(0, offered.indexOf(next ?? ""));
          let queue = [...offered.slice(at), ...offered.slice(0, at)];
          for (const { budget, throwsAt } of offered.length > 0 ? calls : []) {
            const plan = plannedCall(queue, left, { budget, throwsAt });
            const made: string[] = [];
            const take = (name: string): void => {
              made.push(name);
              left.set(name, (left.get(name) ?? 0) - 1);
              if (made.length - 1 === throwsAt) throw new Error("a step threw");
            };
            const step = (name: string): boolean => {
              if (made.length === budget) return false;
              take(name);
              return true;
            };
            const takeAll = (name: string): void => {
              while ((left.get(name) ?? 0) > 0) take(name);
            };
            const run = (): number => (budget === null ? turns.runAll(takeAll) : turns.run(step));
            if (plan.throws) expect(run).toThrow("a step threw");
            else expect(run()).toBe(sumOf(left, plan.queue));
            expect(made).toEqual(plan.made);
            queue = plan.queue;
            next = queue[0];
          }
        }
      }),
    );
  });
});

/** What a call does by a plain queue: the steps it makes, and who comes next. Changes nothing. */
function plannedCall(
  names: readonly string[],
  counts: ReadonlyMap<string, number>,
  { budget, throwsAt }: { readonly budget: number | null; readonly throwsAt: number | null },
): { readonly made: string[]; readonly queue: string[]; readonly throws: boolean } {
  const left = new Map(counts);
  const made: string[] = [];
  let queue = [...names];
  for (;;) {
    queue = queue.filter((name) => (left.get(name) ?? 0) > 0);
    const [first, ...others] = queue;
    if (first === undefined || made.length === budget) return { made, queue, throws: false };
    made.push(first);
    left.set(first, (left.get(first) ?? 0) - 1);
    const throws = made.length - 1 === throwsAt;
    // Without a budget a turn is all that a member has; one that throws is over.
    const staysFirst = budget === null && !throws;
    queue = staysFirst ? queue : [...others, first];
    if (throws) return { made, queue: queue.filter((name) => (left.get(name) ?? 0) > 0), throws };
  }
}

function sumOf(counts: ReadonlyMap<string, number>, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
}
