/** The mirror's eye: even at any rate of arrivals, never beyond what was received, and exact in the end. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Follow } from "../../../../demo/cube/page/follow.ts";
import type { Vector } from "../../../../demo/cube/shared/world.ts";

const SCREEN_MS = 1_000 / 60;
/** As fast as the cube is driven, in units per second. */
const SPEED = 6;

describe("a steady movement", () => {
  for (const rateHz of [1, 5, 20, 60, 144]) {
    for (const jitter of [0, 0.4]) {
      test(`is seen even at ${rateHz} Hz, arrivals off by up to ${jitter * 100} %`, () => {
        const follow = new Follow([-10, 0, 0]);
        const arrivals = steady(rateHz, jitter, 10 + 6 / rateHz);
        const speeds = speedsSeen(follow, arrivals, SCREEN_MS);
        // Once the rhythm is known; a slow stream has brought its third position by then.
        const known = speeds.filter(({ atMs }) => atMs > 4_000 + 2_500 / rateHz && atMs < 9_500);
        expect(known.length).toBeGreaterThan(60);
        const [least, most] = jitter === 0 ? [0.93, 1.07] : [0.6, 1.2];
        for (const { speed } of known) {
          expect(speed).toBeGreaterThan(SWING * least);
          expect(speed).toBeLessThan(SWING * most);
        }
      });
    }
  }

  test("jerks no more than a hand does, where raw frames would leap", () => {
    const follow = new Follow([-10, 0, 0]);
    const speeds = speedsSeen(follow, steady(5, 0.4, 12), SCREEN_MS);
    const known = speeds.filter(({ atMs }) => atMs > 4_000 && atMs < 9_500);
    for (const [index, { speed }] of known.entries()) {
      const before = known[index - 1]?.speed ?? speed;
      expect(Math.abs(speed - before)).toBeLessThan(SWING * 0.2);
    }
  });

  test("is seen a little late: less than a tenth of a second behind a fast stream", () => {
    const follow = new Follow([-10, 0, 0]);
    speedsSeen(follow, steady(60, 0, 3), SCREEN_MS);
    expect(follow.delayMs).toBeLessThan(100);
    expect(follow.delayMs).toBeGreaterThan(SCREEN_MS);
  });

  test("looks the same on a screen of another rate", () => {
    const ends = [30, 60, 144].map((hz) => {
      const follow = new Follow([0, 0, 0]);
      for (let frame = 0, sent = 0; frame * (1_000 / hz) < 1_500; frame++) {
        for (; sent * 50 <= frame * (1_000 / hz); sent++) follow.receive([sent / 10, 0, 0], sent * 50);
        follow.frame(frame * (1_000 / hz));
      }
      return follow.frame(1_500)[0];
    });
    for (const end of ends) expect(Math.abs(end - (ends[0] ?? Number.NaN))).toBeLessThan(0.02);
  });
});

