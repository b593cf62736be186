/** The frames of a session as bytes: written and read, in any pieces; and what is none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type FrameEvents, FrameReader } from "../../../../src/transport/wrap/session/frame-reader.ts";
import {
  byeFrame,
  FRAME,
  idFrame,
  MOST_HEAD_BYTES,
  plainFrame,
  pongFrame,
  writeHead,
  writeVarint,
} from "../../../../src/transport/wrap/session/frames.ts";
import { isLong, SEED } from "../../../seed.ts";

describe("frames", () => {
  const taken = fc.nat({ max: 0xffff_ffff });
  const id = fc.nat({ max: 255 });
  const frame = fc.oneof(
    fc.record({
      kind: fc.constant("data" as const),
      taken,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    }),
    fc.record({ kind: fc.constantFrom("ack" as const, "fin" as const), taken }),
    fc.record({ kind: fc.constantFrom("ping" as const, "echo" as const), taken, id }),
    fc.record({
      kind: fc.constant("pong" as const),
      taken,
      id,
      clockMs: fc.double({ noNaN: true, min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
    }),
    fc.record({
      kind: fc.constant("bye" as const),
      taken,
      code: fc.nat({ max: 65_535 }),
      text: fc
        .string({ unit: "binary", maxLength: 30 })
        .filter((text) => new TextEncoder().encode(text).length <= 123),
    }),
  );

  test("are read as they were written, in whatever pieces they come", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (frames, cuts) => {
          const bytes = joined(frames.map(encode));
          const seen = new Seen();
          const reader = new FrameReader(seen);
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            expect(reader.read(bytes.subarray(at, at + size))).toBeUndefined();
            at += size;
          }
          const told = frames.reduce((sum, { taken: sizeBytes }) => sum + sizeBytes, 0);
          expect(seen.acks).toBe(told);
          expect(seen.bytes).toEqual(
            joined(frames.flatMap((one) => (one.kind === "data" ? [one.bytes] : []))),
          );
          expect(seen.others).toEqual(frames.flatMap(described));
        },
      ),
      { seed: SEED, numRuns: isLong ? 20_000 : 500 },
    );
  });

  test("of garbage end at a sentence or wait for more, and never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        const whole = new FrameReader(new Seen()).read(garbage);
        const reader = new FrameReader(new Seen());
        let wrong: string | undefined;
        for (const byte of garbage) wrong ??= reader.read(Uint8Array.of(byte));
        expect(wrong).toBe(whole);
      }),
      { seed: SEED, numRuns: isLong ? 50_000 : 1_000 },
    );
  });

  test.each([
    ["a type that is none", [9, 0], "a frame of type 9, which is none"],
    ["a type of 0", [0], "a frame of type 0, which is none"],
    ["a number of six bytes", [FRAME.ack, 0x80, 0x80, 0x80, 0x80, 0x80], "a number that is too long"],
    ["a number that is not the shortest", [FRAME.ack, 0x80, 0], "a number that is too long"],
    ["a number over 32 bits", [FRAME.ack, 0xff, 0xff, 0xff, 0xff, 0x1f], "a number that is too long"],
    ["no data", [FRAME.data, 0, 0], "a frame of data without data"],
    ["a time that is no number", [...pongFrame(0, 1, Number.NaN)], "a time that is none"],
    ["a goodbye that is too long", [FRAME.bye, 0, 1, 0, 124], "a goodbye of 124 bytes"],
    ["a goodbye that is no text", [FRAME.bye, 0, 1, 0, 1, 0xff], "a goodbye that is no UTF-8"],
  ])("with %s are refused", (_, bytes, sentence) => {
    expect(new FrameReader(new Seen()).read(Uint8Array.from(bytes))).toBe(sentence);
  });

  test("that cannot be true are refused: what was not sent is not acknowledged, and an end is the end", () => {
    const refusing = new Seen();
    refusing.answer = false;
    const read = (bytes: Uint8Array) => new FrameReader(refusing).read(bytes);
    expect(read(plainFrame(FRAME.ack, 1))).toBe("that it has taken more than was sent");
    expect(read(plainFrame(FRAME.fin, 0))).toBe("a second end of its stream");
    expect(read(byeFrame(0, 0, ""))).toBe("a second end of the session");
    expect(read(Uint8Array.of(FRAME.data, 0, 1, 7))).toBe("bytes behind the end of its stream");
  });

  test("behind a stop are not read, also of the same piece", () => {
    const seen = new Seen();
    const reader = new FrameReader(seen);
    seen.onPing = () => reader.stop();
    reader.read(joined([idFrame(FRAME.ping, 0, 1), idFrame(FRAME.ping, 0, 2)]));
    expect(seen.others).toEqual(["ping 1"]);
  });
});

type Frame =
  | { readonly kind: "data"; readonly taken: number; readonly bytes: Uint8Array }
  | { readonly kind: "ack" | "fin"; readonly taken: number }
  | { readonly kind: "ping" | "echo"; readonly taken: number; readonly id: number }
  | { readonly kind: "pong"; readonly taken: number; readonly id: number; readonly clockMs: number }
  | { readonly kind: "bye"; readonly taken: number; readonly code: number; readonly text: string };

function encode(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case "ack":
    case "fin":
      return plainFrame(FRAME[frame.kind], frame.taken);
    case "ping":
    case "echo":
      return idFrame(FRAME[frame.kind], frame.taken, frame.id);
    case "pong":
      return pongFrame(frame.taken, frame.id, frame.clockMs);
    case "bye":
      return byeFrame(frame.taken, frame.code, frame.text);
    case "data": {
      const target = new Uint8Array(MOST_HEAD_BYTES + frame.bytes.length);
      const at = writeVarint(target, writeHead(target, FRAME.data, frame.taken), frame.bytes.length);
      target.set(frame.bytes, at);
      return target.subarray(0, at + frame.bytes.length);
    }
  }
}

function described(frame: Frame): string[] {
  if (frame.kind === "fin") return ["fin"];
  if (frame.kind === "ping" || frame.kind === "echo") return [`${frame.kind} ${frame.id}`];
  if (frame.kind === "pong") return [`pong ${frame.id} ${frame.clockMs}`];
  return frame.kind === "bye" ? [`bye ${frame.code} ${frame.text}`] : [];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

class Seen implements FrameEvents {
  acks = 0;
  answer = true;
  onPing: (() => void) | undefined;
  readonly others: string[] = [];
  readonly #bytes: number[] = [];

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  acked(sizeBytes: number): boolean {
    this.acks += sizeBytes;
    return this.answer;
  }

  data(bytes: Uint8Array): boolean {
    this.#bytes.push(...bytes);
    return this.answer;
  }

  ping(id: number): void {
    this.others.push(`ping ${id}`);
    this.onPing?.();
  }

  pong(id: number, clockMs: number): void {
    this.others.push(`pong ${id} ${clockMs}`);
  }

  echo(id: number): void {
    this.others.push(`echo ${id}`);
  }

  fin(): boolean {
    this.others.push("fin");
    return this.answer;
  }

  bye(code: number, text: string): boolean {
    this.others.push(`bye ${code} ${text}`);
    return this.answer;
  }

  reset(): void {
    this.others.push("reset");
  }
}
