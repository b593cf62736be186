import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ITEM_WEIGHT_BYTES, Mailbox } from "../../../src/core/storage/mailbox.ts";

function takeAll<Item>(mailbox: Mailbox<Item>): Item[] {
  const items: Item[] = [];
  for (let item: Item | undefined; (item = mailbox.take()) !== undefined; ) items.push(item);
  return items;
}

describe("Mailbox", () => {
  test("shows nothing that was put after the last latch", () => {
    const mailbox = new Mailbox<string>();
    mailbox.put("a", 1);
    expect(mailbox.take()).toBeUndefined();
    mailbox.latch();
    mailbox.put("b", 1);
    expect(takeAll(mailbox)).toEqual(["a"]);
    mailbox.latch();
    expect(takeAll(mailbox)).toEqual(["b"]);
  });

  test("keeps what was not taken in front of what comes later", () => {
    const mailbox = new Mailbox<number>();
    for (const item of [1, 2, 3]) mailbox.put(item, 0);
    mailbox.latch();
    expect(mailbox.take()).toBe(1);
    mailbox.put(4, 0);
    mailbox.latch();
    expect(takeAll(mailbox)).toEqual([2, 3, 4]);
  });

  test("lets only as many cross as the latch allows", () => {
    const mailbox = new Mailbox<number>();
    for (const item of [1, 2, 3]) mailbox.put(item, 10 * item);
    expect(mailbox.latch(2)).toBe(2);
    expect(mailbox.latchedBytes).toBe(30);
    expect([mailbox.ready, mailbox.arriving, mailbox.length]).toEqual([2, 1, 3]);
    expect(takeAll(mailbox)).toEqual([1, 2]);
    expect(mailbox.latch(2)).toBe(1);
    expect(mailbox.latchedBytes).toBe(30);
  });

  test("charges each item its size and a fixed weight, so that empty ones are not free", () => {
    const mailbox = new Mailbox<string>();
    mailbox.put("", 1);
    mailbox.put("four", 5);
    expect(mailbox.weightBytes).toBe(6 + 2 * ITEM_WEIGHT_BYTES);
    mailbox.latch();
    expect(mailbox.nextBytes).toBe(1);
    mailbox.take();
    expect(mailbox.weightBytes).toBe(5 + ITEM_WEIGHT_BYTES);
    mailbox.clear();
    expect([mailbox.weightBytes, mailbox.length, mailbox.nextBytes]).toEqual([0, 0, 0]);
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
        const mailbox = new Mailbox<number>();
        let arriving: number[] = [];
        let ready: number[] = [];
        let next = 1;
        for (const step of calls) {
          if (step.call === "put") {
            for (let count = 0; count <= step.size; count++) {
              mailbox.put(next, 0);
              arriving.push(next++);
            }
          } else if (step.call === "latch") {
            expect(mailbox.latch(step.most)).toBe(Math.min(step.most, arriving.length));
            ready.push(...arriving.splice(0, step.most));
          } else if (step.call === "take") {
            for (let count = 0; count < step.times; count++) expect(mailbox.take()).toBe(ready.shift());
          } else {
            mailbox.clear();
            arriving = [];
            ready = [];
          }
          expect([mailbox.ready, mailbox.arriving]).toEqual([ready.length, arriving.length]);
          expect(mailbox.weightBytes).toBe((ready.length + arriving.length) * ITEM_WEIGHT_BYTES);
        }
      }),
    );
  });

  test("behaves so in floods too, whose slots go from one mailbox to another", () => {
    const floods = fc.array(fc.constantFrom(1, 255, 256, 257, 600, 3_000), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(floods, (counts) => {
        const mailboxes = [new Mailbox<string>(), new Mailbox<string>()];
        for (const [frame, count] of counts.entries()) {
          const items = mailboxes.map((_, at) =>
            Array.from({ length: count }, (_, i) => `${frame} ${at} ${i}`),
          );
          for (const [at, mailbox] of mailboxes.entries()) {
            for (const item of items[at] ?? []) mailbox.put(item, item.length);
            mailbox.latch();
          }
          expect(mailboxes.map(takeAll)).toEqual(items);
          expect(mailboxes.map((mailbox) => mailbox.weightBytes)).toEqual([0, 0]);
        }
      }),
      { numRuns: 30 },
    );
  });
});