describe("what is shown", () => {
  test("is the place itself before anything was received, and stays the same object", () => {
    const place: Vector = [1, 2, 3];
    const follow = new Follow(place);
    expect(follow.frame(0)).toBe(place);
    expect(follow.frame(16)).toBe(place);
    expect(follow.isMoving).toBe(false);
  });

  test("glides to a place that was typed, within half a second, and not at once", () => {
    const follow = new Follow([0, 0, 0]);
    follow.frame(0);
    follow.receive([8, 0, 0], 1_000);
    for (let atMs = 1_000; atMs <= 1_500; atMs += 10) {
      const [x] = follow.frame(atMs);
      if (atMs === 1_050) expect(x).toBeLessThan(4);
    }
    expect(follow.frame(1_510)).toEqual([8, 0, 0]);
  });

  test("leaps with a teleport", () => {
    const follow = new Follow([-10, -10, -10]);
    follow.frame(0);
    follow.receive([10, 10, 10], 1_000);
    expect(follow.frame(1_001)).toEqual([10, 10, 10]);
  });

  test("glides after the arrivals were held up, in a burst and however far, where else it would leap", () => {
    const follow = new Follow([-10, -10, -10]);
    for (let atMs = 0; atMs <= 4_000; atMs += 16) {
      follow.bridge(atMs);
      follow.frame(atMs);
    }
    for (let late = 1; late <= 20; late++) follow.receive([-10 + late / 10, -10, -10], 4_016);
    follow.receive([10, 10, 10], 4_016);
    let before = follow.frame(4_016);
    for (let atMs = 4_024; atMs < 5_500; atMs += 8) {
      const now = follow.frame(atMs);
      const way = Math.hypot(...now.map((value, axis) => value - (before[axis] ?? Number.NaN)));
      expect(way).toBeLessThan(8 * 0.16);
      before = now;
    }
    expect(before).toEqual([10, 10, 10]);
    follow.receive([-10, -10, -10], 6_000);
    expect(follow.frame(6_001)).toEqual([-10, -10, -10]);
  });

  test("catches up with a burst after a stall, without a leap", () => {
    const follow = new Follow([-10, 0, 0]);
    let x = -10;
    for (let atMs = 0; atMs < 1_000; atMs += 20) {
      follow.receive([(x += 0.12), 0, 0], atMs);
      follow.frame(atMs);
    }
    for (let atMs = 1_000; atMs < 1_400; atMs += 20) follow.frame(atMs);
    for (let late = 0; late < 20; late++) follow.receive([(x += 0.12), 0, 0], 1_400);
    let before = follow.frame(1_400)[0];
    for (let atMs = 1_416; atMs < 3_000; atMs += 16) {
      const now = follow.frame(atMs)[0];
      expect(now - before).toBeLessThan(0.4);
      before = now;
    }
    expect(follow.frame(3_000)).toEqual([x, 0, 0]);
  });

  test("is raw on demand: the last position, at once, and no glide when smoothing comes back", () => {
    const follow = new Follow([0, 0, 0]);
    follow.isSmooth = false;
    follow.receive([5, 0, 0], 100);
    expect(follow.frame(101)).toEqual([5, 0, 0]);
    follow.receive([6, 0, 0], 200);
    follow.isSmooth = true;
    follow.reset([7, 0, 0]);
    expect(follow.frame(201)).toEqual([7, 0, 0]);
  });

  test("never leaves the box around what was received, and ends exactly on the last position", () => {
    const places = fc.tuple(coordinate(), coordinate(), coordinate());
    const positions = fc.array(fc.tuple(places, fc.integer({ min: 0, max: 1_500 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(positions, fc.integer({ min: 4, max: 40 }), (sent, screenMs) => {
        const follow = new Follow([0, 0, 0]);
        const [low, high] = boxAround([[0, 0, 0], ...sent.map(([place]) => place)]);
        let atMs = 0;
        const runFor = (forMs: number): void => {
          const untilMs = atMs + forMs;
          for (; atMs < untilMs; atMs += screenMs) {
            const place = follow.frame(atMs);
            if (!isInBox(place, low, high)) throw new Error(`${place} is outside of ${low} to ${high}`);
          }
        };
        for (const [place, gapMs] of sent) {
          runFor(gapMs);
          follow.receive(place, atMs);
        }
        runFor(12_000);
        expect(follow.frame(atMs)).toEqual(sent.at(-1)?.[0]);
        expect(follow.isMoving).toBe(false);
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});

/** Units per second of {@link steady}; slow enough for the slowest stream to stay in the box. */
const SWING = SPEED / 4;

/** A cube that goes along x at one speed, as it is received: `jitter` of an interval early or late. */
function steady(rateHz: number, jitter: number, forS: number): { atMs: number; place: Vector }[] {
  const random = seeded(rateHz);
  const count = Math.floor(forS * rateHz);
  return Array.from({ length: count }, (_, index) => {
    const sentMs = (index * 1_000) / rateHz;
    const lateMs = (random() - 0.5) * 2 * jitter * (1_000 / rateHz);
    return { atMs: sentMs + Math.max(0, lateMs), place: [-10 + (sentMs / 1_000) * SWING, 0, 0] as Vector };
  });
}

function speedsSeen(follow: Follow, arrivals: readonly { atMs: number; place: Vector }[], screenMs: number) {
  const speeds: { atMs: number; speed: number }[] = [];
  let next = 0;
  let [before] = follow.frame(0);
  for (let atMs = screenMs; next < arrivals.length; atMs += screenMs) {
    // A frame takes what came since the one before it.
    for (
      let arrival = arrivals[next];
      arrival !== undefined && arrival.atMs <= atMs;
      arrival = arrivals[next]
    ) {
      follow.receive(arrival.place, atMs);
      next++;
    }
    const [x] = follow.frame(atMs);
    speeds.push({ atMs, speed: ((x - before) / screenMs) * 1_000 });
    before = x;
  }
  return speeds;
}

function boxAround(places: readonly Vector[]): [low: Vector, high: Vector] {
  const of = (pick: (...values: number[]) => number): Vector => [
    pick(...places.map(([x]) => x)),
    pick(...places.map(([, y]) => y)),
    pick(...places.map(([, , z]) => z)),
  ];
  return [of(Math.min), of(Math.max)];
}

function isInBox(place: Vector, low: Vector, high: Vector): boolean {
  return place.every((value, axis) => value >= (low[axis] ?? 0) - 1e-9 && value <= (high[axis] ?? 0) + 1e-9);
}

function coordinate(): fc.Arbitrary<number> {
  return fc.integer({ min: -10_000, max: 10_000 }).map((thousandths) => thousandths / 1_000);
}

/** Mulberry32: small, even, and the same each time. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
