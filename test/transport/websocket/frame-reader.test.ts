/** What the frames of a peer tell before their message is whole, against a plain account of the same frames. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameReader } from "../../../src/transport/websocket/frame-reader.ts";
import { check } from "../../codec/properties.ts";

interface Frame {
  readonly bytes: Uint8Array;
  readonly isMessage: boolean;
  readonly isFinal: boolean;
}

function frameOf(opcode: number, isFinal: boolean, payload: Uint8Array, mask: readonly number[]): Frame {
  const { length } = payload;
  const first = (isFinal ? 0x80 : 0) | opcode;
  const masked = mask.length > 0 ? 0x80 : 0;
  const size =
    length < 126
      ? [masked | length]
      : length < 65_536
        ? [masked | 126, length >> 8, length & 255]
        : [masked | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  const body = mask.length > 0 ? payload.map((byte, at) => byte ^ (mask[at % 4] as number)) : payload;
  const head = Uint8Array.from([first, ...size, ...mask]);
  return { bytes: Buffer.concat([head, body]), isMessage: opcode < 8, isFinal };
}

const byte = fc.nat(255);
const mask = fc.oneof(
  fc.constant([]),
  fc.tuple(byte, byte, byte, byte).map((bytes) => [...bytes]),
);
const length = fc.oneof(
  { weight: 8, arbitrary: fc.nat(40) },
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 125, 126, 127, 300) },
  { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536) },
);
const payload = length.map((size) => new Uint8Array(size).fill(0x82)); // bytes that look like headers
const aMessage = fc.tuple(fc.constantFrom(0, 1, 2), fc.boolean(), payload, mask);
const aControl = fc.tuple(
  fc.constantFrom(9, 10),
  fc.constant(true),
  fc.nat(125).map((size) => new Uint8Array(size).fill(0x81)),
  mask,
);
const frames = fc
  .array(fc.oneof({ weight: 3, arbitrary: aMessage }, { weight: 1, arbitrary: aControl }), { maxLength: 8 })
  .map((made) => made.map(([opcode, isFinal, bytes, key]) => frameOf(opcode, isFinal, bytes, key)));

describe("the reader of frames", () => {
  test("knows after every piece how much of an unfinished message there is, however the bytes are cut", () => {
    check(
      fc.property(frames, fc.array(fc.nat(200_000), { maxLength: 12 }), (sent, cuts) => {
        const all = Uint8Array.from(Buffer.concat(sent.map(({ bytes }) => bytes)));
        const ends = [...new Set([...cuts.map((cut) => cut % (all.length + 1)), all.length])].sort(
          (one, other) => one - other,
        );
        const reader = new FrameReader();
        let start = 0;
        for (const end of ends) {
          reader.read(all.subarray(start, end));
          start = end;
          expect(reader.unfinishedBytes).toBe(unfinishedAt(sent, end));
        }
        const ofMessages = sent.filter(({ isMessage }) => isMessage);
        expect(reader.messageBytes).toBe(ofMessages.reduce((sum, { bytes }) => sum + bytes.length, 0));
        expect(reader.closeFrame).toBeUndefined();
      }),
    );
  });

  test.each([
    ["a code and a text", 1008, "no ✓", [1, 2, 3, 4], { code: 1008, text: "no ✓" }],
    ["a code alone, without a mask", 4001, "", [], { code: 4001, text: "" }],
    ["nothing", undefined, "", [9, 9, 9, 9], { code: 1005, text: "" }],
  ])("has a close frame with %s as soon as it is there, byte by byte", (_, code, text, key, seen) => {
    const said = new TextEncoder().encode(text);
    const body = code === undefined ? [] : [code >> 8, code & 255, ...said];
    const { bytes } = frameOf(8, true, Uint8Array.from(body), key);
    const reader = new FrameReader();
    reader.read(frameOf(2, true, new Uint8Array(200), key).bytes);
    for (const one of bytes) {
      expect(reader.closeFrame).toBeUndefined();
      reader.read(Uint8Array.of(one));
    }
    expect(reader.closeFrame).toEqual(seen);
    expect(reader.unfinishedBytes).toBe(0);
  });
});

/** The bytes of the last message that is not whole, when `end` bytes have come. */
function unfinishedAt(frames: readonly Frame[], end: number): number {
  let unfinished = 0;
  let rest = end;
  for (const { bytes, isMessage, isFinal } of frames) {
    const come = Math.min(rest, bytes.length);
    rest -= come;
    if (!isMessage) continue;
    unfinished = isFinal && come === bytes.length ? 0 : unfinished + come;
  }
  return unfinished;
}
