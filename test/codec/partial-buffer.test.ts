import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PartialBuffer } from "../../src/codec/partial-buffer.ts";
import { join, octets, streamOf } from "./deliver.ts";
import { check } from "./properties.ts";

describe("what waits for the rest of its message", () => {
  test("is nothing at first, and costs no memory", () => {
    const held = new PartialBuffer();
    expect(held.length).toBe(0);
    expect(held.view).toEqual(octets());
    expect(storeBytes(held)).toBe(0);
  });

  test("is held in the order it came, and only the part that was asked for", () => {
    const held = new PartialBuffer();
    held.append(streamOf("-abc-"), 1, 4);
    held.append(streamOf("def"), 0, 3);
    held.append(streamOf("nothing"), 3, 3);
    expect(held.view).toEqual(streamOf("abcdef"));
    expect(held.length).toBe(6);
  });

  test("is a copy: the bytes were lent", () => {
    const held = new PartialBuffer();
    const lent = streamOf("abc");
    held.append(lent, 0, 3);
    lent.fill(0);
    expect(held.view).toEqual(streamOf("abc"));
  });

  test("is forgotten, and does not come back", () => {
    const held = new PartialBuffer();
    held.append(streamOf("abc"), 0, 3);
    held.clear();
    expect(held.length).toBe(0);
    held.append(streamOf("x"), 0, 1);
    expect(held.view).toEqual(streamOf("x"));
  });

  test("moves to a larger store only when the length has doubled", () => {
    const held = new PartialBuffer();
    const stores = new Set<ArrayBufferLike>();
    for (let index = 0; index < 65_536; index++) {
      held.append(octets(index & 0xff), 0, 1);
      stores.add(held.view.buffer);
    }
    expect([...stores].map((store) => store.byteLength)).toEqual([
      128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536,
    ]);
    expect(held.view.every((byte, index) => byte === (index & 0xff))).toBe(true);
  });

  test("keeps a small store for the next message, and lets a large one go", () => {
    const held = new PartialBuffer();
    held.append(new Uint8Array(1_024), 0, 1_024);
    held.clear();
    expect(storeBytes(held)).toBe(1_024);
    held.append(new Uint8Array(1_025), 0, 1_025);
    expect(storeBytes(held)).toBe(2_048);
    held.clear();
    expect(storeBytes(held)).toBe(0);
  });

  test("is what was appended, for any pieces", () => {
    check(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (pieces) => {
        const held = new PartialBuffer();
        for (const piece of pieces) held.append(piece, 0, piece.length);
        expect(held.view).toEqual(join(pieces));
        expect(storeBytes(held)).toBeLessThanOrEqual(Math.max(128, 2 * held.length));
      }),
    );
  });
});

function storeBytes(held: PartialBuffer): number {
  return held.view.buffer.byteLength;
}
