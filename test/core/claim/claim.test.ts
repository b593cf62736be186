import { describe, expect, test } from "vitest";
import { encodeSnapshot } from "../../../src/core/claim/snapshot-record.ts";
import {
  type Claim,
  type LeaseOptions,
  type LeasingTransport,
  lease,
  leases,
  memory,
  Poller,
  settle,
} from "../../../src/index.ts";
import { LeasingLine } from "./leasing-line.ts";

/** A process: a poller of its own that claims a lease. */
function processOn(wire: LeasingTransport, options: LeaseOptions = {}, name = "world.7") {
  const poller = new Poller();
  const unheld: string[] = [];
  poller.on("unhold", ({ reason }) => void unheld.push(reason.code ?? reason.kind));
  return { poller, claim: poller.claim(lease(wire, name, options)), unheld };
}

/** Two processes, each with a line of its own to the same records, of which the first holds the lease. */
function pair(options: LeaseOptions = {}) {
  const wire = memory();
  const lines = [new LeasingLine(wire), new LeasingLine(wire)] as const;
  const [one, other] = [processOn(lines[0], options), processOn(lines[1], options)];
  for (const { poller } of [one, other]) poller.poll(0);
  expect(states(one.claim, other.claim)).toEqual(["held", "waiting"]);
  return { wire, one, other, line: lines[0], otherLine: lines[1] };
}

/** Polls all of them, in each step, after `fromMs` up to and with `untilMs`. */
function pass(fromMs: number, untilMs: number, ...pollers: readonly Poller[]): void {
  for (let nowMs = fromMs + STEP_MS; nowMs <= untilMs; nowMs += STEP_MS) {
    for (const poller of pollers) {
      poller.poll(nowMs);
      poller.flush();
    }
  }
}

const STEP_MS = 100;
const states = (...claims: readonly Claim[]) => claims.map(({ state }) => state);
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
const bytesOf = (words: string) => new TextEncoder().encode(words);

