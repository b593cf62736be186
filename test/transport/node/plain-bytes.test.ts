/** What Node calls bytes is a `Buffer`; what the core is given is none. */
import { expect, test } from "vitest";
import { plainCopy, plainView } from "../../../src/transport/node/plain-bytes.ts";

class Odd extends Uint8Array {
  override slice(): Uint8Array<ArrayBuffer> {
    throw new Error("nobody may ask this");
  }
}

const given = [
  ["a Buffer of the pool", Buffer.from("abc")],
  ["a Buffer in the middle of its memory", Buffer.from("xabcx").subarray(1, 4)],
  ["another subclass", Odd.from([0x61, 0x62, 0x63])],
  ["plain bytes", Uint8Array.of(0x61, 0x62, 0x63)],
] as const;

test.each(given)("a view of %s is plain, and of the same memory", (_, bytes) => {
  const view = plainView(bytes);
  expect(view.constructor).toBe(Uint8Array);
  expect([...view]).toEqual([0x61, 0x62, 0x63]);
  bytes[1] = 0x7a;
  expect([...view]).toEqual([0x61, 0x7a, 0x63]);
  bytes[1] = 0x62;
});

test.each(given)("a copy of %s is plain, and of its own memory", (_, bytes) => {
  const copy = plainCopy(bytes);
  expect(copy.constructor).toBe(Uint8Array);
  bytes[1] = 0x7a;
  expect([...copy]).toEqual([0x61, 0x62, 0x63]);
  bytes[1] = 0x62;
});

test("plain bytes are not wrapped again", () => {
  const bytes = Uint8Array.of(1);
  expect(plainView(bytes)).toBe(bytes);
});
