/** The snapshot beside a lease, answer by answer. */
import { describe, expect, test } from "vitest";
import { SavedState } from "../../../src/core/claim/saved-state.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../src/core/claim/snapshot-record.ts";
import type { RegistryAnswer } from "../../../src/index.ts";
import { ABSENT, CONFLICT, FAILED, RULES, Script, written } from "./scripted-registry.ts";

const EPOCH = 10;

/** The snapshot of a lease that was taken at 0. */
function taken(): { script: Script; saved: SavedState } {
  const script = new Script();
  const saved = new SavedState(script.shared, RULES, EPOCH, () => {});
  script.part = {
    step: () => {
      const isTold = saved.takeAnswer();
      return saved.act() || isTold;
    },
  };
  return { script: script.at(0), saved };
}

function snapshot(revision: number, epoch: number, number: number, bytes?: Uint8Array): RegistryAnswer {
  return { kind: "found", record: { value: encodeSnapshot({ epoch, number, bytes }), revision } };
}

/** What is being written now. */
function writing({ registry }: Script) {
  return decodeSnapshot(registry.asked.at(-1)?.value ?? new Uint8Array(), 1_000);
}

const OLD = Uint8Array.of(1, 2);
const NEW = Uint8Array.of(3);

describe("before a lease is held, its snapshot", () => {
  test("is written again under the new epoch, and is then that of the owner before", () => {
    const { script, saved } = taken();
    expect(script.asks).toBe("read");
    script.answer(10, snapshot(8, 5, 3, OLD));
    expect([script.asks, saved.isFenced, saved.isSaving]).toEqual(["update 8", false, false]);
    expect(writing(script)).toEqual({ epoch: EPOCH, number: 1, bytes: OLD });
    script.answer(20, written(12));
    expect([saved.isFenced, saved.previous, saved.dueMs]).toEqual([true, OLD, Infinity]);
  });

  test("is made where there is none, so that an earlier owner can make none either", () => {
    const { script, saved } = taken();
    script.answer(10, ABSENT);
    expect([script.asks, writing(script)]).toEqual(["create", { epoch: EPOCH, number: 1, bytes: undefined }]);
    script.answer(20, written(12));
    expect([saved.isFenced, saved.previous]).toEqual([true, undefined]);
  });

  test("that the owner before has saved meanwhile is the later one", () => {
    const { script, saved } = taken();
    script.answer(10, snapshot(8, 5, 3, OLD)).answer(20, CONFLICT);
    expect(script.asks).toBe("read");
    script.answer(30, snapshot(11, 5, 4, NEW));
    expect(writing(script)).toEqual({ epoch: EPOCH, number: 2, bytes: NEW });
    script.answer(40, written(12));
    expect(saved.previous).toEqual(NEW);
  });

  test("that was written again without an answer is known by what is read", () => {
    const { script, saved } = taken();
    script.answer(10, snapshot(8, 5, 3, OLD)).answer(20, FAILED);
    expect([script.asks, saved.dueMs, script.at(270).asks]).toEqual([undefined, 270, "read"]);
    script.answer(280, snapshot(12, EPOCH, 1, OLD));
    expect([saved.isFenced, saved.previous, script.asks]).toEqual([true, OLD, undefined]);
  });

  test("that a later owner has written is lost with the lease, and nothing is written over it", () => {
    const { script, saved } = taken();
    script.answer(10, snapshot(13, EPOCH + 1, 1, OLD));
    expect(saved.lost).toMatchObject({ kind: "reset", code: "taken" });
    expect([script.asks, saved.isFenced, saved.previous]).toEqual([undefined, false, undefined]);
    expect(script.at(5_000).asks).toBeUndefined();
  });
});

describe("while a lease is held, a snapshot", () => {
  function held() {
    const { script, saved } = taken();
    script.answer(10, ABSENT).answer(20, written(12));
    saved.save(OLD);
    expect(script.at(30).asks).toBe("update 12");
    return { script, saved };
  }

  test("that conflicts with a later owner's loses the lease", () => {
    const { script, saved } = held();
    script.answer(40, CONFLICT).answer(50, snapshot(14, EPOCH + 1, 1, NEW));
    expect(saved.lost).toMatchObject({ kind: "reset", code: "taken" });
    expect(script.at(5_000).asks).toBeUndefined();
  });

  test("that was written without an answer is saved, and the next one follows it", () => {
    const { script, saved } = held();
    saved.save(NEW);
    script
      .answer(40, FAILED)
      .at(290)
      .answer(300, snapshot(13, EPOCH, 2, OLD));
    expect([saved.isSaving, script.asks, writing(script)?.bytes]).toEqual([true, "update 13", NEW]);
    script.answer(310, written(14));
    expect([saved.isSaving, saved.lastFailure]).toEqual([false, undefined]);
  });

  test("that was not written is written by what is there", () => {
    const { script, saved } = held();
    script
      .answer(40, FAILED)
      .at(290)
      .answer(300, snapshot(12, EPOCH, 1));
    expect([saved.isSaving, script.asks, writing(script)]).toEqual([
      true,
      "update 12",
      { epoch: EPOCH, number: 2, bytes: OLD },
    ]);
  });
});