describe("a claim", () => {
  test("holds a lease that nobody has in the first frame, with an epoch, and others wait", () => {
    const wire = memory();
    const one = processOn(wire, { meta: { host: "10.0.0.5" } });
    const other = processOn(wire);
    expect([one.claim.state, one.claim.epoch]).toEqual(["waiting", 0]);
    one.poller.poll(0);
    other.poller.poll(0);
    expect(states(one.claim, other.claim)).toEqual(["held", "waiting"]);
    expect(one.claim.epoch).toBeGreaterThan(0);
    expect(one.claim.holder).toEqual({ epoch: one.claim.epoch, meta: { host: "10.0.0.5" } });
    expect(other.claim.holder).toEqual(one.claim.holder);
  });

  test("stays held as long as its poller polls, and others wait", () => {
    const { one, other } = pair();
    pass(0, 60_000, one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["held", "waiting"]);
  });

  test("is lost in the first frame after a stall, and another has the lease with a higher epoch", () => {
    const { one, other } = pair();
    pass(0, 1_000, one.poller, other.poller);
    pass(1_000, 6_000, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["held", "held"]); // the frame of a stalled one stands still
    one.poller.poll(6_000);
    expect(one.claim.state).toBe("lost");
    expect(one.claim.closeReason).toEqual({
      kind: "timeout",
      code: "ttlMs",
      message: "the lease of world.7 is lost: it was not renewed within 4000 ms",
    });
    expect(one.unheld).toEqual(["ttlMs"]);
    expect(other.claim.epoch).toBeGreaterThan(one.claim.epoch);
    pass(6_000, 20_000, one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["lost", "held"]);
  });

  test("is lost at ttlMs − marginMs from the sending of its last renewal, and not a frame earlier", () => {
    const { one, line } = pair({ ttlMs: 1_000, marginMs: 300 });
    line.fate = () => "lost";
    one.poller.poll(699);
    expect(one.claim.state).toBe("held");
    one.poller.poll(700);
    expect(one.claim.state).toBe("lost");
  });

  test("counts a renewal from its sending, however late its answer comes", () => {
    const { one, line } = pair({ ttlMs: 1_000, marginMs: 300 });
    line.fate = (call) => (call === "update" ? "answered late" : "lost");
    one.poller.poll(334); // renews
    one.poller.poll(500);
    line.release();
    line.fate = () => "lost";
    one.poller.poll(1_033);
    expect(one.claim.state).toBe("held");
    one.poller.poll(1_034);
    expect(one.claim.state).toBe("lost");
  });

  test("is taken over within ttlMs and a frame of an owner who is gone", () => {
    const { one, other } = pair();
    pass(0, 2_000, one.poller, other.poller); // renewed last at 1,700
    pass(2_000, 6_600, other.poller);
    expect(other.claim.state).toBe("waiting");
    pass(6_600, 6_700, other.poller);
    expect(other.claim.state).toBe("held");
  });

  test("whose renewals get there without an answer stays held", () => {
    const { one, other, line } = pair();
    let updates = 0;
    line.fate = (call) => (call === "update" && ++updates % 2 === 1 ? "unanswered" : "answered");
    pass(0, 60_000, one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["held", "waiting"]);
    expect(updates).toBeGreaterThan(10);
  });

  test("whose renewals fail goes on when the registry is back in time, and says why meanwhile", () => {
    const { one, other, line } = pair();
    line.fate = () => "failed";
    pass(0, 3_500, one.poller, other.poller);
    expect(one.claim.state).toBe("held");
    expect(one.claim.lastFailure?.message).toBe("away");
    line.fate = () => "answered";
    pass(3_500, 20_000, one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["held", "waiting"]);
    expect(one.claim.lastFailure).toBeUndefined();
  });

  test("is lost at once when another has written over its record, or removed it", () => {
    for (const write of ["over", "gone"] as const) {
      const { wire, one } = pair();
      const records = wire.registry();
      records.read("lease.world.7", (found) => {
        if (found.kind !== "found") throw new Error("there is no record");
        if (write === "gone") records.remove("lease.world.7", found.record.revision, () => {});
        else records.update("lease.world.7", bytesOf("mine"), found.record.revision, () => {});
      });
      pass(0, 1_700, one.poller);
      expect(one.claim.state).toBe("lost");
      expect(one.claim.closeReason).toMatchObject({ kind: "reset", code: "taken" });
    }
  });

  test("whose take gets there without an answer finds that it has the lease", () => {
    const line = new LeasingLine(memory());
    line.fate = (call) => (call === "create" && line.calls.length < 3 ? "unanswered" : "answered");
    line.isDeaf = true;
    const { poller, claim } = processOn(line);
    poller.poll(0);
    expect(claim.state).toBe("waiting");
    pass(0, 4_000, poller);
    expect(claim.state).toBe("held");
  });

  test("whose take is found late counts from its sending, and is not held without another record", () => {
    const line = new LeasingLine(memory());
    line.isDeaf = true;
    line.fate = (call) => (call === "create" ? "unanswered" : line.calls.length < 2 ? "answered" : "lost");
    const { poller, claim } = processOn(line);
    pass(-STEP_MS, 4_500, poller);
    expect(line.calls.slice(0, 2)).toEqual(["read", "create"]);
    line.fate = (call) => (call === "update" ? "lost" : "answered");
    pass(4_500, 8_000, poller);
    expect([claim.state, line.calls.at(-1)]).toEqual(["waiting", "update"]);
    line.fate = () => "answered";
    pass(8_000, 10_000, poller);
    expect(claim.state).toBe("held");
  });

  test("that hears nothing from its watch takes the lease all the same, and never from one who renews", () => {
    const { one, other, otherLine } = pair();
    otherLine.isDeaf = true;
    pass(0, 30_000, one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["held", "waiting"]);
    pass(30_000, 41_000, other.poller);
    expect(other.claim.state).toBe("held");
  });

  test("of the same name is another one, also in the same process: one is held, the other follows", () => {
    const wire = memory();
    const { poller, claim } = processOn(wire);
    const second = poller.claim(lease(wire, "world.7"));
    settle(poller);
    expect(states(claim, second)).toEqual(["held", "waiting"]);
    claim.release();
    settle(poller);
    expect(states(claim, second)).toEqual(["released", "held"]);
  });

  test("of thousands of names is held by one poller, and each is renewed", () => {
    const wire = memory();
    const poller = new Poller();
    const claims = Array.from({ length: 3_000 }, (_, id) => poller.claim(lease(wire, `world.${id}`)));
    for (let nowMs = 0; nowMs <= 20_000; nowMs += 500) poller.poll(nowMs);
    expect(claims.filter(({ state }) => state === "held").length).toBe(3_000);
    expect(new Set(claims.map(({ epoch }) => epoch)).size).toBe(3_000);
  });

  test("whose registry can never work is lost for that reason, and a new one asks again", () => {
    const line = new LeasingLine(memory());
    const { poller, claim, unheld } = processOn(line);
    line.events?.closed({ kind: "denied", code: "credentials", message: "the server wants others" });
    poller.poll(0);
    expect([claim.state, claim.closeReason?.code, unheld]).toEqual(["lost", "credentials", ["credentials"]]);
    expect(line.isClosed).toBe(true);
    const next = poller.claim(lease(line, "world.7"));
    settle(poller);
    expect(next.state).toBe("held");
  });

  test("has its poller wake in time for a renewal", () => {
    const { one } = pair();
    expect(one.poller.dueInMs()).toBeCloseTo(5_000 / 3);
    one.poller.poll(1_600);
    expect(one.poller.dueInMs()).toBeCloseTo(5_000 / 3 - 1_600);
  });

  test("tells others what it says of itself, and the change of it with its next renewal", () => {
    const { one, other } = pair({ meta: { players: 0 } });
    one.claim.setMeta({ players: 3 });
    pass(0, 1_700, one.poller, other.poller);
    expect(other.claim.holder).toEqual({ epoch: one.claim.epoch, meta: { players: 3 } });
  });
});

