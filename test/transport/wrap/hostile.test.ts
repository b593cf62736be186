/** Odd cases: everything at once at random, calls from within events, thousands that are idle, time that stands still. */
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Acceptor,
  type Conditions,
  conditioned,
  type Link,
  lines,
  memory,
  Poller,
  type Transport,
} from "../../../src/index.ts";
import { ConditionedLink } from "../../../src/transport/wrap/conditioned-link.ts";
import { SEED } from "../../seed.ts";
import { TestedEnd } from "../link-pair.ts";
import { SlowRig } from "./slow-rig.ts";

afterEach(() => void vi.restoreAllMocks());

const conditionsArbitrary: fc.Arbitrary<Conditions> = fc.record(
  {
    latencyMs: fc.constantFrom(0, 0, 15, 100),
    jitterMs: fc.constantFrom(0, 10, 80),
    bytesPerSecond: fc.constantFrom(Infinity, 5_000, 1_000_000),
    queueBytes: fc.constantFrom(1, 100, 5_000, 65_536),
    lossChance: fc.constantFrom(0, 0.1, 1),
    stall: fc.constantFrom({ everyMs: 50, forMs: 40 }, { everyMs: 1, forMs: 1 }),
  },
  { requiredKeys: [] },
);

const step = fc.oneof(
  fc.tuple(fc.constant("write" as const), fc.integer({ min: 0, max: 3_000 })),
  fc.tuple(fc.constant("pump" as const), fc.constantFrom(0, 1, 10, 16.7, 400)),
  fc.tuple(fc.constantFrom("pause", "resume", "probe", "blackhole", "heal"), fc.constant(0)),
  fc.tuple(fc.constant("set" as const), conditionsArbitrary),
);

/** Bytes that tell their place in the stream. */
function counted(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (from + index) * 31 + ((from + index) >> 8));
}

describe("whatever happens in whatever order", () => {
  test("a stream loses nothing, repeats nothing and overtakes nothing, and its events keep their order", () => {
    const run = fc.property(
      fc.boolean(),
      fc.constantFrom(1, 700, Infinity),
      conditionsArbitrary,
      fc.array(fc.tuple(fc.constantFrom(0 as const, 1 as const), step), { maxLength: 60 }),
      fc.constantFrom("end", "endSending", "abort", "cut"),
      (isAccepting, pieceBytes, conditions, steps, ending) => {
        const wire = memory({ pieceBytes, allowHalfOpen: true });
        const slow = conditioned(wire, conditions);
        const acceptor = (isAccepting ? slow : wire).listen?.() as Acceptor;
        const ends: TestedEnd[] = [];
        const streams = [new StreamCheck(), new StreamCheck()] as const;
        acceptor.attach({
          listening: () => {},
          incoming: (link) => void ends.push(new TestedEnd(streams[1].watch(link))),
          handshaking: () => {
            throw new Error("there is no handshake in memory");
          },
          rejected: () => {},
          closed: () => {},
        });
        const near = new TestedEnd(streams[0].watch((isAccepting ? wire : slow).connect?.() as Link));
        const far = ends[0] as TestedEnd;
        const both = [near, far] as const;
        const poller = {};
        let time = 0;
        const pump = (passMs: number) => {
          time += passMs;
          slow.pump?.(time, poller);
          acceptor.pump?.(time, poller);
          for (const { link } of both) link.pump?.(time, poller);
        };
        pump(0);
        for (let count = 0; count < 100 && !near.has("opened"); count++) pump(100);
        for (const [who, [what, value]] of steps) {
          const end = both[who];
          if (what === "write") end.write(streams[who].take(value as number));
          else if (what === "pump") pump(value as number);
          else if (what === "set") slow.set(value as Conditions);
          else if (what === "blackhole") slow.blackhole(who === 0 ? "send" : "receive");
          else if (what === "heal") slow.heal();
          else end.link[what as "pause"]?.();
        }
        slow.heal();
        for (const end of both) end.link.resume();
        if (ending === "cut") slow.cut();
        else near.link[ending]();
        if (ending !== "abort" && ending !== "cut") far.link.endSending();
        slow.set({ bytesPerSecond: 1_000_000 });
        for (let count = 0; count < 3_000 && !both.every((end) => end.has("closed")); count++) {
          pump(20);
          if (ending === "end" && far.has("ended")) far.link.end();
        }
        if (ending === "endSending") for (const { link } of both) link.abort();
        pump(0);
        for (const end of both) {
          end.check();
          expect(end.has("closed")).toBe(true);
        }
        streams[0].expectFrom(streams[1], ending === "endSending");
        streams[1].expectFrom(streams[0], ending === "end" || ending === "endSending");
      },
    );
    fc.assert(run, { numRuns: 400, seed: SEED });
  }, 300_000);
});

