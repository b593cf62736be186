/** The time for which a lease is held, answer by answer. */
import { describe, expect, test } from "vitest";
import { decodeLease } from "../../../src/core/claim/lease-record.ts";
import { Tenure } from "../../../src/core/claim/tenure.ts";
import { ABSENT, CONFLICT, FAILED, found, RULES, Script, written } from "./scripted-registry.ts";

/** A lease that was taken with a record that left at 0. */
function taken(): { script: Script; tenure: Tenure } {
  const script = new Script();
  const tenure = new Tenure(
    script.shared,
    RULES,
    { revision: 10, number: 1, sentMs: 0 },
    () => null,
    () => {},
  );
  script.part = {
    step: () => {
      const isTold = tenure.takeAnswer();
      return tenure.act() || isTold;
    },
  };
  return { script: script.at(0), tenure };
}

describe("a renewal", () => {
  test("leaves each third of ttlMs, with the next number, by the revision of the one before", () => {
    const { script, tenure } = taken();
    expect([script.asks, tenure.dueMs]).toEqual([undefined, 1_000]);
    expect(script.at(1_000).asks).toBe("update 10");
    const value = script.registry.asked[0]?.value ?? new Uint8Array();
    expect(decodeLease(value, 11)).toMatchObject({ owner: "me", number: 2, epoch: 10 });
    expect(script.answer(1_200, written(11)).asks).toBeUndefined();
    expect(script.at(1_999).asks).toBeUndefined();
    expect(script.at(2_000).asks).toBe("update 11");
    expect(tenure.epoch).toBe(10);
  });

  test("that fails is looked up after a while, and its conflict may be with itself", () => {
    const { script, tenure } = taken();
    script.at(1_000).answer(1_100, FAILED);
    expect([script.asks, tenure.dueMs]).toEqual([undefined, 1_350]);
    expect(tenure.lastFailure?.kind).toBe("unreachable");
    expect(script.at(1_350).asks).toBe("read");
    script.answer(1_400, found(10)); // it has not got there yet
    expect(script.asks).toBe("update 10");
    script.answer(1_450, CONFLICT); // now it has
    expect([script.asks, tenure.lost]).toEqual(["read", undefined]);
    script.answer(1_500, found(11, { number: 2 }));
    expect(tenure.lost).toBeUndefined();
    expect(script.at(2_000).asks).toBe("update 11");
    script.answer(2_010, written(12));
    expect(tenure.lastFailure).toBeUndefined();
  });

  test("that nobody answers in a third of ttlMs is looked up at once", () => {
    const { script, tenure } = taken();
    script.at(1_000);
    expect([tenure.dueMs, script.at(1_999).registry.asked.length]).toEqual([2_000, 1]);
    expect([script.at(2_000).asks, script.registry.asked.length]).toEqual(["read", 2]);
    expect(tenure.lastFailure?.kind).toBe("timeout");
  });

  test("whose conflict can be with nobody's own loses the lease at once, also after one that was in doubt", () => {
    const { script, tenure } = taken();
    script.at(1_000).answer(1_000, CONFLICT);
    expect(tenure.lost).toMatchObject({ kind: "reset", code: "taken" });
    const other = taken();
    other.script.at(1_000).answer(1_000, FAILED).at(1_250).answer(1_250, found(10));
    other.script.answer(1_300, written(11)); // no doubt any more
    expect(other.script.at(2_300).asks).toBe("update 11");
    other.script.answer(2_300, CONFLICT);
    expect(other.tenure.lost).toMatchObject({ kind: "reset", code: "taken" });
    expect(other.script.asks).toBeUndefined();
  });

  test("that was written without an answer counts from when that very record was sent", () => {
    const { script, tenure } = taken();
    script.at(1_000).answer(1_000, FAILED);
    script.at(1_900).answer(1_900, found(11, { number: 2 }));
    script.at(2_999);
    expect(tenure.isSure).toBe(true);
    script.at(3_000);
    expect(tenure.isSure).toBe(false);
  });

  test("that was not written leaves the lease sure for as long as it was", () => {
    const { script, tenure } = taken();
    script.at(1_000).answer(1_000, written(11));
    script.at(2_000).answer(2_000, FAILED);
    script.at(2_250).answer(2_250, found(11, { number: 2 }));
    expect(tenure.isSure).toBe(true);
    script.at(2_999);
    expect(tenure.isSure).toBe(true);
    script.at(3_000);
    expect(tenure.isSure).toBe(false);
  });
});

