import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../codec/properties.ts";
import { lineRig, type Rig } from "../../rig.ts";

/** So many players, each of whom has said `count` lines `<player>.<number>` in this frame. */
function talking(players: number, count: number, clock: () => number = () => 0): Rig {
  const rig = lineRig({ server: { clock } });
  for (let player = 0; player < players; player++) {
    const { near } = rig.pair();
    for (let index = 0; index < count; index++) near.trySend(`${player}.${index}`);
  }
  rig.client.flush();
  rig.pollServer();
  return rig;
}

describe("drain", () => {
  test("hands out all messages of this frame, one connection after the other", () => {
    const rig = talking(3, 2);
    const received: string[] = [];
    const left = rig.listener.drain((connection, text) => received.push(`${connection.id}:${text}`));
    expect(left).toBe(0);
    expect(received).toEqual(["1:0.0", "1:0.1", "2:1.0", "2:1.1", "3:2.0", "3:2.1"]);
    expect(rig.listener.drain(() => received.push("again"))).toBe(0);
    expect(received).toHaveLength(6);
  });

  test.for([{ messages: 6 }, { bytes: 1_000 }, { ms: 1_000 }])(
    "hands them out in turns, one of each connection, under a budget: %o",
    (budget) => {
      const rig = talking(3, 2);
      const received: string[] = [];
      expect(rig.listener.drain((_, text) => received.push(text), budget)).toBe(0);
      expect(received).toEqual(["0.0", "1.0", "2.0", "0.1", "1.1", "2.1"]);
    },
  );

  test("hands out the same messages in runs as in turns, for any traffic", () => {
    const talk = fc.array(fc.nat(6), { minLength: 1, maxLength: 5 });
    check(
      fc.property(talk, (counts) => {
        const [runs, turns] = [undefined, { messages: 1_000 }].map((budget) => {
          const rig = lineRig();
          const pairs = counts.map(() => rig.pair());
          for (const [player, count] of counts.entries()) {
            for (let index = 0; index < count; index++) pairs[player]?.near.trySend(`${index}`);
          }
          rig.client.flush();
          rig.pollServer();
          const received = new Map<number, string[]>();
          const left = rig.listener.drain(({ id }, text) => {
            received.set(id, [...(received.get(id) ?? []), text]);
          }, budget);
          return { left, received };
        });
        expect(runs).toEqual(turns);
      }),
    );
  });

  test("stops at its budget of messages, says what is left, and goes on there", () => {
    const rig = talking(3, 2);
    const received: string[] = [];
    const callback = (_: unknown, text: string) => received.push(text);
    expect(rig.listener.drain(callback, { messages: 2 })).toBe(4);
    expect(rig.listener.drain(callback, { messages: 0 })).toBe(4);
    rig.pollServer();
    expect(rig.listener.drain(callback, { messages: 2 })).toBe(2);
    rig.pollServer();
    expect(rig.listener.drain(callback)).toBe(0);
    expect(received).toEqual(["0.0", "1.0", "2.0", "0.1", "1.1", "2.1"]);
  });

  test.each([
    [0, 0],
    [4, 1],
    [5, 2],
    [8, 2],
  ])("stops at its budget of %d bytes, with the message that reaches it: after %d", (bytes, count) => {
    const rig = talking(2, 2); // messages of 4 bytes, with the end of the line
    const received: string[] = [];
    expect(rig.listener.drain((_, text) => received.push(text), { bytes })).toBe(4 - count);
    expect(received).toEqual(["0.0", "1.0"].slice(0, count));
  });

  test("stops at its budget of milliseconds, looking at the clock every 16 messages", () => {
    let looks = 0;
    const rig = talking(1, 100, () => 10 * looks++);
    looks = 0;
    const received: string[] = [];
    const left = rig.listener.drain((_, text) => received.push(text), { ms: 25 });
    expect(received).toHaveLength(32);
    expect(left).toBe(68);
    expect(looks).toBe(4); // at the start, before message 0, 16 and 32
  });

  test.each([
    [10, 0],
    [20, 16],
    [25, 32],
  ])("a budget of %d ms is used up when that time has passed: after %d messages", (ms, count) => {
    let looks = 0;
    const rig = talking(1, 100, () => 10 * looks++);
    looks = 0;
    const received: string[] = [];
    // The clock says 10 before the first message, 20 before the 17th, and so on, after it began at 0.
    expect(rig.listener.drain((_, text) => received.push(text), { ms })).toBe(100 - count);
    expect(received).toHaveLength(count);
  });

  test("serves everyone in turn although one floods, frame after frame", () => {
    const rig = lineRig();
    const flood = rig.pair();
    const calm = [rig.pair(), rig.pair()];
    const received = new Map<number, number>();
    for (let frame = 0; frame < 30; frame++) {
      for (let count = 0; count < 50; count++) flood.near.trySend("flood");
      for (const { near } of calm) near.trySend("calm");
      rig.client.flush();
      rig.pollServer();
      rig.listener.drain(
        (connection) => received.set(connection.id, (received.get(connection.id) ?? 0) + 1),
        {
          messages: 3,
        },
      );
    }
    expect([...received.values()]).toEqual([30, 30, 30]);
  });

  test("skips a connection that the callback has closed or emptied", () => {
    const rig = talking(3, 2);
    const [first, second] = [...rig.listener.connections];
    const received: string[] = [];
    rig.listener.drain((connection, text) => {
      received.push(text);
      if (connection === first) second?.close();
      else connection.tryRecv();
    });
    expect(received).toEqual(["0.0", "0.1", "2.0"]);
  });

  test("passes on an error of the callback, and loses only the message it was given", () => {
    const rig = talking(2, 2);
    const received: string[] = [];
    const callback = (_: unknown, text: string) => {
      if (text === "1.0") throw new Error("a bug in the game");
      received.push(text);
    };
    expect(() => rig.listener.drain(callback)).toThrow("a bug in the game");
    rig.listener.drain(callback);
    expect(received.sort()).toEqual(["0.0", "0.1", "1.1"]);
  });

  test("throws when it is called from its own callback", () => {
    const rig = talking(2, 1);
    expect(() => rig.listener.drain(() => rig.listener.drain(() => {}))).toThrow(
      "drain: called from within drain()",
    );
    const received: string[] = [];
    rig.listener.drain((_, text) => received.push(text));
    expect(received).toEqual(["1.0"]);
  });

  test("leaves connections alone until they are accepted", () => {
    const rig = lineRig();
    rig.connect().trySend("hello");
    rig.pollBoth();
    rig.client.flush();
    rig.pollServer();
    const received: string[] = [];
    rig.listener.drain((_, text) => received.push(text));
    expect(received).toEqual([]);
    rig.listener.tryAccept();
    rig.listener.drain((_, text) => received.push(text));
    expect(received).toEqual(["hello"]);
  });

  test("goes on after a visitor that throws: fair turns, the right count, and each message once", () => {
    const { rig, received } = crowdOf([1, 5, 5]);
    let visits = 0;
    const third = (): void => {
      if (++visits === 3) throw new Error("a bug in the game");
    };
    expect(() => rig.listener.drain(third, { messages: 100 })).toThrow("a bug in the game");
    expect(rig.listener.drain((from, text) => received.push(`${from.id}:${text}`), { messages: 3 })).toBe(5);
    expect(received).toEqual(["2:1", "3:1", "2:2"]);
    expect([...rig.listener.connections].map(({ receiver }) => receiver.ready)).toEqual([0, 2, 3]);
  });

  test("visits each message once and counts those that are left, whatever visitors throw", () => {
    const call = fc.record({
      budget: fc.constantFrom(undefined, { messages: 0 }, { messages: 1 }, { messages: 3 }, { bytes: 5 }),
      throwsAt: fc.option(fc.nat(6)),
    });
    check(
      fc.property(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
        fc.array(call, { maxLength: 8 }),
        (counts, calls) => {
          const { rig, received } = crowdOf(counts);
          for (const { budget, throwsAt } of calls) {
            let visits = 0;
            const visit = (from: { readonly id: number }, text: string): void => {
              received.push(`${from.id}:${text}`);
              if (visits++ === throwsAt) throw new Error("a bug in the game");
            };
            const total = counts.reduce((sum, count) => sum + count, 0);
            try {
              expect(rig.listener.drain(visit, budget)).toBe(total - received.length);
            } catch (error) {
              if (!(error instanceof Error) || error.message !== "a bug in the game") throw error;
            }
          }
          rig.listener.drain((from, text) => received.push(`${from.id}:${text}`));
          const sent = counts.flatMap((count, at) =>
            Array.from({ length: count }, (_, n) => `${at + 1}:${n}`),
          );
          expect([...received].sort()).toEqual(sent.sort());
          for (const [at] of counts.entries()) {
            const own = received.filter((text) => text.startsWith(`${at + 1}:`));
            expect(own).toEqual([...own].sort()); // in the order of sending
          }
        },
      ),
    );
  });

  test("names the budget that is no number", () => {
    const { listener } = lineRig();
    expect(() => listener.drain(() => {}, { messages: -1 })).toThrow("messages: expected");
    expect(() => listener.drain(() => {}, { ms: Number.NaN })).toThrow("ms: expected");
    expect(() => listener.drain(() => {}, null as never)).toThrow("budget: expected an object, got null");
    expect(() => listener.drain(() => {}, { message: 1 } as never)).toThrow(
      "message: there is no such option",
    );
  });
});

/** Accepted connections that have sent so many messages each, "0", "1" and so on, in a frame that shows all. */
function crowdOf(counts: readonly number[]) {
  const rig = lineRig();
  const pairs = counts.map(() => rig.pair());
  for (const [at, { near }] of pairs.entries()) {
    for (let count = 0; count < (counts[at] ?? 0); count++) near.trySend(`${count}`);
  }
  rig.client.flush();
  rig.pollServer();
  const received: string[] = [];
  return { rig, received };
}
