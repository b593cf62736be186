import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DeadlineHeap } from "../../../src/core/frame/deadline-heap.ts";
import { Deadlines } from "../../../src/core/frame/deadlines.ts";

/** Notes when it is expired. */
class Sleeper {
  readonly name: number;
  readonly #log: number[];

  constructor(name: number, log: number[]) {
    this.name = name;
    this.#log = log;
  }

  handleTimeout(): void {
    this.#log.push(this.name);
  }
}

const KINDS = [
  { what: "deadlines of a handful", Kind: Deadlines },
  { what: "deadlines of thousands", Kind: DeadlineHeap },
];

function deadlineRig(Kind: typeof Deadlines, maxFrameMs = 1_000) {
  const log: number[] = [];
  const sleepers = Array.from({ length: 40 }, (_, name) => new Sleeper(name, log));
  return { log, sleepers, deadlines: new Kind<Sleeper>(maxFrameMs) };
}

describe.each(KINDS)("$what", ({ Kind }) => {
  test("expire those who are due, the earliest first, once each", () => {
    const { log, sleepers, deadlines } = deadlineRig(Kind);
    const [first, second, third, fourth] = sleepers as [Sleeper, Sleeper, Sleeper, Sleeper];
    deadlines.set(first, 30);
    deadlines.set(second, 10);
    deadlines.set(third, 20);
    deadlines.set(fourth, 10.5);
    expect(deadlines.dueInMs).toBe(10);
    deadlines.pass({ deltaMs: 9 });
    expect([log, deadlines.dueInMs]).toEqual([[], 1]);
    deadlines.pass({ deltaMs: 11 });
    expect(log).toEqual([1, 3, 2]);
    deadlines.pass({ deltaMs: 100 });
    deadlines.pass({ deltaMs: 100 });
    expect([log, deadlines.dueInMs]).toEqual([[1, 3, 2, 0], Infinity]);
  });

  test("can be begun again by the one who is expired", () => {
    const deadlines = new Kind<{ handleTimeout(): void }>(1_000);
    let expired = 0;
    const member = {
      handleTimeout(): void {
        expired++;
        deadlines.set(member, deadlines.polledMs + 10);
      },
    };
    deadlines.set(member, 10);
    for (let frame = 0; frame < 4; frame++) deadlines.pass({ deltaMs: 5 });
    expect(expired).toBe(2);
  });

  test("a late frame counts for a bound and ends nobody; the next one does, late too", () => {
    const { log, sleepers, deadlines } = deadlineRig(Kind, 100);
    deadlines.set(sleepers[0] as Sleeper, 50);
    deadlines.set(sleepers[1] as Sleeper, 150);
    deadlines.pass({ deltaMs: 60_000 });
    expect([log, deadlines.polledMs, deadlines.dueInMs]).toEqual([[], 100, 0]);
    deadlines.pass({ deltaMs: 1 });
    expect(log).toEqual([0]);
    deadlines.pass({ deltaMs: 60_000 });
    expect(log).toEqual([0]);
    deadlines.pass({ deltaMs: 60_000 });
    expect(log).toEqual([0, 1]);
  });

  test("of a call begin with the next frame, so that the frame before it does not count", () => {
    const { log, sleepers, deadlines } = deadlineRig(Kind);
    const [first, second, third] = sleepers as [Sleeper, Sleeper, Sleeper];
    deadlines.begin(first, 30);
    expect(deadlines.dueInMs).toBe(0); // only a frame begins it
    deadlines.pass({ deltaMs: 900 });
    expect([log, deadlines.dueInMs]).toEqual([[], 30]);
    deadlines.begin(second, 0);
    deadlines.begin(third, 10);
    deadlines.begin(third, Infinity);
    deadlines.begin(first, 50); // replaces the one that runs
    deadlines.pass({ deltaMs: 29 });
    expect([log, deadlines.dueInMs]).toEqual([[1], 50]);
    deadlines.pass({ deltaMs: 50 });
    expect([log, deadlines.dueInMs]).toEqual([[1, 0], Infinity]);
  });

  test("of a call are replaced by one of a frame, and taken away with it", () => {
    const { log, sleepers, deadlines } = deadlineRig(Kind);
    const [first, second] = sleepers as [Sleeper, Sleeper];
    deadlines.begin(first, 10);
    deadlines.set(first, 100);
    deadlines.begin(second, 10);
    deadlines.set(second, Infinity);
    deadlines.pass({ deltaMs: 1 });
    expect(deadlines.dueInMs).toBe(99);
    deadlines.pass({ deltaMs: 99 });
    expect(log).toEqual([0]);
  });

  test("of a call begin in a late frame too, and have their whole time after it", () => {
    const { log, sleepers, deadlines } = deadlineRig(Kind, 100);
    deadlines.begin(sleepers[0] as Sleeper, 50);
    deadlines.pass({ deltaMs: 60_000 });
    deadlines.pass({ deltaMs: 49 });
    expect([log, deadlines.dueInMs]).toEqual([[], 1]);
    deadlines.pass({ deltaMs: 1 });
    expect(log).toEqual([0]);
  });

  test("do what a plain list would do, whatever is begun, replaced and taken away", () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant("begin" as const), who: fc.nat(39), ms: fc.nat(60) }),
      fc.record({ what: fc.constant("set" as const), who: fc.nat(39), ms: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ what: fc.constant("clear" as const), who: fc.nat(39), ms: fc.constant(0) }),
      fc.record({ what: fc.constant("pass" as const), who: fc.constant(0), ms: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const { log, sleepers, deadlines } = deadlineRig(Kind);
        const model = new Map<number, number>();
        const beginning = new Map<number, number>();
        for (const { what, who, ms } of steps) {
          const sleeper = sleepers[who] as Sleeper;
          if (what === "begin") {
            deadlines.begin(sleeper, ms);
            model.delete(who);
            beginning.set(who, ms);
          } else if (what === "set") {
            beginning.delete(who);
            deadlines.set(sleeper, deadlines.polledMs + ms);
            model.set(who, deadlines.polledMs + ms);
          } else if (what === "clear") {
            deadlines.set(sleeper, Infinity);
            model.delete(who);
            beginning.delete(who);
          } else {
            log.length = 0;
            deadlines.pass({ deltaMs: ms });
            for (const [name, lengthMs] of beginning) model.set(name, deadlines.polledMs + lengthMs);
            beginning.clear();
            const due = [...model].filter(([, untilMs]) => untilMs <= deadlines.polledMs);
            for (const [name] of due) model.delete(name);
            expect(log.toSorted((a, b) => a - b)).toEqual(
              due.map(([name]) => name).toSorted((a, b) => a - b),
            );
          }
          const soonest = Math.min(Infinity, ...model.values()) - deadlines.polledMs;
          expect(deadlines.dueInMs).toBe(beginning.size > 0 ? 0 : soonest);
        }
      }),
      { seed: 14_900, numRuns: 500 },
    );
  });
});
