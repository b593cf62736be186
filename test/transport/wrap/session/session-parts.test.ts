/** The parts of a session that know no line: what is kept to be sent again, the server's clock, the times of redials. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServerClock } from "../../../../src/transport/wrap/session/peer-clock.ts";
import { Redial } from "../../../../src/transport/wrap/session/redial.ts";
import { ResendBuffer } from "../../../../src/transport/wrap/session/resend-buffer.ts";
import { isLong, SEED } from "../../../seed.ts";

describe("what is kept to be sent again", () => {
  test("is what was appended and not dropped, at its positions, whatever the order", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("append" as const), size: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({ kind: fc.constant("drop" as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const buffer = new ResendBuffer();
        const all: number[] = [];
        let start = 0;
        for (const one of steps) {
          if (one.kind === "append") {
            const bytes = Uint8Array.from({ length: one.size }, (_, index) => all.length + index);
            buffer.append(bytes);
            all.push(...bytes);
          } else {
            start += Math.floor((all.length - start) * one.part);
            buffer.drop(start);
          }
          expect([buffer.startAt, buffer.endAt]).toEqual([start, all.length]);
          const middle = start + Math.floor((all.length - start) / 3);
          const target = new Uint8Array(all.length - middle + 2);
          buffer.copy(middle, all.length - middle, target, 1);
          expect([...target]).toEqual([0, ...all.slice(middle), 0]);
        }
      }),
      { seed: SEED, numRuns: isLong ? 2_000 : 60 },
    );
  });

  test("begins with 1 KiB, and gives a large ring back when it is empty", () => {
    const buffer = new ResendBuffer();
    buffer.append(new Uint8Array(10));
    expect(buffer.capacityBytes).toBe(1_024);
    buffer.append(new Uint8Array(200_000));
    expect(buffer.capacityBytes).toBe(262_144);
    buffer.drop(200_010);
    expect(buffer.capacityBytes).toBe(0);
  });
});

describe("the clock of a server", () => {
  /** A clock with one sample of an offset, shown at 1,000 ms. */
  const clockAt = (offsetMs: number): ServerClock => {
    const clock = new ServerClock();
    clock.take(990, 1_000, 995 + offsetMs);
    clock.show(1_000);
    return clock;
  };

  test("steps before its first use, and the error is half of the round trip", () => {
    const clock = clockAt(5_000);
    expect([clock.isKnown, clock.offsetMs, clock.errorMs, clock.serverNowMs]).toEqual([
      true,
      5_000,
      5,
      6_000,
    ]);
  });

  test("takes the sample with the shortest round trip of the last eight", () => {
    const clock = new ServerClock();
    clock.take(0, 10, 5 + 100);
    for (let sample = 1; sample <= 7; sample++)
      clock.take(sample * 1_000, sample * 1_000 + 90, sample * 1_000 + 400);
    clock.show(8_000);
    expect([clock.offsetMs, clock.errorMs]).toEqual([100, 5]);
    clock.take(8_000, 8_090, 8_045 + 110); // the first one is gone
    clock.show(9_000);
    expect(clock.errorMs).toBe(45);
  });

  test("is slewed by a hundredth of the time that passes, so a game's time never goes back", () => {
    const clock = clockAt(0);
    for (let sample = 0; sample < 8; sample++) clock.take(1_000, 1_010, 1_005 - 100);
    let before = clock.serverNowMs;
    for (let nowMs = 1_010; nowMs <= 3_000; nowMs += 10) {
      clock.show(nowMs);
      expect(clock.serverNowMs - before).toBeCloseTo(9.9);
      before = clock.serverNowMs;
    }
    expect(clock.offsetMs).toBeCloseTo(-20);
  });

  test("steps beyond 250 ms, and after a resume", () => {
    const clock = clockAt(0);
    for (let sample = 0; sample < 8; sample++) clock.take(1_000, 1_010, 1_005 + 251);
    clock.show(1_020);
    expect(clock.offsetMs).toBe(251);
    clock.restart();
    clock.show(1_030);
    expect(clock.offsetMs).toBe(251);
    clock.take(1_040, 1_050, 1_045 + 200);
    clock.show(1_050);
    expect(clock.offsetMs).toBe(200);
  });

  test("has an error of no more than half of a round trip, however the way is split", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 400 })), { minLength: 1 }),
        (ways) => {
          const clock = new ServerClock();
          let nowMs = 0;
          for (const [thereMs, backMs] of ways) {
            const sentMs = nowMs;
            nowMs += thereMs;
            const serverMs = nowMs + 1_234;
            nowMs += backMs;
            clock.take(sentMs, nowMs, serverMs);
          }
          clock.show(nowMs);
          expect(Math.abs(clock.offsetMs - 1_234)).toBeLessThanOrEqual(clock.errorMs + 1e-6);
        },
      ),
      { seed: SEED },
    );
  });
});

describe("redials", () => {
  /** The delays of so many tries that fail at once, when chance gives `share` of the range. */
  const delays = (share: number, tries: number): number[] => {
    const redial = new Redial((bytes) => new DataView(bytes.buffer).setUint32(0, share * 0xffff_ffff));
    redial.linked(0);
    redial.lost(5_000);
    const seen = [redial.dueMs - 5_000];
    for (let nowMs = redial.dueMs; seen.length < tries; nowMs = redial.dueMs) {
      redial.begin();
      redial.failed(nowMs);
      seen.push(redial.dueMs - nowMs);
    }
    return seen.map(Math.round);
  };

  test("come at once, then doubling from 100 ms to 5 s, drawn from the whole range", () => {
    expect(delays(1, 9)).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    expect(delays(0.5, 4)).toEqual([0, 50, 100, 200]);
    expect(delays(0, 4)).toEqual([0, 0, 0, 0]);
  });

  test("begin at once again after a line that was a good one, and not after one that died at once", () => {
    const redial = new Redial((bytes) => bytes.fill(0xff));
    redial.linked(0);
    redial.lost(1_000);
    expect(redial.dueMs).toBe(1_000);
    redial.begin();
    redial.linked(1_000);
    redial.lost(1_001);
    expect(redial.dueMs).toBe(1_101);
    redial.begin();
    redial.linked(2_000);
    redial.lost(3_000);
    expect(redial.dueMs).toBe(3_000);
  });

  test("are hurried by a sign of the network", () => {
    const redial = new Redial((bytes) => bytes.fill(0xff));
    redial.linked(0);
    redial.hurry(500);
    expect(redial.dueMs).toBe(Infinity);
    redial.lost(5_000);
    redial.failed(5_000);
    redial.hurry(5_010);
    expect(redial.dueMs).toBe(5_010);
  });
});
