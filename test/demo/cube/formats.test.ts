import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CubeCodec, cubeSizes } from "../../../demo/cube/formats.ts";
import { type Bad, FORMATS, type Format, type Message, rounded } from "../../../demo/cube/shared/wire.ts";
import { DecodeError } from "../../../src/index.ts";

const SEED = { seed: 14_900 };
const coordinate = fc.double({ min: -10, max: 10, noNaN: true });
const number = fc.nat({ max: 999_999_999_999_999 });
const message: fc.Arbitrary<Message> = fc.oneof(
  fc
    .tuple(coordinate, coordinate, coordinate)
    .map((at) => ({ kind: "cube" as const, position: rounded(at) })),
  fc.record({ kind: fc.constant("ping" as const), number }),
  fc.record({ kind: fc.constant("pong" as const), number }),
  fc.constantFrom("so", "cube: expected 3 numbers", 'unknown "😀"').map((words) => ({
    kind: "error" as const,
    message: words,
  })),
);
const format = fc.constantFrom(...FORMATS);

describe("the formats", () => {
  it("carry every message alike, mixed in any order and cut anywhere", () => {
    const script = fc.array(fc.tuple(format, message), { maxLength: 30 });
    fc.assert(
      fc.property(script, fc.array(fc.integer({ min: 1, max: 40 })), (sent, cuts) => {
        const stream = sent.flatMap(([form, what]) => [...new CubeCodec(form).encode(what)]);
        expect(decodeAll(pieces(stream, cuts)).received).toEqual(sent.map(([, what]) => what));
        expect(decodeAll(stream.map((byte) => [byte])).received).toEqual(sent.map(([, what]) => what));
      }),
      SEED,
    );
  });

  it("count each message's bytes, so that their sum is the stream", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(format, message)), (sent) => {
        const stream = sent.flatMap(([form, what]) => [...new CubeCodec(form).encode(what)]);
        const { sizes } = decodeAll([stream]);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(stream.length);
      }),
      SEED,
    );
  });

  it("know how much of an unfinished message has come, and none between two", () => {
    for (const form of FORMATS) {
      const decoder = new CubeCodec().decoder();
      const sent = new CubeCodec(form).encode({ kind: "cube", position: [1, 2, 3] });
      const pending = [...sent].map((byte) => {
        decoder.decode(Uint8Array.of(byte), { put() {} });
        return decoder.pendingBytes;
      });
      expect(pending).toEqual([...sent.keys()].map((at) => (at + 1) % sent.length));
    }
  });

  it("end in a reason and never in a throw of another kind, whatever the bytes", () => {
    const noise = fc.oneof(
      fc.constantFrom(...[0xf8, 0xf9, 0xfa, 0xfe, 0xff, 0x7b, 0x0a, 0x00].map((byte) => [byte])),
      fc.constantFrom('{"cube":', "[1,2,3]", "}", "cube ", "1 2 3", "\n").map((text) => [...utf8(text)]),
    );
    fc.assert(
      fc.property(fc.array(noise), (parts) => {
        expect(() => decodeAll(parts)).not.toThrow(); // `decodeAll` takes a DecodeError and nothing else
      }),
      SEED,
    );
  });

  it.each([
    ["text", "cube -7.125 3.5 10\n"],
    ["json", '{"cube":[-7.125,3.5,10]}\n'],
  ] as const)("write a position in %s as %j", (form, text) => {
    const sent = new CubeCodec(form).encode({ kind: "cube", position: [-7.125, 3.5, 10] });
    expect(new TextDecoder().decode(sent)).toBe(text);
  });

  it("write a position in binary in 7 bytes, in thousandths", () => {
    const sent = new CubeCodec("binary").encode({ kind: "cube", position: [-7.125, 0.001, 10] });
    expect([...sent]).toEqual([0xf8, 0x2b, 0xe4, 0x01, 0x00, 0x10, 0x27]);
    expect(cubeSizes([-7.125, 0.001, 10])).toEqual({ text: 21, json: 27, binary: 7 });
  });

  it("may be changed between two messages", () => {
    const codec = new CubeCodec();
    const stream: number[] = [];
    for (const form of ["text", "binary", "json", "text"] as const satisfies readonly Format[]) {
      codec.format = form;
      stream.push(...codec.encode({ kind: "ping", number: 5 }));
    }
    expect(decodeAll([stream]).received).toEqual(Array(4).fill({ kind: "ping", number: 5 }));
  });
});

