import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLong, SEED } from "../../seed.ts";
import {
  BroadcastRig,
  DEEDS,
  type KeepingLink,
  oneByOne,
  type Step,
  together,
} from "../listen/broadcast-rig.ts";

/** What each rig begins with. */
const BEGIN: readonly Step[] = [
  ...Array.from({ length: 5 }, (_, index): Step => ["arrive", index, 0, 0]),
  ["poll", 0, 0, 0],
  ...Array.from({ length: 5 }, (_, index): Step => ["accept", index, 0, 0]),
];

const lengths = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.constantFrom(0, 500, 1_100, 3_000, 66_000) },
);
const steps = fc.array(fc.tuple(fc.constantFrom(...DEEDS), fc.nat(9), lengths, fc.nat(9)), {
  minLength: 20,
  maxLength: 70,
  size: "max",
});
const options = fc.record({
  sendLimitBytes: fc.constantFrom(60, 200, 2_000, 140_000),
  sendOverflow: fc.constantFrom("refuse", "refuse", "refuse", "drop-oldest", "close"),
});

describe("what is broadcast", () => {
  test("is seen as if each connection had been given a copy, whatever is done between", () => {
    const seen = { shared: 0, kept: 0, large: 0, refused: 0, lost: 0 };
    const property = fc.property(fc.tuple(options, options), steps, (listeners, some) => {
      const rig = new BroadcastRig(listeners, together);
      const model = new BroadcastRig(listeners, oneByOne);
      for (const [index, step] of [...BEGIN, ...some].entries()) {
        const letter = String.fromCharCode(65 + (index % 58));
        expect(rig.do(step, letter)).toEqual(model.do(step, letter));
        expect(rig.sights).toEqual(model.sights);
      }
      for (const one of [rig, model]) one.poller.close();
      expect(rig.sights).toEqual(model.sights);
      for (const link of rig.links) link.take(link.keptBytes); // looks at what it kept
      const given = rig.links.map(({ last }) => last).filter((bytes) => bytes !== undefined);
      if (new Set(given).size < given.length) seen.shared++;
      if (given.some(({ length }) => length > 65_536)) seen.large++;
      if (rig.poller.stats.refusedMessages > 0) seen.refused++;
      if (rig.poller.stats.lostSent > 0) seen.lost++;
      if (rig.links.some(({ hasKept }) => hasKept)) seen.kept++;
    });
    fc.assert(property, { seed: SEED, numRuns: isLong ? 50_000 : RUNS });
    // Or it has not tried what it is about.
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(RUNS / 50);
  }, 600_000);

  test("is one and the same run of bytes for all who were told nothing else", () => {
    const rig = new BroadcastRig([{}], together);
    const links = [rig.connect(), rig.connect(), rig.connect()];
    for (const text of ["one", "two"]) rig.listeners[0]?.broadcast(text);
    rig.connections[1]?.trySend("!");
    rig.poller.flush();
    expect(links.map(({ written }) => written)).toEqual([["onetwo"], ["onetwo!"], ["onetwo"]]);
    expect(links[2]?.last).toBe(links[0]?.last);
    expect(links[1]?.last?.buffer).not.toBe(links[0]?.last?.buffer);
  });

  test("goes to each in its own part, also where two parts are equally long", () => {
    const rig = new BroadcastRig([{}], together);
    const links = [rig.connect(), rig.connect()];
    rig.listeners[0]?.broadcast("one", { except: rig.connections[1] });
    rig.listeners[0]?.broadcast("two", { except: rig.connections[0] });
    rig.poller.flush();
    expect(links.map(({ written }) => written)).toEqual([["one"], ["two"]]);
  });

  test("goes to who came between two broadcasts from the second on", () => {
    const rig = new BroadcastRig([{}], together);
    const early = rig.connect();
    rig.do(["arrive", 0, 0, 0], "");
    rig.do(["poll", 0, 0, 0], "");
    rig.listeners[0]?.broadcast("one");
    rig.do(["accept", 0, 0, 0], "");
    rig.listeners[0]?.broadcast("two");
    rig.poller.flush();
    const late = rig.links[1];
    expect([early.written, late?.written]).toEqual([["onetwo"], ["two"]]);
    expect(late?.last?.buffer).toBe(early.last?.buffer);
  });
});

describe("the memory of what is broadcast", () => {
  function told(text: string, connections = 2) {
    const rig = new BroadcastRig([{}], together);
    for (let count = 0; count < connections; count++) rig.connect();
    const tell = (next = text) => {
      rig.listeners[0]?.broadcast(next);
      rig.poller.flush();
      expect(rig.links[0]?.last?.byteOffset).toBe(0);
      return rig.links[0]?.last?.buffer;
    };
    return { rig, tell, first: tell() };
  }

  test("is used again in the next frame", () => {
    const { tell, first } = told("hello");
    expect(tell()).toBe(first);
  });

  test("is not, when a link keeps it: nobody writes to that any more", () => {
    const { rig, tell } = told("hello");
    rig.links[1]?.stick();
    const kept = tell();
    expect(rig.links[1]?.last?.buffer).toBe(kept);
    const next = tell("others");
    expect(next).not.toBe(kept);
    expect(tell("others")).toBe(next);
    rig.links[1]?.take(5);
  });

  test("is not, when it grew over 64 KiB", () => {
    const { tell, first } = told("x".repeat(65_537));
    expect(first?.byteLength).toBe(131_072);
    expect(tell() === first).toBe(false); // not.toBe() compares all their bytes
  });

  test("does not grow with what all refuse", () => {
    const rig = new BroadcastRig([{ sendLimitBytes: 1_000 }], together);
    const link = rig.connect();
    for (let count = 0; count < 1_000; count++) rig.listeners[0]?.broadcast("x".repeat(100));
    rig.poller.flush();
    expect(link.last).toHaveLength(1_000);
    expect(link.last?.buffer.byteLength).toBe(1_024);
  });

  test("is not held up by a connection that is gone, and whose messages wait to be taken", () => {
    const { rig, tell, first } = told("hello", 3);
    rig.connections[2]?.hold();
    rig.links[2]?.say();
    rig.links[2]?.reset();
    expect(tell()).toBe(first); // it is not known yet, so it was told too
    expect(rig.connections[2]?.pendingBytes).toBe(5);
    expect(tell()).toBe(first);
  });

  test("is not held up by a connection whose link threw", () => {
    const { rig, tell } = told("hello");
    const broken = rig.links[1] as KeepingLink;
    const { write } = broken;
    broken.write = () => {
      throw new Error("a bug in the transport");
    };
    expect(() => tell()).toThrow("a bug in the transport");
    broken.write = write;
    const next = tell();
    expect(tell()).toBe(next);
  });

  test("is not held up by a connection that was aborted before the flush", () => {
    const { rig, tell, first } = told("hello");
    rig.listeners[0]?.broadcast("goodbye", { except: rig.connections[0] });
    rig.connections[1]?.abort();
    expect(tell()).toBe(first);
  });
});

const RUNS = 1_000;
