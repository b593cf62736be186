/** When the network thread rests between two passes: where much comes, and never for a few. */
import { expect, test } from "vitest";
import { Coalescer } from "../../../../src/transport/thread/worker/coalescer.ts";

test("where much has come the next pass waits a millisecond, again and again while that lasts", () => {
  const { coalescer, rests } = made();
  for (const nowMs of [10, 11.1, 12.2]) {
    coalescer.count += 33;
    coalescer.pause(nowMs);
  }
  expect(rests).toEqual([1, 1, 1]);
  coalescer.count += 5;
  coalescer.pause(13.3);
  expect(rests).toHaveLength(3);
});

test("a few who answer each other wait for nothing, however long they go on", () => {
  const { coalescer, rests } = made();
  for (let nowMs = 0; nowMs < 1_000; nowMs += 0.04) {
    coalescer.count++;
    coalescer.pause(nowMs);
  }
  expect(rests).toEqual([]);
});

test("what comes in small passes within a millisecond is much too", () => {
  const { coalescer, rests } = made();
  coalescer.pause(5);
  for (let pass = 1; pass <= 11; pass++) {
    coalescer.count += 3;
    coalescer.pause(5 + pass / 100);
  }
  expect(rests).toEqual([1]);
});

function made(): { coalescer: Coalescer; rests: number[] } {
  const rests: number[] = [];
  return { coalescer: new Coalescer((timeMs) => rests.push(timeMs)), rests };
}