/** What one end has written and received, byte by byte. */
class StreamCheck {
  written = 0;
  received = 0;
  isGarbled = false;
  #isOver = false;

  take(length: number): Uint8Array {
    if (this.#isOver) return new Uint8Array(0);
    this.written += length;
    return counted(this.written - length, length);
  }

  /** The same link, whose bytes are looked at. */
  watch(link: Link): Link {
    const { attach } = link;
    link.attach = (events) =>
      attach.call(link, {
        opened: () => events.opened(),
        partial: (sizeBytes) => events.partial(sizeBytes),
        suspended: () => events.suspended(),
        resumed: () => events.resumed(),
        drained: (sizeBytes) => events.drained(sizeBytes),
        ended: (reason) => events.ended(reason),
        closed: (reason) => {
          this.#isOver = true;
          events.closed(reason);
        },
        received: (bytes) => {
          const expected = counted(this.received, bytes.length);
          this.isGarbled ||= bytes.some((byte, index) => byte !== expected[index]);
          this.received += bytes.length;
          events.received(bytes);
        },
      });
    return link;
  }

  expectFrom(sender: StreamCheck, isWhole: boolean): void {
    expect(this.isGarbled).toBe(false);
    if (isWhole) expect(this.received).toBe(sender.written);
    else expect(this.received).toBeLessThanOrEqual(sender.written);
  }
}

describe("a call from within an event", () => {
  test("may end everything, whichever it is", () => {
    for (const call of ["cut", "abort", "close", "blackhole", "set", "pause"] as const) {
      const rig = new SlowRig({ latencyMs: 20 });
      const { near, far } = rig.pair();
      for (let count = 0; count < 5; count++) far.trySend("x");
      rig.client.on("close", () => rig.slow.cut());
      rig.client.on("drain", () => rig.slow.cut());
      let isCalled = false;
      const codec = lines();
      const other = rig.client.connect(rig.slow, {
        ...codec,
        decoder: () => {
          const decoder = codec.decoder();
          return {
            ...decoder,
            decode: (bytes, sink) => {
              if (!isCalled) {
                isCalled = true;
                if (call === "abort" || call === "close") other[call]();
                else if (call === "set") rig.slow.set({});
                else if (call !== "pause") rig.slow[call]();
              }
              decoder.decode(bytes, sink);
            },
          };
        },
      });
      let accepted: typeof far | undefined;
      rig.until(() => (accepted ??= rig.listener.tryAccept()) !== undefined && other.state === "open");
      for (let count = 0; count < 20; count++) accepted?.trySend("hello");
      rig.pass(300);
      expect(isCalled).toBe(true);
      rig.slow.heal();
      rig.pass(300);
      expect([near.state, other.state].every((state) => state !== "connecting")).toBe(true);
    }
  });
});

describe("a thousand links", () => {
  test("that are idle cost a pump nothing, and the one that is not is served", () => {
    const wire = memory();
    let pumps = 0;
    const counting: Transport = {
      connect: () => {
        const link = wire.connect();
        link.pump = () => {
          pumps++;
          return undefined;
        };
        return link;
      },
    };
    const slow = conditioned(counting, "mobile");
    const run = vi.spyOn(ConditionedLink.prototype, "run");
    const visits = () => run.mock.calls.length;
    const [server, client] = [new Poller({ acceptLimit: 2_000 }), new Poller()];
    const listener = server.listen(wire, lines());
    const near = Array.from({ length: 1_000 }, () => client.connect(slow, lines()));
    for (let time = 0; time < 500; time += 10) {
      client.poll(time);
      server.poll(time);
    }
    expect(near.every(({ state }) => state === "open")).toBe(true);
    const accepted = Array.from({ length: 1_000 }, () => listener.tryAccept());
    const before = [pumps, visits()];
    for (let time = 500; time < 1_000; time += 10) client.poll(time);
    expect([pumps, visits()]).toEqual(before);
    near[500]?.trySend("me");
    for (let time = 1_000; time < 1_500; time += 10) {
      client.poll(time);
      server.poll(time);
    }
    expect(accepted.flatMap((one) => [...(one ?? [])])).toEqual(["me"]);
    expect(visits()).toBeLessThan((before[1] ?? 0) + 10);
  });
});

describe("time", () => {
  test("that stands still delivers nothing late, and that jumps delivers all that is due, in order", () => {
    const rig = new SlowRig({ latencyMs: 50, jitterMs: 20, lossChance: 0.1 });
    const { near, far } = rig.pair();
    for (let index = 0; index < 100; index++) {
      near.trySend(`${index}`);
      rig.pass(5, 5);
    }
    const [gotMs, before] = [rig.time, [...far]];
    for (let count = 0; count < 100; count++) rig.frame(0);
    expect([rig.time, [...far]]).toEqual([gotMs, []]);
    rig.frame(86_400_000);
    expect([...before, ...far]).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
  });
});
