/** The work of transports, links, acceptors and datagram links, which each poll does first. */
import { expect, test } from "vitest";
import { lines, memory, Poller, type Transport, waitForActivity } from "../../src/index.ts";
import { ScriptedLink } from "./scripted-link.ts";

test("a poll sends what was not flushed, then has the work done, and shows what it brings", () => {
  const link = new ScriptedLink();
  const poller = new Poller();
  const calls: unknown[] = [];
  const pump = (nowMs: number, by: object): number => {
    calls.push([nowMs, by === poller, link.written]);
    link.say("in time for this frame");
    return Infinity;
  };
  const near = poller.connect({ connect: () => link, pump }, lines());
  link.events.opened();
  poller.poll(10);
  near.trySend("hello");
  expect(calls).toEqual([[10, true, ""]]);
  expect([...near]).toEqual(["in time for this frame"]);
  poller.poll(26);
  expect(calls.slice(1)).toEqual([[26, true, "hello\n"]]);
});

test("transports with the same work have it done once, until it is over", () => {
  const poller = new Poller();
  let calls = 0;
  const pump = (): number | undefined => (++calls < 3 ? 5 : undefined);
  for (let count = 0; count < 4; count++) {
    poller.connect({ connect: () => new ScriptedLink(), pump }, lines());
  }
  for (let frame = 1; frame <= 5; frame++) poller.poll(frame);
  expect(calls).toBe(3);
  expect(poller.connect({ connect: () => new ScriptedLink(), pump }, lines()).state).toBe("connecting");
  poller.poll(6);
  poller.poll(7);
  expect(calls).toBe(4);
});

test("what a transport makes has its work done too, and as its own", () => {
  const poller = new Poller();
  const pumped: (readonly [number, number])[] = [];
  const wire = memory();
  const transport: Transport = {
    connect: () => working(wire.connect()),
    listen: () => working(wire.listen()),
    bind: () => working(wire.bind()),
  };
  const made: unknown[] = [];
  function working<Made extends object>(one: Made): Made {
    made.push(one);
    return Object.assign(one, {
      pump(this: unknown, nowMs: number) {
        pumped.push([made.indexOf(this), nowMs]);
        return Infinity;
      },
    });
  }
  poller.listen(transport, lines());
  poller.bind(transport, lines());
  poller.connect(transport, lines());
  poller.poll(3);
  expect(pumped).toEqual([
    [0, 3],
    [1, 3],
    [2, 3],
  ]);
});

test("the next poll is due when the first of them wants it, or a deadline passes", () => {
  const due = (pumpsMs: readonly (number | undefined)[], timeoutMs: number): number => {
    const poller = new Poller({ timeoutMs });
    const times: number[] = [];
    for (const dueInMs of pumpsMs) {
      const pump = (nowMs: number): number | undefined => {
        times.push(nowMs);
        return dueInMs;
      };
      poller.connect({ connect: () => new ScriptedLink(), pump }, lines());
    }
    poller.poll(40);
    const inMs = poller.dueInMs();
    expect(times.every((nowMs) => nowMs === 40)).toBe(true);
    return inMs;
  };
  expect(due([50, 20, Infinity], 100)).toBe(20);
  expect(due([50, undefined, 30], 10)).toBe(10);
  expect(due([undefined, Infinity], Infinity)).toBe(Infinity);
});

test("no pump is called before the first poll, which is due then, as there is no time yet", async () => {
  const times: number[] = [];
  const pump = (nowMs: number): number => {
    times.push(nowMs);
    return 1_000;
  };
  const poller = new Poller();
  expect(poller.dueInMs()).toBe(Infinity);
  poller.connect({ connect: () => new ScriptedLink(), pump }, lines());
  expect(poller.dueInMs()).toBe(0);
  expect(await waitForActivity(poller, 10_000)).toBe(true);
  expect(times).toEqual([]);
  poller.poll(7_000_000);
  expect(poller.dueInMs()).toBe(1_000);
  expect(times).toEqual([7_000_000, 7_000_000]);
});
