/** What a frame queue keeps in memory: no item that has left it, and few slots while it is empty. */
import { describe, expect, test } from "vitest";
import { FrameQueue } from "../../../src/core/storage/frame-queue.ts";
import { areHeld, keptBytes } from "../../garbage.ts";

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
  const queuesOf = (count: number) => Array.from({ length: count }, () => new FrameQueue<number>());

  function fill(queue: FrameQueue<number>, count: number, memoryBytes = 1): void {
    for (let item = 0; item < count; item++) queue.put(item, 1, memoryBytes);
  }

  function empty(queue: FrameQueue<number>): void {
    queue.latch();
    while (queue.take() !== undefined);
  }

  test.each([1, 2])(
    "are filled again by the next flood of any queue, where each byte takes %d",
    (memoryBytes) => {
      const [first, second] = queuesOf(2) as [FrameQueue<number>, FrameQueue<number>];
      fill(first, SPARE_SLOTS, memoryBytes);
      empty(first);
      const before = keptBytes();
      fill(second, SPARE_SLOTS, memoryBytes);
      expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 4 or 6
      empty(second);
    },
  );

  test("are lent to one queue at a time", () => {
    const [first, ...others] = queuesOf(3) as [FrameQueue<number>, ...FrameQueue<number>[]];
    fill(first, 1_000);
    empty(first);
    for (let item = 0; item < 1_000; item++) for (const [at, queue] of others.entries()) queue.put(at, at);
    for (const [at, queue] of others.entries()) {
      queue.latch();
      const taken = Array.from({ length: 1_000 }, () => [queue.nextBytes, queue.take()]);
      expect(taken.filter(([sizeBytes, item]) => sizeBytes === at && item === at)).toHaveLength(1_000);
    }
  });

  test.each([
    ["emptied", empty],
    ["cleared", (queue: FrameQueue<number>) => queue.clear()],
  ])("cost no queue memory after a flood, once it is %s", (_, leave) => {
    const queues = queuesOf(500);
    const before = keptBytes();
    for (const queue of queues) {
      fill(queue, 1_000, 2);
      leave(queue);
    }
    expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 12
    expect(queues.every((queue) => queue.length === 0)).toBe(true);
  });

  test("over 262,144 are left to the collector", () => {
    const queue = new FrameQueue<number>();
    fill(queue, SPARE_SLOTS);
    empty(queue);
    const before = keptBytes();
    fill(queue, SPARE_SLOTS + 1);
    empty(queue);
    expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 8
  });

  test("up to 256 are kept by each queue, which are enough for a busy frame", () => {
    const queues = queuesOf(1_000);
    for (const queue of queues) {
      fill(queue, 256);
      empty(queue);
    }
    const before = keptBytes();
    for (const queue of queues) fill(queue, 256);
    expect(keptBytes() - before).toBeLessThan(MEBIBYTE); // of 4
    expect(queues.every((queue) => queue.length === 256)).toBe(true);
  });
});

const MEBIBYTE = 1_048_576;
const SPARE_SLOTS = 262_144;