describe("a look at the record of a held lease", () => {
  function looking() {
    const held = taken();
    held.script.at(1_000).answer(1_000, written(11));
    held.script.at(2_000).answer(2_000, FAILED).at(2_250);
    expect(held.script.asks).toBe("read");
    return held;
  }

  test("that finds what was there before the last renewal believes nothing of it, and looks again", () => {
    const { script, tenure } = looking();
    script.answer(2_300, found(9, { owner: "other" }));
    expect([script.asks, tenure.lost, tenure.dueMs]).toEqual([undefined, undefined, 2_550]);
    expect(script.at(2_550).asks).toBe("read");
    script.answer(2_560, found(11, { number: 2 }));
    expect(script.asks).toBe("update 11");
  });

  test("that finds another owner loses it", () => {
    const { script, tenure } = looking();
    script.answer(2_300, found(12, { owner: "other" }));
    expect(tenure.lost?.message).toMatch(/another owner has it/);
  });

  test("that finds no record of ours loses it", () => {
    const { script, tenure } = looking();
    script.answer(2_300, { kind: "found", record: { value: new Uint8Array(3), revision: 12 } });
    expect(tenure.lost?.code).toBe("taken");
  });

  test("that finds nothing loses it", () => {
    const { script, tenure } = looking();
    script.answer(2_300, ABSENT);
    expect(tenure.lost?.message).toMatch(/its record is gone/);
    expect(script.at(2_900).asks).toBeUndefined();
  });
});

describe("a lease that is given back", () => {
  test("is removed by its revision, and over when that is written", () => {
    const { script, tenure } = taken();
    tenure.end();
    expect(tenure.dueMs).toBe(-Infinity);
    expect([script.at(100).asks, tenure.isOver]).toEqual(["remove 10", false]);
    script.answer(200, written(11));
    expect([script.asks, tenure.isOver]).toEqual([undefined, true]);
    expect(script.at(1_500).asks).toBeUndefined();
  });

  test("while a renewal is under way is removed after it", () => {
    const { script, tenure } = taken();
    script.at(1_000);
    tenure.end();
    expect(script.at(1_100).asks).toBe("update 10");
    script.answer(1_200, written(11));
    expect([script.asks, tenure.isOver]).toEqual(["remove 11", false]);
  });

  test("is removed again when nobody knows whether it is, by what was read", () => {
    const { script, tenure } = taken();
    script.at(1_000).answer(1_000, FAILED);
    tenure.end();
    script.at(1_250).answer(1_250, found(11, { number: 2 }));
    expect(script.asks).toBe("remove 11");
    script.answer(1_300, FAILED).at(1_550);
    expect(script.asks).toBe("read");
    script.answer(1_600, found(11, { number: 2 }));
    expect([script.asks, tenure.isOver]).toEqual(["remove 11", false]);
    script.answer(1_650, FAILED).at(1_900).answer(1_900, ABSENT);
    expect([script.asks, tenure.isOver, tenure.lost]).toEqual([undefined, true, undefined]);
  });

  test.each([
    ["conflicts", CONFLICT],
    ["is another's by now", undefined],
  ])("and %s is over, and not lost", (_, given) => {
    const { script, tenure } = taken();
    tenure.end();
    script.at(100);
    if (given === undefined)
      script
        .answer(100, FAILED)
        .at(350)
        .answer(350, found(12, { owner: "other" }));
    else script.answer(100, given);
    expect([tenure.isOver, tenure.lost]).toEqual([true, undefined]);
  });

  test("after its time is over by itself, and asks nothing", () => {
    const { script, tenure } = taken();
    script.at(1_000).answer(1_000, FAILED);
    tenure.end();
    script.at(1_250).answer(2_000, FAILED);
    script.at(2_100);
    expect([script.asks, tenure.isOver]).toEqual([undefined, true]);
  });
});
