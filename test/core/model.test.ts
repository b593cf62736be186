/**
 * Random games against the model: whatever is done in whatever order, frames
 * stand still, order is kept, and nothing is lost but by those who drop it.
 * `TICKWIRE_LONG=1` plays 20,000 of them.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memory, tcp } from "../../src/index.ts";
import { isLong, SEED } from "../seed.ts";
import { heldSockets, until } from "../transport/link-pair.ts";
import { ModelRun, type Operation, type Rules, VERBS, type Verb } from "./model.ts";
import { Relay } from "./relay.ts";

/** In all; each of the two kinds of games in memory plays half of them. */
const RUNS = isLong ? 20_000 : 300;
const WIRE: readonly Verb[] = ["hold", "release some", "release", "release", "cut"];

/** Without two accepted connections, most games would be over before they began. */
const BEGIN: readonly Operation[] = [
  ["poll", 1, 0],
  ["connect", 0, 0],
  ["connect", 0, 0],
  ["poll", 0, 0],
  ["poll", 1, 0],
  ["accept", 0, 0],
  ["accept", 0, 0],
];

function operations(verbs: readonly Verb[]): fc.Arbitrary<Operation[]> {
  const operation = fc.tuple(fc.constantFrom(...verbs), fc.nat(40), fc.nat(40));
  return fc
    .array(operation, { minLength: 20, maxLength: 60, size: "max" })
    .map((some) => [...BEGIN, ...some]);
}

function isWaiting(run: ModelRun): boolean {
  return run.missing.length > 0 || run.stuck.length > 0;
}

const limits = fc.record({
  sendLimitBytes: fc.integer({ min: 50, max: 200 }),
  receiveLimitBytes: fc.integer({ min: 80, max: 600 }),
  acceptLimit: fc.integer({ min: 1, max: 4 }),
  receiveOverflow: fc.constantFrom("pause", "pause", "drop-oldest", "drop-newest", "close"),
  sendOverflow: fc.constantFrom("refuse", "refuse", "drop-oldest", "close"),
  frameBudget: fc.constantFrom({}, { messages: 1 }, { messages: 3 }, { bytes: 20 }),
});
const network = fc.record({
  pieceBytes: fc.constantFrom(1, 2, 3, 7, Infinity),
  allowHalfOpen: fc.boolean(),
});

describe("any game", () => {
  test("in memory, with patience: all that was sent comes, but what somebody dropped", () => {
    fc.assert(
      fc.property(network, limits, operations([...VERBS, ...WIRE]), (wireOptions, some, steps) => {
        const wire = memory(wireOptions);
        const options = { ...some, closeTimeoutMs: Infinity, timeoutMs: Infinity };
        const run = new ModelRun({ listen: wire, connect: () => wire, wire, options });
        for (const step of steps) run.do(step);
        wire.release();
        for (let frame = 0; frame < 300 && (frame < 5 || isWaiting(run)); frame++) run.settle();
        expect([run.missing, run.stuck]).toEqual([[], []]);
        run.pollers.near.close();
        run.pollers.far.close();
        for (let frame = 0; frame < 20 && !run.isOver; frame++) run.settle();
        run.checkOver();
      }),
      { numRuns: RUNS / 2, seed: SEED },
    );
  }, 600_000);

  test("in memory, with deadlines: one side ends by itself, whatever the wire and the other side do", () => {
    fc.assert(
      fc.property(
        network,
        limits,
        operations([...VERBS, ...WIRE]),
        fc.constantFrom("near" as const, "far" as const),
        fc.boolean(),
        (wireOptions, some, steps, side, isDisposed) => {
          const wire = memory(wireOptions);
          const options = { ...some, closeTimeoutMs: 30, faultTimeoutMs: 20, timeoutMs: 20 };
          const run = new ModelRun({ listen: wire, connect: () => wire, wire, options });
          for (const step of steps) run.do(step);
          wire.hold();
          run.pollers[side].close();
          if (isDisposed) run.pollers[side][Symbol.dispose](); // while the ends are under way
          for (let frame = 0; frame < 6; frame++) run.poll(side, 10);
          run.checkOver([side]);
        },
      ),
      { numRuns: RUNS / 2, seed: SEED },
    );
  }, 600_000);

  test("in memory: an awaited dispose ends, with the other side polled or not", async () => {
    await fc.assert(
      fc.asyncProperty(network, limits, operations([...VERBS, ...WIRE]), async (wireOptions, some, steps) => {
        const wire = memory(wireOptions);
        const options = { ...some, closeTimeoutMs: 30, faultTimeoutMs: 20, timeoutMs: 20 };
        const run = new ModelRun({ listen: wire, connect: () => wire, wire, options });
        for (const step of steps) run.do(step);
        await run.pollers.near[Symbol.asyncDispose]();
        run.checkOver(["near"]);
        await run.pollers.far[Symbol.asyncDispose]();
        run.checkOver();
      }),
      { numRuns: Math.ceil(RUNS / 10), seed: SEED },
    );
  }, 600_000);

  test("over TCP: the same, at the network's own pace", async () => {
    await fc.assert(
      fc.asyncProperty(limits, operations(VERBS), (some, steps) => playOverTcp(some, steps)),
      { numRuns: Math.ceil(RUNS / 10), seed: SEED },
    );
  }, 600_000);

  test("over TCP, on a wire that is held, let through in parts, and cut: the same", async () => {
    await fc.assert(
      fc.asyncProperty(limits, operations([...VERBS, ...WIRE]), (some, steps) =>
        playOverTcp(some, steps, new Relay(HOST)),
      ),
      { numRuns: Math.ceil(RUNS / 10), seed: SEED },
    );
  }, 600_000);
});

/** A game in which the network has a turn after each step, and patience at the end. */
async function playOverTcp(
  some: Omit<Rules["options"], "closeTimeoutMs" | "timeoutMs">,
  steps: readonly Operation[],
  wire?: Relay,
): Promise<void> {
  const before = heldSockets();
  const run = new ModelRun({
    listen: tcp({ host: HOST, port: 0 }),
    connect: (listener) => tcp({ host: HOST, port: wire?.port ?? (listener.address?.port || 1) }),
    options: { ...some, closeTimeoutMs: Infinity, timeoutMs: Infinity },
    ...(wire !== undefined && { wire, portBehind: (port) => wire.portBehind(port) }),
  });
  await settleUntil(run, () => run.listener.state !== "starting");
  await wire?.open(run.listener.address?.port ?? 0);
  for (const step of steps) {
    run.do(step);
    await turn();
  }
  wire?.release();
  for (let turns = 0; turns < 5; turns++) await settleUntil(run, () => true);
  await settleUntil(run, () => !isWaiting(run));
  expect([run.missing, run.stuck]).toEqual([[], []]);
  run.pollers.near.close();
  run.pollers.far.close();
  await settleUntil(run, () => run.isOver);
  run.checkOver();
  wire?.close();
  await until(() => JSON.stringify(heldSockets()) === JSON.stringify(before)).catch(() => {});
  expect(heldSockets()).toEqual(before);
}

/** At least one frame of both sides, until `isThere`, or patience is over. */
async function settleUntil(run: ModelRun, isThere: () => boolean): Promise<void> {
  for (let turns = 0; turns < 2_000 && (turns === 0 || !isThere()); turns++) {
    await turn();
    run.settle();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const HOST = "127.0.0.1";
