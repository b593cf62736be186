import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameQueue, ITEM_WEIGHT_BYTES } from "../../../src/core/storage/frame-queue.ts";

function takeAll<Item>(queue: FrameQueue<Item>): Item[] {
  const items: Item[] = [];
  for (let item: Item | undefined; (item = queue.take()) !== undefined; ) items.push(item);
  return items;
}

describe("FrameQueue", () => {
  test("shows nothing that was put after the last latch", () => {
    const queue = new FrameQueue<string>();
    queue.put("a", 1);
    expect(queue.take()).toBeUndefined();
    queue.latch();
    queue.put("b", 1);
    expect(takeAll(queue)).toEqual(["a"]);
    queue.latch();
    expect(takeAll(queue)).toEqual(["b"]);
  });

  test("keeps what was not taken in front of what comes later", () => {
    const queue = new FrameQueue<number>();
    for (const item of [1, 2, 3]) queue.put(item, 0);
    queue.latch();
    expect(queue.take()).toBe(1);
    queue.put(4, 0);
    queue.latch();
    expect(takeAll(queue)).toEqual([2, 3, 4]);
  });

  test("lets only as many cross as the latch allows", () => {
    const queue = new FrameQueue<number>();
    for (const item of [1, 2, 3]) queue.put(item, 10 * item);
    expect(queue.latch(2)).toBe(2);
    expect(queue.latchedBytes).toBe(30);
    expect([queue.ready, queue.arriving, queue.length]).toEqual([2, 1, 3]);
    expect(takeAll(queue)).toEqual([1, 2]);
    expect(queue.latch(2)).toBe(1);
    expect(queue.latchedBytes).toBe(30);
  });

  test("charges each item its size and a fixed weight, so that empty ones are not free", () => {
    const queue = new FrameQueue<string>();
    queue.put("", 1);
    queue.put("four", 5);
    expect(queue.weightBytes).toBe(6 + 2 * ITEM_WEIGHT_BYTES);
    queue.latch();
    expect(queue.nextBytes).toBe(1);
    queue.take();
    expect(queue.weightBytes).toBe(5 + ITEM_WEIGHT_BYTES);
    queue.clear();
    expect([queue.weightBytes, queue.length, queue.nextBytes]).toEqual([0, 0, 0]);
  });

  test("charges the memory of an item where it is more than its size, and counts its size all the same", () => {
    const queue = new FrameQueue<string>();
    queue.put("text", 4);
    queue.put("tree", 10, 1_000);
    queue.put("less", 10, 3);
    const fixed = 3 * ITEM_WEIGHT_BYTES;
    expect(queue.weightBytes).toBe(4 + 1_000 + 10 + fixed);
    expect(queue.peakBytes).toBe(queue.weightBytes);
    expect(queue.latch(), "all at once").toBe(3);
    expect(queue.latchedBytes).toBe(24);
    expect([queue.take(), queue.nextBytes]).toEqual(["text", 10]);
    expect(queue.take()).toBe("tree");
    expect(queue.weightBytes).toBe(10 + ITEM_WEIGHT_BYTES);
    queue.put("tree", 10, 1_000);
    expect(queue.dropNewest()).toBe(true);
    expect(queue.weightBytes).toBe(10 + ITEM_WEIGHT_BYTES);
    expect(queue.take()).toBe("less");
    expect([queue.weightBytes, queue.length]).toEqual([0, 0]);
  });

  test("weighs what its items weigh, and shows the next one, whatever the order of calls", () => {
    const size = fc.nat(20);
    const call = fc.oneof(
      fc.record({ call: fc.constant("put" as const), size, memory: fc.option(size, { nil: undefined }) }),
      fc.record({ call: fc.constant("latch" as const), most: fc.constantFrom(1, 3, Infinity) }),
      fc.record({ call: fc.constantFrom("take", "take", "drop", "clear", "hold" as const) }),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 300 }), fc.boolean(), (calls, isLarge) => {
        const queue = new FrameQueue<{ size: number; memory: number }>();
        const items: { size: number; memory: number }[] = [];
        let visible = 0;
        let peakBytes = 0;
        for (const step of calls) {
          if (step.call === "put") {
            for (let count = isLarge ? 300 : 1; count > 0; count--) {
              const item = { size: step.size, memory: Math.max(step.size, step.memory ?? 0) };
              queue.put(item, step.size, step.memory);
              items.push(item);
            }
          } else if (step.call === "latch") {
            const count = queue.latch(step.most);
            expect(count).toBe(queue.isHeld ? 0 : Math.min(step.most, items.length - visible));
            const latched = items.slice(visible, visible + count);
            visible += count;
            expect(queue.latchedBytes).toBe(latched.reduce((sum, item) => sum + item.size, 0));
          } else if (step.call === "take") {
            const item = queue.take();
            expect(item).toEqual(visible > 0 && !queue.isHeld ? items.shift() : undefined);
            if (item !== undefined) visible--;
          } else if (step.call === "drop") {
            expect(queue.dropNewest()).toBe(items.length > visible);
            if (items.length > visible) items.pop();
          } else if (step.call === "hold") {
            queue.isHeld = !queue.isHeld;
          } else {
            queue.clear();
            items.length = visible = 0;
          }
          const next = visible > 0 && !queue.isHeld ? items[0] : undefined;
          expect([queue.nextBytes, queue.nextMemoryBytes]).toEqual([next?.size ?? 0, next?.memory ?? 0]);
          const weightBytes = items.reduce((sum, { memory }) => sum + memory + ITEM_WEIGHT_BYTES, 0);
          peakBytes = Math.max(peakBytes, weightBytes);
          expect([queue.weightBytes, queue.peakBytes, queue.length]).toEqual([
            weightBytes,
            peakBytes,
            items.length,
          ]);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("behaves as two plain arrays with a border, whatever the order of calls", () => {
    const call = fc.oneof(
      fc.record({ call: fc.constant("put" as const), size: fc.nat(9) }),
      fc.record({ call: fc.constant("latch" as const), most: fc.constantFrom(1, 3, Infinity) }),
      fc.record({ call: fc.constant("take" as const), times: fc.nat(20) }),
      fc.record({ call: fc.constantFrom("clear" as const) }),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 400 }), (calls) => {
        const queue = new FrameQueue<number>();
        let arriving: number[] = [];
        let ready: number[] = [];
        let next = 1;
        for (const step of calls) {
          if (step.call === "put") {
            for (let count = 0; count <= step.size; count++) {
              queue.put(next, 0);
              arriving.push(next++);
            }
          } else if (step.call === "latch") {
            expect(queue.latch(step.most)).toBe(Math.min(step.most, arriving.length));
            ready.push(...arriving.splice(0, step.most));
          } else if (step.call === "take") {
            for (let count = 0; count < step.times; count++) expect(queue.take()).toBe(ready.shift());
          } else {
            queue.clear();
            arriving = [];
            ready = [];
          }
          expect([queue.ready, queue.arriving]).toEqual([ready.length, arriving.length]);
          expect(queue.weightBytes).toBe((ready.length + arriving.length) * ITEM_WEIGHT_BYTES);
        }
      }),
    );
  });

  test("behaves so in floods too, whose slots go from one frame queue to another", () => {
    const floods = fc.array(fc.constantFrom(1, 255, 256, 257, 600, 3_000), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(floods, (counts) => {
        const queues = [new FrameQueue<string>(), new FrameQueue<string>()];
        for (const [frame, count] of counts.entries()) {
          const items = queues.map((_, at) => Array.from({ length: count }, (_, i) => `${frame} ${at} ${i}`));
          for (const [at, queue] of queues.entries()) {
            for (const item of items[at] ?? []) queue.put(item, item.length);
            queue.latch();
          }
          expect(queues.map(takeAll)).toEqual(items);
          expect(queues.map((queue) => queue.weightBytes)).toEqual([0, 0]);
        }
      }),
      { numRuns: 30 },
    );
  });
});
