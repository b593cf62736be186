import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConnectionSet } from "../../../src/core/storage/connection-set.ts";

interface Member {
  readonly id: number;
}

describe("a connection set", () => {
  test("holds whom a Set would hold, in the same order, whoever comes and goes", () => {
    const step = fc.oneof({ weight: 3, arbitrary: fc.constant("come") }, { weight: 2, arbitrary: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
        const connections = new ConnectionSet<Member>();
        const set = new Set<Member>();
        const all: Member[] = [];
        for (const what of steps) {
          if (what === "come") {
            const member = { id: all.length + 1 };
            all.push(member);
            connections.add(member);
            set.add(member);
          } else {
            const member = all[Number(what) % all.length];
            if (member === undefined) continue;
            connections.delete(member);
            set.delete(member);
          }
        }
        expect([...connections]).toEqual([...set]);
        expect([...connections.keys()]).toEqual([...set.keys()]);
        expect([...connections.entries()]).toEqual([...set.entries()]);
        expect(connections.size).toBe(set.size);
        for (const member of all) expect(connections.has(member)).toBe(set.has(member));
        const visited: Member[] = [];
        connections.forEach((member) => {
          visited.push(member);
        });
        expect(visited).toEqual([...set]);
      }),
      { seed: 14_900 },
    );
  });

  test.each([
    ["all those before it", (id: number, at: number) => id < at],
    ["all those before it, and itself", (id: number, at: number) => id <= at],
    ["every second one, and itself", (id: number, at: number) => id % 2 === 0 || id === at],
    ["all but the last", (id: number) => id !== 200],
  ])("goes on with the next member when %s leave under way", (_, leaves) => {
    for (const at of [1, 100, 150, 199]) {
      const connections = new ConnectionSet<Member>();
      const members = Array.from({ length: 200 }, (_, index) => ({ id: index + 1 }));
      for (const member of members) connections.add(member);
      const seen: number[] = [];
      for (const { id } of connections) {
        seen.push(id);
        if (id !== at) continue;
        for (const member of members) if (leaves(member.id, at)) connections.delete(member);
      }
      const expected = members.map(({ id }) => id).filter((id) => id <= at || !leaves(id, at));
      expect(seen).toEqual(expected);
    }
  });

  test("is walked through as a Set is, though members leave and come under way", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(199), { minLength: 1, maxLength: 400, size: "max" }), (leaving) => {
        const walk = (
          here: { add(member: Member): unknown; delete(member: Member): unknown } & Iterable<Member>,
        ) => {
          const members = Array.from({ length: 200 }, (_, id) => ({ id }));
          for (const member of members) here.add(member);
          const seen: number[] = [];
          let at = 0;
          for (const member of here) {
            seen.push(member.id);
            for (const id of leaving.slice(at, at + 5)) here.delete(members[id] as Member);
            if (at === 5) here.add({ id: 200 });
            at += 5;
          }
          return seen;
        };
        expect(walk(new ConnectionSet<Member>())).toEqual(walk(new Set<Member>()));
      }),
      { seed: 14_901 },
    );
  });
});
