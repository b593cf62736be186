import fc from "fast-check";
import { expect, test } from "vitest";
import { UnsentAge } from "../../../src/core/send/unsent-age.ts";
import { keptBytes } from "../../garbage.ts";

test("the age of the oldest byte is never said too high, and too low by no more than a step", () => {
  const dropped = fc.tuple(fc.nat(30), fc.nat(30));
  const step = fc.record({ sent: fc.nat(50), gone: fc.nat(50), passMs: fc.nat(40), dropped });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom(0, 10, 100), (steps, stepMs) => {
      const age = new UnsentAge(stepMs, { polledMs: 0 });
      const sentMs: number[] = []; // for each byte
      let goneBytes = 0;
      let nowMs = 0;
      for (const { sent, gone, passMs, dropped } of steps) {
        nowMs += passMs;
        sentMs.push(...new Array<number>(sent).fill(nowMs));
        if (sentMs.length > goneBytes) age.mark(sentMs.length - goneBytes, nowMs);
        const left = Math.min(gone, sentMs.length - goneBytes);
        goneBytes += left;
        age.onBytesLeft(left);
        const [ahead, sizeBytes] = dropped;
        const lost = sentMs.splice(goneBytes + ahead, sizeBytes);
        age.onBytesDropped(ahead, lost.length);
        const truthMs = sentMs[goneBytes] ?? Infinity;
        expect(age.oldestMs).toBeGreaterThanOrEqual(truthMs);
        if (truthMs < Infinity) expect(age.oldestMs - truthMs).toBeLessThanOrEqual(stepMs);
        else expect(age.oldestMs).toBe(Infinity);
      }
    }),
    { seed: 14_900, numRuns: 500 },
  );
});

test("bytes that are marked again wait since the first time, and those of the next step since their own", () => {
  const age = new UnsentAge(10, { polledMs: 0 });
  age.mark(1, 100);
  age.mark(1, 105);
  expect(age.oldestMs).toBe(100);
  age.mark(2, 109);
  expect(age.oldestMs, "one mark has the later time of both").toBe(109);
  age.mark(3, 110);
  expect(age.oldestMs).toBe(109);
  age.onBytesLeft(2);
  expect(age.oldestMs).toBe(110);
});

test.each([
  ["as nothing is added", () => 10],
  ["however often some is added", (count: number) => count],
])("a peer that takes nothing costs no memory, %s", (_, pendingBytes) => {
  const age = new UnsentAge(100_000, { polledMs: 0 });
  age.mark(1, 0);
  age.mark(2, 500_000);
  const before = keptBytes();
  for (let count = 3; count < 100_000; count++) age.mark(pendingBytes(count), 1_000_000 + count);
  expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 6 in 100,000 marks
  expect(age.oldestMs).toBe(0);
});

const MEBIBYTE = 1_048_576;