describe("a lease that is given back", () => {
  test("is another's in the next frame, and no claim of who gave it", () => {
    const { one, other } = pair();
    one.claim.release();
    expect(one.claim.state).toBe("released");
    settle(one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["released", "held"]);
    expect(one.unheld).toEqual(["local"]);
    expect(one.poller.sources).toEqual([]);
  });

  test("by a claim that waits is nothing: the owner keeps it", () => {
    const { one, other, otherLine } = pair();
    other.claim.release();
    settle(one.poller, other.poller);
    expect(states(one.claim, other.claim)).toEqual(["held", "released"]);
    expect([other.unheld, other.poller.sources, otherLine.isClosed]).toEqual([[], [], true]);
  });

  test("while it is taken is given back when the answer comes, and not held in between", () => {
    const line = new LeasingLine(memory());
    line.fate = (call) => (call === "create" ? "answered late" : "answered");
    line.isDeaf = true;
    const { poller, claim, unheld } = processOn(line);
    pass(-STEP_MS, 300, poller);
    claim.release();
    line.release();
    settle(poller);
    expect([claim.state, unheld, line.calls]).toEqual(["released", [], ["read", "create", "remove"]]);
  });

  test("with its state begins there at the next owner", () => {
    const { one, other } = pair();
    expect(one.claim.snapshot).toBeUndefined();
    expect(other.claim.transfer(bytesOf("mine"))).toBe(false);
    expect(one.claim.transfer(bytesOf("tick 900"))).toBe(true);
    expect(one.claim.state).toBe("released");
    settle(one.poller, other.poller);
    expect([other.claim.state, text(other.claim.snapshot)]).toEqual(["held", "tick 900"]);
    expect(one.claim.transfer(bytesOf("again"))).toBe(false);
  });

  test("with its state, after a snapshot that is on its way, has the later one", () => {
    const { one, other, line } = pair();
    line.fate = (call) => (call === "update" ? "answered late" : "answered");
    expect(one.claim.trySave(bytesOf("tick 1"))).toBe(true);
    one.poller.flush();
    expect(one.claim.transfer(bytesOf("tick 2"))).toBe(true);
    one.poller.flush();
    expect(other.claim.state).toBe("waiting");
    for (let round = 0; round < 3; round++) {
      line.release();
      settle(one.poller, other.poller);
    }
    expect([other.claim.state, text(other.claim.snapshot)]).toEqual(["held", "tick 2"]);
  });

  test("in vain, as nobody answers, is over at closeTimeoutMs", () => {
    const { one, line } = pair({ ttlMs: 3_600_000 });
    line.fate = () => "lost";
    one.claim.release();
    pass(0, 5_000, one.poller);
    expect(one.poller.sources.length).toBe(1);
    pass(5_000, 5_100, one.poller);
    expect(one.poller.sources).toEqual([]);
  });
});

