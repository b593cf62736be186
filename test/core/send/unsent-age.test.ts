import fc from "fast-check";
import { expect, test } from "vitest";
import { UnsentAge } from "../../../src/core/send/unsent-age.ts";

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
        age.onBytesLeft(left, sentMs.length - goneBytes);
        const [ahead, sizeBytes] = dropped;
        const lost = sentMs.splice(goneBytes + ahead, sizeBytes);
        age.onBytesDropped(ahead, lost.length, sentMs.length - goneBytes);
        const truthMs = sentMs[goneBytes] ?? Infinity;
        expect(age.oldestMs).toBeGreaterThanOrEqual(truthMs);
        if (truthMs < Infinity) expect(age.oldestMs - truthMs).toBeLessThanOrEqual(stepMs);
        else expect(age.oldestMs).toBe(Infinity);
      }
    }),
    { seed: 14_900, numRuns: 500 },
  );
});
