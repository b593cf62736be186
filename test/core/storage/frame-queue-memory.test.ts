/** What a frame queue keeps in memory: no item that has left it, and few slots while it is empty. */
import { describe, expect, test } from "vitest";
import { FrameQueue } from "../../../src/core/storage/frame-queue.ts";
import { areHeld, keptBytes, usedBytes } from "../../garbage.ts";

describe("an item that has left a frame queue", () => {
  test("is not kept alive by its slot, whether it was taken, dropped or cleared", async () => {
    const queue = new FrameQueue<object>();
    const references = Array.from({ length: 5 }, () => {
      const item = {};
      queue.put(item, 1);
      return new WeakRef(item);
    });
    queue.latch(3);
    for (let count = 0; count < 2; count++) queue.take();
    queue.dropNewest();
    expect(await areHeld(references)).toEqual([false, false, true, true, false]);
    queue.clear();
    expect(await areHeld(references)).toEqual([false, false, false, false, false]);
    expect(queue.length).toBe(0);
  });
});

describe("the slots of a frame queue", () => {
  /** Fills `queue` with so many items at once and empties it. Returns how much the heap grew while it filled. */
  function flood(queue: FrameQueue<number>, count: number, memoryBytes = 1): number {
    const before = usedBytes();
    for (let item = 0; item < count; item++) queue.put(item, 1, memoryBytes);
    const grown = usedBytes() - before;
    queue.latch();
    while (queue.take() !== undefined);
    return grown;
  }

  const queuesOf = (count: number) => Array.from({ length: count }, () => new FrameQueue<number>());

  test.each([1, 2])(
    "are filled again by the next flood of any queue, where an item of a byte takes %d",
    (memoryBytes) => {
      const queues = queuesOf(3);
      for (const queue of queues) flood(queue, SPARE_SLOTS, memoryBytes); // compiles what follows, too
      for (const queue of queues) {
        keptBytes();
        expect(flood(queue, SPARE_SLOTS, memoryBytes)).toBeLessThan(MEBIBYTE); // of 4 or 6
      }
    },
  );

  test("are lent to one queue at a time", () => {
    flood(new FrameQueue<number>(), 1_000);
    const queues = queuesOf(2);
    for (let item = 0; item < 1_000; item++) for (const [at, queue] of queues.entries()) queue.put(at, at);
    for (const [at, queue] of queues.entries()) {
      queue.latch();
      const taken = Array.from({ length: 1_000 }, () => [queue.nextBytes, queue.take()]);
      expect(taken.filter(([sizeBytes, item]) => sizeBytes === at && item === at)).toHaveLength(1_000);
    }
  });

  test.each([
    ["each is emptied", (queue: FrameQueue<number>) => flood(queue, 1_000, 2)],
    ["each is cleared", (queue: FrameQueue<number>) => fillAndClear(queue)],
  ])("cost no queue memory after a flood, once %s", (_, leave) => {
    const queues = queuesOf(500);
    for (const queue of queuesOf(500)) leave(queue);
    const before = keptBytes();
    for (const queue of queues) leave(queue);
    expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 12 MiB
    expect(queues.every((queue) => queue.length === 0)).toBe(true);
  });

  test("over 262,144 are left to the collector", () => {
    const queue = new FrameQueue<number>();
    flood(queue, SPARE_SLOTS);
    const before = keptBytes();
    flood(queue, SPARE_SLOTS + 1);
    expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 8 MiB
  });

  test("up to 256 are kept by each queue, which are enough for a busy frame", () => {
    const queues = queuesOf(1_000);
    for (const queue of queues) flood(queue, 256);
    keptBytes();
    expect(queues.reduce((grown, queue) => grown + flood(queue, 256), 0)).toBeLessThan(MEBIBYTE); // of 8 MiB
  });

  function fillAndClear(queue: FrameQueue<number>): void {
    for (let item = 0; item < 1_000; item++) queue.put(item, 1, 2);
    queue.clear();
  }
});

const MEBIBYTE = 1_048_576;
const SPARE_SLOTS = 262_144;