describe("a snapshot", () => {
  test("is there for the next owner when the last one is gone", () => {
    const { one, other } = pair();
    expect(one.claim.trySave(bytesOf("tick 60"))).toBe(true);
    pass(0, 100, one.poller, other.poller);
    expect(one.claim.isSaving).toBe(false);
    pass(100, 6_000, other.poller);
    expect([other.claim.state, text(other.claim.snapshot)]).toEqual(["held", "tick 60"]);
  });

  test("is saved one at a time, by who holds the lease alone, and copied", () => {
    const { one, other, line } = pair();
    expect(other.claim.trySave(bytesOf("no"))).toBe(false);
    line.fate = () => "answered late";
    const bytes = bytesOf("tick 1");
    expect([one.claim.trySave(bytes), one.claim.isSaving]).toEqual([true, true]);
    bytes.fill(0);
    one.poller.flush();
    expect(one.claim.trySave(bytesOf("tick 2"))).toBe(false);
    line.release();
    one.poller.poll(50);
    expect(one.claim.isSaving).toBe(false);
    line.fate = () => "answered";
    one.claim.release();
    settle(one.poller, other.poller);
    expect(text(other.claim.snapshot)).toBe("tick 1");
  });

  test("of an owner who has lost its lease writes over nothing, however late it comes", () => {
    for (const hasSaved of [true, false]) {
      const { wire, one, other, line } = pair();
      if (hasSaved) one.claim.trySave(bytesOf("early"));
      one.poller.poll(100);
      line.fate = () => "late";
      one.claim.trySave(bytesOf("of the old owner"));
      one.poller.flush();
      pass(100, 6_000, other.poller);
      expect(other.claim.state).toBe("held");
      line.release(); // it comes now
      const third = processOn(wire);
      pass(6_000, 12_000, third.poller);
      expect([third.claim.state, text(third.claim.snapshot)]).toEqual([
        "held",
        hasSaved ? "early" : undefined,
      ]);
    }
  });

  test("that got there without an answer is saved", () => {
    const { one, other, line } = pair();
    line.fate = (call) => (call === "update" ? "unanswered" : "answered");
    one.claim.trySave(bytesOf("tick 5"));
    pass(0, 200, one.poller);
    line.fate = () => "answered";
    pass(200, 3_500, one.poller, other.poller);
    expect([one.claim.state, one.claim.isSaving]).toEqual(["held", false]);
    pass(3_500, 12_000, other.poller);
    expect(text(other.claim.snapshot)).toBe("tick 5");
  });

  test("that a stranger has written or removed is written over", () => {
    const { wire, one, other } = pair();
    const records = wire.registry();
    for (const write of [bytesOf("{}"), undefined]) {
      records.read("snapshot.world.7", (found) => {
        if (found.kind !== "found") throw new Error("there is no snapshot");
        const { revision } = found.record;
        if (write === undefined) records.remove("snapshot.world.7", revision, () => {});
        else records.update("snapshot.world.7", write, revision, () => {});
      });
      expect(one.claim.trySave(bytesOf("tick 8"))).toBe(true);
      settle(one.poller);
      expect([one.claim.state, one.claim.isSaving]).toEqual(["held", false]);
    }
    one.claim.release();
    settle(one.poller, other.poller);
    expect(text(other.claim.snapshot)).toBe("tick 8");
  });

  test("of an epoch of the future keeps the lease from nobody: it is written over", () => {
    const wire = memory();
    const value = encodeSnapshot({ epoch: Number.MAX_SAFE_INTEGER, number: 1, bytes: bytesOf("x") });
    wire.registry().create("snapshot.world.7", value, () => {});
    const { poller, claim } = processOn(wire);
    settle(poller);
    expect([claim.state, claim.snapshot]).toEqual(["held", undefined]);
    expect(claim.trySave(bytesOf("tick 1"))).toBe(true);
    settle(poller);
    expect(claim.isSaving).toBe(false);
  });

  test("that is no Uint8Array, or too long, throws at the call", () => {
    const { one } = pair();
    for (const call of ["trySave", "transfer"] as const) {
      expect(() => one.claim[call]("state" as never)).toThrow(
        new TypeError("bytes: expected a Uint8Array, got string"),
      );
      expect(() => one.claim[call](new Uint8Array(1_000_001))).toThrow(RangeError);
    }
  });
});

