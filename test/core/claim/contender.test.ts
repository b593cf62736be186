/** Who waits for a lease, answer by answer. */
import { describe, expect, test } from "vitest";
import { Contender } from "../../../src/core/claim/contender.ts";
import { decodeLease } from "../../../src/core/claim/lease-record.ts";
import { ABSENT, CONFLICT, FAILED, found, RULES, record, Script, written } from "./scripted-registry.ts";

function waiting(): { script: Script; contender: Contender } {
  const script = new Script();
  const contender = new Contender(
    script.shared,
    RULES,
    () => null,
    () => {},
  );
  script.part = { step: () => contender.taken === undefined && contender.step() };
  return { script: script.at(0), contender };
}

const OTHER = { owner: "other" };

describe("a record of another owner", () => {
  test("is read again after its time, and taken by its revision when it is still the same", () => {
    const { script, contender } = waiting();
    script.told(100, record(10, OTHER));
    expect([script.at(3_099).asks, contender.dueMs]).toEqual([undefined, 3_100]);
    expect(script.at(3_100).asks).toBe("read");
    expect(script.answer(3_200, found(10, OTHER)).asks).toBe("update 10");
    script.answer(3_300, written(11));
    expect(contender.taken).toEqual({ revision: 11, number: 1, sentMs: 3_200 });
  });

  test("that was renewed without a word of the watch has all its time again", () => {
    const { script } = waiting();
    script.told(100, record(10, OTHER)).at(3_100);
    expect(script.answer(3_200, found(11, OTHER)).asks).toBeUndefined();
    expect(script.at(6_199).asks).toBeUndefined();
    expect(script.at(6_200).asks).toBe("read");
    expect(script.answer(6_200, found(11, OTHER)).asks).toBe("update 11");
  });

  test("is not confirmed by a reading before its time is over", () => {
    const { script } = waiting();
    expect(script.at(250).asks).toBe("read"); // the watch has told nothing
    script.told(300, record(10, OTHER));
    expect(script.answer(400, found(10, OTHER)).asks).toBeUndefined();
    expect(script.at(3_300).asks).toBe("read");
  });

  test("is not confirmed by the watch, which may be late", () => {
    const { script } = waiting();
    script.told(100, record(10, OTHER));
    expect(script.told(3_100, record(10, OTHER)).asks).toBe("read");
  });

  test("that was seen first by a reading is read again as well", () => {
    const { script } = waiting();
    script.at(250).answer(250, found(10, OTHER));
    expect(script.at(3_249).asks).toBeUndefined();
    expect(script.at(3_250).asks).toBe("read");
  });

  test("lives for as long as it says itself, and one of a stranger as long as one's own", () => {
    const long = waiting();
    long.script.told(0, record(10, { ...OTHER, ttlMs: 9_000 }));
    expect([long.script.at(8_999).asks, long.contender.dueMs]).toEqual([undefined, 9_000]);
    expect(long.script.at(9_000).asks).toBe("read");
    const short = waiting();
    short.script.told(0, record(10, { ...OTHER, ttlMs: 500 }));
    expect(short.script.at(500).asks).toBe("read");
    const strange = waiting();
    strange.script.told(0, { value: new Uint8Array(3), revision: 10 });
    expect(strange.script.at(2_999).asks).toBeUndefined();
    expect(strange.script.at(3_000).asks).toBe("read");
  });

  test("ends by the slow clock, which does not count what the machine has slept through", () => {
    const { script } = waiting();
    script.told(0, record(10, OTHER));
    script.registry.behindMs = 5_000;
    expect(script.at(7_999).asks).toBeUndefined();
    expect(script.at(8_000).asks).toBe("read");
  });

  test("is what is known of the holder, and an older one that comes late is not", () => {
    const { script, contender } = waiting();
    script.told(0, record(10, OTHER)).told(100, record(9, { owner: "third" }));
    expect(contender.holder).toMatchObject({ revision: 10, lease: OTHER });
    script.told(200, undefined);
    expect(contender.holder).toBeUndefined();
    expect(script.asks).toBe("create");
  });
});

describe("a take", () => {
  test("counts from its sending, however late its answer comes", () => {
    const { script, contender } = waiting();
    script.told(100, undefined);
    expect(script.asks).toBe("create");
    script.answer(900, written(7));
    expect(contender.taken).toEqual({ revision: 7, number: 1, sentMs: 100 });
  });

  test("that conflicts looks who has it", () => {
    const { script, contender } = waiting();
    script.told(0, undefined).answer(10, CONFLICT);
    expect([script.asks, contender.isTaking]).toEqual(["read", true]);
    script.answer(20, found(12, OTHER));
    expect([script.asks, contender.isTaking, contender.taken]).toEqual([undefined, false, undefined]);
  });

  test("without an answer may be one's own until a reading says otherwise, whatever the watch tells", () => {
    const { script, contender } = waiting();
    expect(contender.isTaking).toBe(false);
    script.told(0, undefined);
    expect(contender.isTaking).toBe(true);
    script.told(10, undefined);
    expect(contender.isTaking).toBe(true);
    script.answer(20, FAILED).told(30, record(5, OTHER));
    expect(contender.isTaking).toBe(true);
    script.at(10_000); // after the time of that record
    expect(script.asks).toBe("read");
    script.answer(10_000, ABSENT);
    expect(script.asks).toBe("create");
    script.answer(10_010, CONFLICT).answer(10_020, found(12, OTHER));
    expect(contender.isTaking).toBe(false);
  });

  test("that is given up while nobody knows of it is looked up, and not tried again", () => {
    const { script, contender } = waiting();
    script.told(0, undefined);
    contender.end();
    expect(script.answer(10, FAILED).at(260).asks).toBe("read");
    expect(contender.isTaking).toBe(true);
    expect([script.answer(270, ABSENT).asks, contender.isTaking]).toEqual([undefined, false]);
    expect(script.at(10_000).asks).toBeUndefined();
  });

  test("that was found late counts from the sending of that very record, and the numbers go on", () => {
    const { script, contender } = waiting();
    script.told(100, undefined).answer(110, FAILED);
    expect([script.at(359).asks, script.at(360).asks]).toEqual([undefined, "read"]);
    script.answer(370, ABSENT);
    const second = script.registry.asked[0]?.value ?? new Uint8Array();
    expect([script.asks, decodeLease(second, 8)?.number]).toEqual(["create", 2]);
    script.answer(380, CONFLICT).answer(390, found(7, { number: 1 }));
    expect(contender.taken).toEqual({ revision: 7, number: 2, sentMs: 100 });
  });

  test("that is one's own by the name, with a number that was never sent, is sure for no time", () => {
    const { script, contender } = waiting();
    script.told(100, record(7, { number: 5 }));
    expect(contender.taken).toMatchObject({ revision: 7, sentMs: -Infinity });
  });
});
