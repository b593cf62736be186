/**
 * The promise of a recording: a game that is replayed sees what it saw, in the same frames,
 * whatever it did and whatever the network did.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Recording as AnyRecording,
  conditioned,
  memory,
  Recording,
  recorded,
  replayed,
  type Transport,
  tcp,
} from "../../../src/index.ts";
import { isLong, SEED } from "../../seed.ts";
import { type Ground, RecordedGame, STEPS, type Step } from "./recorded-game.ts";

const RUNS = isLong ? 5_000 : 90;

const BEGIN: readonly Step[] = [
  ["poll", 1, 0],
  ["connect", 0, 0],
  ["connect", 0, 0],
  ["poll", 0, 0],
  ["poll", 1, 0],
  ["accept", 0, 0],
  ["accept", 0, 0],
];

const steps = fc
  .array(fc.tuple(fc.constantFrom(...STEPS), fc.nat(40), fc.nat(40)), {
    minLength: 20,
    maxLength: 80,
    size: "max",
  })
  .map((some): Step[] => [...BEGIN, ...some]);

const options = fc.record({
  sendLimitBytes: fc.integer({ min: 200, max: 600 }),
  receiveLimitBytes: fc.integer({ min: 80, max: 600 }),
  acceptLimit: fc.integer({ min: 1, max: 4 }),
  receiveOverflow: fc.constantFrom("pause", "pause", "drop-oldest", "drop-newest", "close"),
  sendOverflow: fc.constantFrom("refuse", "refuse", "drop-oldest", "close"),
  frameBudget: fc.constantFrom({}, { messages: 1 }, { messages: 3 }, { bytes: 20 }),
  closeTimeoutMs: fc.constantFrom(5, 30, Infinity),
  timeoutMs: fc.constantFrom(10, Infinity),
});

describe("any game, recorded and replayed twice, sees the same", () => {
  test("in memory", () => {
    fc.assert(
      fc.property(steps, options, fc.constantFrom(1, 3, Infinity), (some, settings, pieceBytes) => {
        const wire = memory({ pieceBytes });
        expectSameInMemory(some, settings, wire, wire);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  }, 600_000);

  test("on a bad network in memory", () => {
    const conditions = fc.record({ seed: fc.nat(1_000), latencyMs: fc.nat(30), jitterMs: fc.nat(20) });
    fc.assert(
      fc.property(steps, options, conditions, (some, settings, bad) => {
        const wire = memory();
        expectSameInMemory(some, settings, wire, conditioned(wire, bad));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  }, 600_000);

  test("over TCP", async () => {
    await fc.assert(
      fc.asyncProperty(steps, options, async (some, settings) => {
        const recording = new Recording();
        const game = new RecordedGame({
          listen: recorded(tcp({ host: "127.0.0.1", port: 0 }), recording),
          connect: ({ address }) => recorded(tcp({ host: "127.0.0.1", port: address?.port ?? 0 }), recording),
          mark: () => recording.mark(),
          clock: unsteadyClock(),
          options: settings,
        });
        for (const step of some) {
          game.do(step);
          await new Promise((resolve) => setImmediate(resolve));
        }
        game.end();
        recording.close();
        game.dispose();
        expectSameTwice(recording, some, settings, 1, game);
      }),
      { numRuns: RUNS / 3, seed: SEED },
    );
  }, 600_000);
});

function play(some: readonly Step[], ground: Ground): RecordedGame {
  const game = new RecordedGame(ground);
  for (const step of some) game.do(step);
  game.end();
  return game;
}

/** Plays a game on `way`, which goes over `wire`, records it, and replays it twice. */
function expectSameInMemory(
  some: readonly Step[],
  settings: Ground["options"],
  wire: NonNullable<Ground["wire"]>,
  way: Transport,
): void {
  const recording = new Recording();
  const transport = recorded(way, recording);
  const game = play(some, {
    listen: transport,
    connect: () => transport,
    wire,
    mark: () => recording.mark(),
    clock: unsteadyClock(),
    options: settings,
  });
  recording.close();
  game.dispose();
  expectSameTwice(recording, some, settings, 0, game);
}

function expectSameTwice(
  recording: AnyRecording,
  some: readonly Step[],
  settings: Ground["options"],
  connecting: number,
  original: RecordedGame,
): void {
  const read = Recording.fromBytes(recording.toBytes());
  for (let times = 0; times < 2; times++) {
    const replay = replayed(read);
    const [listen] = replay.transports;
    const game = play(some, {
      listen: listen as never,
      connect: () => replay.transports[connecting] as never,
      mark: () => replay.mark(),
      clock: unsteadyClock(),
      options: settings,
    });
    expect(replay.divergence?.message).toBeUndefined();
    for (const [at, what] of original.seen.entries()) {
      if (game.seen[at] !== what)
        expect(game.seen.slice(at - 3, at + 1)).toEqual(original.seen.slice(at - 3, at + 1));
    }
    expect(hashOf(game)).toBe(hashOf(original));
    for (const time of replay.times) expect(time).toBe("no time that is left");
    expect(replay.state).toBe("ended");
  }
}

function hashOf(game: RecordedGame): string {
  return createHash("sha256").update(game.seen.join("\n")).digest("hex");
}

/** A clock that no replay can know. */
function unsteadyClock(): () => number {
  let nowMs = 0;
  return () => (nowMs += Math.random() * 4);
}
