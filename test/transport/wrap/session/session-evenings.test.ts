/**
 * Random evenings of players and a server: lines that break, swallow and come back in any
 * order. The model is two lists: what a game was let send, and what the other one got.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../../src/index.ts";
import { isLong, SEED } from "../../../seed.ts";
import { SessionRig } from "./session-rig.ts";

/** A game's end, and the model of it. */
class End {
  readonly sent: string[] = [];
  readonly got: string[] = [];
  suspends = 0;
  resumes = 0;
  readonly connection: Connection<string>;

  constructor(connection: Connection<string>) {
    this.connection = connection;
  }

  send(count: number, sizeBytes: number): void {
    for (let turn = 0; turn < count; turn++) {
      const text = `${this.sent.length}`.padEnd(sizeBytes, ".");
      if (this.connection.trySend(text)) this.sent.push(text);
    }
  }
}

type Step =
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "send"; readonly who: "near" | "far"; readonly count: number; readonly sizeBytes: number }
  | { readonly do: "cut" | "heal" | "thief" | "nap" }
  | { readonly do: "blackhole"; readonly direction: "send" | "receive" | undefined }
  | { readonly do: "read"; readonly who: "near" | "far"; readonly isOn: boolean };

const who = fc.constantFrom("near" as const, "far" as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(10, 20, 50, 200, 1_000, 6_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      who,
      count: fc.integer({ min: 1, max: 30 }),
      sizeBytes: fc.constantFrom(4, 20, 1_000, 9_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("cut" as const, "heal" as const, "thief" as const, "nap" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("blackhole" as const),
      direction: fc.constantFrom("send" as const, "receive" as const, undefined),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), who, isOn: fc.boolean() }) },
);

const conditions = fc.constantFrom(
  {},
  { latencyMs: 40, jitterMs: 20 },
  { network: "poor" as const },
  { latencyMs: 10, bytesPerSecond: 100_000, queueBytes: 8_192 },
);

describe("in any evening", () => {
  test("each byte comes once and in order, or the connection ends with a reset that says so", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        conditions,
        fc.constantFrom(1_000, 20_000, 1_048_576),
        fc.constantFrom(4_000, 60_000),
        (steps, network, resendBytes, resumeWindowMs) => {
          const limits = { sendLimitBytes: 100_000, receiveLimitBytes: 20_000, closeTimeoutMs: 60_000 };
          const rig = new SessionRig({
            conditions: network,
            client: { resendBytes, resumeWindowMs },
            server: { resendBytes, resumeWindowMs },
            clientPoller: limits,
            serverPoller: limits,
          });
          evening(rig, steps);
        },
      ),
      { seed: SEED, numRuns: isLong ? 3_000 : 120 },
    );
  }, 600_000);
});

function evening(rig: SessionRig, steps: readonly Step[]): void {
  const pair = rig.pair();
  const ends = { near: new End(pair.near), far: new End(pair.far) };
  const reading = { near: true, far: true };
  for (const poller of [rig.client, rig.server]) {
    poller.on("suspend", ({ connection }) => {
      if (connection === ends.near.connection) ends.near.suspends++;
      if (connection === ends.far.connection) ends.far.suspends++;
    });
    poller.on("resume", ({ connection }) => {
      if (connection === ends.near.connection) ends.near.resumes++;
      if (connection === ends.far.connection) ends.far.resumes++;
    });
  }
  const frames = (forMs: number): void => {
    for (const endMs = rig.time + forMs; rig.time < endMs; ) {
      rig.flush();
      rig.frame();
      for (const side of ["near", "far"] as const)
        if (reading[side]) ends[side].got.push(...ends[side].connection);
    }
  };
  for (const one of steps) {
    if (one.do === "pass") frames(one.ms);
    else if (one.do === "send") ends[one.who].send(one.count, one.sizeBytes);
    else if (one.do === "cut") rig.slow.cut();
    else if (one.do === "heal") rig.slow.heal();
    else if (one.do === "thief") rig.resumeAs({ token: new Uint8Array(16) });
    else if (one.do === "blackhole") rig.slow.blackhole(one.direction);
    else if (one.do === "read") reading[one.who] = one.isOn;
    else rig.frame(10_000);
    rig.flush();
  }
  rig.slow.heal();
  reading.near = reading.far = true;
  frames(20_000);
  const [near, far] = [ends.near, ends.far];
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    expect(to.got).toEqual(from.sent.slice(0, to.got.length)); // never a gap, never a double
  }
  const states = [near.connection.state, far.connection.state];
  if (states[0] === "open" && states[1] === "open") {
    expect([near.got.length, far.got.length]).toEqual([far.sent.length, near.sent.length]);
    for (const { connection, suspends, resumes } of [near, far]) {
      expect([connection.linked, connection.downMs, suspends]).toEqual([true, 0, resumes]);
    }
  } else {
    for (const { connection } of [near, far]) {
      expect(connection.closeReason).toMatchObject({ kind: "reset", code: "resume-expired" });
    }
  }
}
