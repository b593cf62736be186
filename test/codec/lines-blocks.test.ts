/** Lines decoded in blocks are what they are one by one, wherever the stream is cut. */
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { DecodeError, lines } from "../../src/index.ts";

const NEWLINE = 0x0a;

afterEach(() => {
  vi.restoreAllMocks();
});

test("every chunking of any stream gives the lines, sizes and errors of byte by byte", () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 3_000 })),
      (parts, cuts) => {
        const stream = Buffer.concat(parts.map((part) => Buffer.from(part)));
        expect(decoded(stream, cuts)).toEqual(decoded(stream, [1]));
      },
    ),
    { seed: 14_900, numRuns: 500 },
  );
});

test("a block that fills to its last byte, and one more byte, come out whole", () => {
  for (const length of [1_022, 1_023, 1_024, 1_025]) {
    const stream = Buffer.from(`${"x".repeat(length)}\nnext\n`);
    expect(decoded(stream, [stream.length])).toEqual(decoded(stream, [1]));
  }
});

test("short lines are decoded together, but no more of them than one that is kept may retain", () => {
  const decode = vi.spyOn(TextDecoder.prototype, "decode");
  const long = `${"x".repeat(5_000)}\n`;
  for (const length of [1, 2, 3, 10, 37, 64, 500, 511, 512, 513]) {
    const short = `${"x".repeat(length - 1)}\n`.repeat(Math.ceil(10_000 / length));
    for (const stream of [short, `${short}half`, `${short}${long}${short}`]) {
      decode.mockClear();
      lines()
        .decoder()
        .decode(Buffer.from(stream), { put: () => {} });
      const sizes = decode.mock.calls.map(([bytes]) => bytes?.byteLength ?? 0);
      expect(sizes.filter((size) => size > 1_024 && size !== long.length)).toEqual([]);
      const fullest = 1_024 - (1_024 % length);
      expect(sizes.length).toBeLessThanOrEqual(Math.ceil(stream.length / fullest) + 2);
    }
  }
});

/** What a stream is made of: short lines, long ones, other alphabets, bad bytes, no line break. */
const piece = fc.oneof(
  { weight: 8, arbitrary: fc.string({ maxLength: 40 }).map((text) => Buffer.from(`${text}\n`)) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: "grapheme", maxLength: 40 }).map((text) => Buffer.from(`${text}\r\n`)),
  },
  { weight: 1, arbitrary: fc.integer({ min: 900, max: 2_100 }).map((length) => Buffer.alloc(length, "y")) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 3 }) },
);

/** What a decoder makes of `stream`, cut into pieces of the lengths in `cuts`, round and round. */
function decoded(stream: Uint8Array, cuts: readonly number[]): unknown[] {
  const found: unknown[] = [];
  const decoder = lines({ maxLineBytes: 2_000 }).decoder();
  const sink = { put: (text: string, sizeBytes: number) => found.push([text, sizeBytes]) };
  try {
    for (let start = 0, turn = 0; start < stream.length; turn++) {
      const end = start + (cuts[turn % cuts.length] ?? stream.length);
      decoder.decode(stream.subarray(start, end), sink);
      start = end;
    }
    decoder.end?.();
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    found.push(String(error));
  }
  const breaks = stream.filter((byte) => byte === NEWLINE).length;
  expect(found.length).toBeLessThanOrEqual(breaks + 1);
  return found;
}
