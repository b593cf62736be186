import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fixedPrefix, type Prefix, varintPrefix } from "../../src/codec/prefix.ts";
import { octets } from "./deliver.ts";
import { check } from "./properties.ts";

interface Row {
  readonly name: string;
  readonly prefix: Prefix;
  readonly maxValue: number;
  /** Values and how they are written; the last is the largest. */
  readonly written: readonly (readonly [value: number, bytes: Uint8Array])[];
}

const rows: readonly Row[] = [
  {
    name: "u8",
    prefix: fixedPrefix(1, "big"),
    maxValue: 255,
    written: [
      [0, octets(0)],
      [255, octets(255)],
    ],
  },
  {
    name: "u16, big endian",
    prefix: fixedPrefix(2, "big"),
    maxValue: 65_535,
    written: [
      [1, octets(0, 1)],
      [0x0102, octets(1, 2)],
      [65_535, octets(255, 255)],
    ],
  },
  {
    name: "u16, little endian",
    prefix: fixedPrefix(2, "little"),
    maxValue: 65_535,
    written: [
      [1, octets(1, 0)],
      [0x0102, octets(2, 1)],
      [65_535, octets(255, 255)],
    ],
  },
  {
    name: "u32, big endian",
    prefix: fixedPrefix(4, "big"),
    maxValue: 4_294_967_295,
    written: [
      [0x01020304, octets(1, 2, 3, 4)],
      [0x80000000, octets(0x80, 0, 0, 0)],
      [4_294_967_295, octets(255, 255, 255, 255)],
    ],
  },
  {
    name: "u32, little endian",
    prefix: fixedPrefix(4, "little"),
    maxValue: 4_294_967_295,
    written: [
      [0x01020304, octets(4, 3, 2, 1)],
      [0x80000000, octets(0, 0, 0, 0x80)],
      [4_294_967_295, octets(255, 255, 255, 255)],
    ],
  },
  {
    name: "varint",
    prefix: varintPrefix,
    maxValue: 4_294_967_295,
    written: [
      [0, octets(0)],
      [127, octets(0x7f)],
      [128, octets(0x80, 0x01)],
      [300, octets(0xac, 0x02)],
      [16_383, octets(0xff, 0x7f)],
      [16_384, octets(0x80, 0x80, 0x01)],
      [2 ** 28, octets(0x80, 0x80, 0x80, 0x80, 0x01)],
      [4_294_967_295, octets(0xff, 0xff, 0xff, 0xff, 0x0f)],
    ],
  },
];

describe.for(rows)("a length as $name", ({ prefix, maxValue, written }) => {
  test("says numbers up to its largest", () => {
    expect(prefix.maxValue).toBe(maxValue);
    expect(written.at(-1)?.[0]).toBe(maxValue);
  });

  test.for(written)("writes %d as it should, and reads it back", ([value, bytes]) => {
    const into = new Uint8Array(prefix.maxBytes);
    const length = prefix.write(value, into);
    expect(into.subarray(0, length)).toEqual(bytes);
    expect(prefix.read(bytes)).toBe(value);
  });

  test("wants more bytes until the last has come", () => {
    for (const [, bytes] of written) {
      for (let length = 0; length < bytes.length; length++) {
        expect(prefix.read(bytes.subarray(0, length))).toBeUndefined();
      }
    }
  });

  test("reads back any number it can say, and leaves alone what lies behind", () => {
    check(
      fc.property(fc.oneof(fc.nat(300), fc.integer({ min: 0, max: maxValue })), (wanted) => {
        const value = Math.min(wanted, maxValue);
        const into = new Uint8Array(prefix.maxBytes + 1).fill(0xee);
        const length = prefix.write(value, into);
        expect(length).toBeLessThanOrEqual(prefix.maxBytes);
        expect(prefix.read(into.subarray(0, length))).toBe(value);
        expect(prefix.read(into), "whatever lies behind").toBe(value);
        expect(into.subarray(length).every((byte) => byte === 0xee)).toBe(true);
      }),
    );
  });
});

describe("a varint of more than 32 bits is too long", () => {
  test.for([
    ["one bit too many in its fifth byte", octets(0xff, 0xff, 0xff, 0xff, 0x10)],
    ["the number after the largest", octets(0x80, 0x80, 0x80, 0x80, 0x10)],
    ["a sixth byte announced", octets(0xff, 0xff, 0xff, 0xff, 0x8f)],
    ["a sixth byte announced, though all five say nothing", octets(0x80, 0x80, 0x80, 0x80, 0x80)],
  ] as const)("with %s", ([, bytes]) => {
    expect(varintPrefix.read(bytes.subarray(0, 4))).toBeUndefined();
    expect(varintPrefix.read(bytes)).toBe("too long");
  });

  test("but one of few bits may be written in more bytes than it needs", () => {
    expect(varintPrefix.read(octets(0x85, 0x00))).toBe(5);
    expect(varintPrefix.read(octets(0x80, 0x80, 0x80, 0x80, 0x00))).toBe(0);
  });
});