describe("what strangers write in the place of a lease", () => {
  const ofOurs = { lease: 1, owner: "x", number: 1, ttlMs: 5_000 };
  const values: readonly (readonly [string, Uint8Array])[] = [
    ["no text", new Uint8Array([0xff, 0xfe, 0x00])],
    ["nothing", new Uint8Array()],
    ["no JSON", bytesOf("{")],
    ["a million brackets", bytesOf("[".repeat(1_000_000))],
    ["brackets that go deep", bytesOf("[".repeat(60_000))],
    ["another value", bytesOf("null")],
    ["another format", bytesOf(JSON.stringify({ ...ofOurs, lease: 2 }))],
    ["no owner", bytesOf(JSON.stringify({ ...ofOurs, owner: "" }))],
    ["a life for ever", bytesOf(JSON.stringify({ ...ofOurs, ttlMs: 1e15 }))],
    ["a life of no time", bytesOf(JSON.stringify({ ...ofOurs, ttlMs: -1 }))],
    ["an epoch of the future", bytesOf(JSON.stringify({ ...ofOurs, epoch: 1e15 }))],
    [
      "a meta that goes too deep to be written again",
      bytesOf(
        JSON.stringify({ ...ofOurs, meta: 0 }).replace(
          '"meta":0',
          `"meta":${"[".repeat(30_000)}${"]".repeat(30_000)}`,
        ),
      ),
    ],
    ["a huge one", bytesOf(JSON.stringify(ofOurs).padEnd(1_000_000))],
  ];

  test.each(values)("%s: is nobody's, is taken after ttlMs, and is in no listing", (_, value) => {
    const wire = memory();
    wire.registry().create("lease.world.7", value, () => {});
    const { poller, claim } = processOn(wire);
    const listing = poller.list(leases(wire, ">"));
    pass(-100, 4_900, poller);
    expect([claim.state, claim.holder, listing.entries]).toEqual(["waiting", undefined, []]);
    pass(4_900, 5_000, poller);
    expect(claim.state).toBe("held");
  });
});

describe("a poller that ends", () => {
  test("gives back what it holds, in each state, and leaves nothing", async () => {
    for (const state of ["new", "waiting", "held", "released", "lost"] as const) {
      const { one, other, line, otherLine } = pair({ ttlMs: 200 });
      const { poller, claim } = state === "waiting" ? other : one;
      const fresh = state === "new" ? poller.claim(lease(line, "world.8")) : claim;
      if (state === "released") claim.release();
      if (state === "lost") poller.poll(10_000);
      await poller[Symbol.asyncDispose]();
      expect([fresh.state, poller.sources]).toEqual([state === "lost" ? "lost" : "released", []]);
      expect((state === "waiting" ? otherLine : line).isClosed).toBe(true);
      if (state === "lost" || state === "waiting") continue;
      settle(other.poller);
      expect(other.claim.state).toBe("held");
    }
  });

  test("by a dispose that drops everything leaves the lease to its time", () => {
    for (const state of ["waiting", "held"] as const) {
      const { one, other, line, otherLine } = pair();
      const { poller, claim } = state === "waiting" ? other : one;
      poller[Symbol.dispose]();
      expect([claim.state, claim.closeReason?.kind, poller.sources]).toEqual(["released", "local", []]);
      expect((state === "waiting" ? otherLine : line).isClosed).toBe(true);
      if (state === "waiting") continue;
      settle(other.poller);
      expect(other.claim.state).toBe("waiting");
      pass(0, 5_000, other.poller);
      expect(other.claim.state).toBe("held");
    }
  });

  test("claims and lists no more", () => {
    const poller = new Poller();
    poller.close();
    expect(() => poller.claim(lease(memory(), "a"))).toThrow("poller: it is closed");
    expect(() => poller.list(leases(memory(), "a"))).toThrow("poller: it is closed");
  });
});