describe("what is bad", () => {
  it.each([
    ["{", 'not JSON: "{"'],
    ['{"cube":[1,2,3]', 'not JSON: "{"cube":[1,2,3]"'],
    ["{}", 'unknown key ""; expected cube, ping or pong'],
    ['{"cube":[1,2,3],"ping":1}', "expected an object with one key, got 2"],
    ['{"__proto__":1}', 'unknown key "__proto__"; expected cube, ping or pong'],
    ['{"cube":"1 2 3"}', "cube: expected 3 numbers, got \"'1 2 3'\""],
    ['{"cube":[1,2]}', "cube: expected 3 numbers, got 2"],
    ['{"cube":[1,2,null]}', 'cube: z is not a finite decimal number, "null"'],
    ['{"cube":["1",2,3]}', "cube: x is not a finite decimal number, \"'1'\""],
    ['{"cube":[1,1e999,3]}', 'cube: y is not a finite decimal number, "Infinity"'],
    ['{"cube":[1,2,10.001]}', 'cube: z is not from -10 to 10, "10.001"'],
    ['{"ping":"5"}', "ping: not a whole number of up to 15 digits, \"'5'\""],
    ['{"ping":1.5}', 'ping: not a whole number of up to 15 digits, "1.5"'],
    ['{"pong":1e15}', 'pong: not a whole number of up to 15 digits, "1000000000000000"'],
    ['{"error":{}}', 'error: expected text, got "{...}"'],
    [
      `{"ping":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
      'ping: not a whole number of up to 15 digits, "[...]"',
    ],
    ["[1,2,3]", 'unknown word "[1,2,3]"; expected cube, ping or pong'],
  ])("%.40j is decoded as bad, and what follows is decoded too", (text, why) => {
    expect(decodeAll([[...utf8(`${text}\ncube 1 2 3\n`)]])).toMatchObject({
      received: [
        { kind: "bad", message: why },
        { kind: "cube", position: [1, 2, 3] },
      ],
      end: undefined,
    });
  });

  it.each([
    [
      "a place outside of the world",
      [0xf8, 0, 0, 0x11, 0x27, 0, 0],
      'cube: y is not from -10 to 10, "10.001"',
    ],
    [
      "a number of 16 digits",
      [0xf9, ...float(1e15)],
      'ping: not a whole number of up to 15 digits, "1000000000000000"',
    ],
    ["half a number", [0xf9, ...float(1.5)], 'ping: not a whole number of up to 15 digits, "1.5"'],
  ])("a record with %s is decoded as bad, and the next is decoded too", (_, bytes, why) => {
    expect(decodeAll([[...bytes, 0xfa, ...float(7)]])).toMatchObject({
      received: [
        { kind: "bad", message: why },
        { kind: "pong", number: 7 },
      ],
      end: undefined,
    });
  });

  it.each([
    ["a record of no kind", [0xfb, 0, 0, 0x0a], "line 2 is not valid UTF-8"],
    ["a record cut off", [0xf8, 0, 0], "the stream ended inside record 1, after 3 of 7 bytes"],
    [
      "a record that is no number",
      [0xf9, ...float(NaN)],
      "record 1: number is NaN, which is not a finite number",
    ],
    ["a record inside a line", [...utf8("cube "), 0xf8, 0, 0, 0x0a], "line 2 is not valid UTF-8"],
    [
      "a JSON line cut off",
      [...utf8('{"cube"')],
      "the stream ended inside line 2, after 7 bytes without a line break",
    ],
    ["UTF-16", [0xff, 0xfe, 0x63, 0x00, 0x0a], "line 2 is not valid UTF-8"],
  ])("%s ends the stream with a reason, and what came before stays good", (_, bytes, why) => {
    expect(decodeAll([[...utf8("ping 1\n"), ...bytes]])).toMatchObject({
      received: [{ kind: "ping", number: 1 }],
      end: why,
    });
  });
});

/** What one decoder makes of the pieces of a stream that then ends. */
function decodeAll(stream: readonly (readonly number[])[]) {
  const received: (Message | Bad)[] = [];
  const sizes: number[] = [];
  const decoder = new CubeCodec().decoder();
  const sink = {
    put(what: Message | Bad, sizeBytes: number) {
      received.push(what);
      sizes.push(sizeBytes);
    },
  };
  try {
    for (const piece of stream) decoder.decode(Uint8Array.from(piece), sink);
    decoder.end?.();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { received, sizes, end: error.message };
  }
  return { received, sizes, end: undefined };
}

function pieces(stream: readonly number[], cuts: readonly number[]): number[][] {
  const rest = [...stream];
  return [...cuts.map((length) => rest.splice(0, length)), rest];
}

function float(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value).buffer); // as every machine that runs this has it
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
