/**
 * What can be received can be sent again: whatever a stranger found that a codec
 * accepts, the program that passes it on does not fall over it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes } from "../../src/codec/bytes.ts";
import type { Codec } from "../../src/codec/codec.ts";
import { json } from "../../src/codec/json.ts";
import { numberGrowth } from "../../src/codec/json-text.ts";
import { lengthPrefixed } from "../../src/codec/length-prefixed.ts";
import { lines } from "../../src/codec/lines.ts";
import { struct, structs } from "../../src/codec/struct.ts";
import { Receiver, streamOf } from "./deliver.ts";
import { check, streamsOf } from "./properties.ts";

/** What a relay may add by default. */
const WORD_BYTES = 4_096;

const digits = (most: number) => fc.stringMatching(/^(0|[1-9]\d*)$/).map((text) => text.slice(0, most));
/** Any number that JSON knows, however odd. */
const number = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(digits(25), fc.constantFrom("0", "1", "9", "1".repeat(22), "9".repeat(309), "1".repeat(400))),
    fc.oneof(fc.constant(""), fc.stringMatching(/^\.\d{1,24}$/), fc.constantFrom(`.${"0".repeat(30)}7`)),
    fc.oneof(fc.constant(""), fc.stringMatching(/^[eE][+-]?\d{1,3}$/), fc.constantFrom("e20", "E-6", "e308")),
  )
  .map((parts) => parts.join(""));
const string = fc
  .array(
    fc.constantFrom(
      "a",
      "é",
      "✓",
      "😀",
      "\\n",
      "\\/",
      '\\"',
      "\\\\",
      "\\u0000",
      "\\ud800",
      "\\u2028",
      "\u2028",
      "{",
      "1e9",
    ),
    { maxLength: 6 },
  )
  .map((units) => `"${units.join("")}"`);
/** Valid JSON as a stranger may write it, one line of it. */
const { text: jsonText } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    { weight: 3, arbitrary: number },
    { weight: 2, arbitrary: fc.oneof(string, fc.constantFrom("true", "false", "null", " 1", "{}", "[]")) },
    { weight: 3, arbitrary: fc.array(tie("text"), { maxLength: 5 }).map((items) => `[${items.join()}]`) },
    {
      weight: 3,
      arbitrary: fc
        .array(fc.tuple(fc.oneof(string, fc.constantFrom('"__proto__"', '"toJSON"', '"1"')), tie("text")), {
          maxLength: 4,
        })
        .map((fields) => `{${fields.map(([key, value]) => `${key}: ${value}`).join(" ,")}}`),
    },
  ),
}));

/** The messages of a stream, and those before the place where it is refused. */
function received<Message>(codec: Codec<Message>, stream: Uint8Array | string): readonly Message[] {
  const receiver = new Receiver(codec);
  receiver.take(streamOf(stream));
  return receiver.messages;
}

describe("what was received can be sent again", () => {
  test("JSON, whatever the form of its numbers, strings and keys, in no longer a line than was allowed", () => {
    let accepted = 0;
    check(
      fc.property(
        jsonText,
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 6 }),
        (text, most, maxDepth) => {
          const codec = json({ maxLineBytes: most, maxDepth });
          for (const message of received(codec, `${text}\n`)) {
            accepted++;
            const line = new Uint8Array(codec.encode(message));
            expect(line.length - 1).toBeLessThanOrEqual(most);
            expect(received(codec, line), "and received again").toHaveLength(1);
            expect(() => codec.encode({ from: 7, message })).not.toThrow();
          }
        },
      ),
    );
    expect(accepted).toBeGreaterThan(200);
  });

  test("JSON at the limit, whose numbers become five times as long", () => {
    const codec = json();
    for (const number of ["1e20", "9E20", "1e-6", "1e99", "12e20", "0.5", "-0"]) {
      const count = Math.floor(65_534 / (number.length + 1));
      const list = `[${Array(count).fill(number).join()}]`;
      for (const message of received(codec, `${list}\n`)) {
        expect(() => codec.encode({ from: "x".repeat(4_000), message })).not.toThrow();
      }
      const few = `[${number},${number}]`;
      const [message] = received(codec, `${few}\n`);
      expect(message, "a few of them are a message like any").toEqual([Number(number), Number(number)]);
    }
  });

  test("lines, in no longer a line than was allowed", () => {
    const noise = streamsOf("a", "é", "✓", "😀", "\r", "\n", "\r\n", "\0", "\ufeff");
    check(
      fc.property(noise, fc.integer({ min: 1, max: 12 }), (stream, most) => {
        const codec = lines({ maxLineBytes: most });
        for (const text of received(codec, stream)) {
          const line = new Uint8Array(codec.encode(text));
          expect(line.length - 1).toBeLessThanOrEqual(most);
          expect(received(codec, line)).toEqual([text]);
        }
      }),
    );
  });

  test("messages with a length in front, whatever the form of the length", () => {
    const noise = streamsOf("\0", "\x01a", "\x02ab", "\x80\0", Uint8Array.of(0x81, 0x00, 7));
    check(
      fc.property(
        noise,
        fc.constantFrom("u8", "u16", "u32", "varint"),
        fc.integer({ min: 1, max: 4 }),
        (stream, prefix, most) => {
          const codec = lengthPrefixed({ prefix, maxMessageBytes: most });
          for (const message of received(codec, stream)) {
            expect(received(codec, new Uint8Array(codec.encode(message)))).toEqual([message]);
          }
        },
      ),
    );
  });

  test("pieces of bytes", () => {
    check(
      fc.property(fc.uint8Array(), (stream) => {
        for (const message of received(bytes(), stream)) expect(bytes().encode(message)).toEqual(message);
      }),
    );
  });

  test("records of all types, as the same bytes", () => {
    const fields = {
      a: "u8",
      b: "i16",
      c: "u32",
      d: "f32",
      e: "f64",
      f: "i64",
      g: "u64",
      h: "bool",
    } as const;
    const one = struct(fields);
    const some = structs({ none: {}, all: fields, small: { x: "f32" } }, { endian: "big" });
    const sharp = fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff);
    check(
      fc.property(fc.array(sharp, { minLength: 5, maxLength: 120 }), (octets) => {
        const stream = Uint8Array.from(octets);
        for (const codec of [one, some] as Codec<unknown>[]) {
          let at = 0;
          for (const message of received(codec, stream)) {
            const record = codec.encode(message);
            expect(new Uint8Array(record)).toEqual(stream.subarray(at, at + record.length));
            at += record.length;
          }
        }
      }),
    );
  });
});

describe("with a word of the relay's own in front", () => {
  const word = "w".repeat(WORD_BYTES);

  test.each([undefined, 1_000, 65_536, 200_000])("a line at maxLineBytes of %s", (maxLineBytes) => {
    const codec = lines(maxLineBytes === undefined ? {} : { maxLineBytes });
    const longest = "x".repeat(maxLineBytes ?? 65_536);
    expect(received(codec, `${longest}\n`)).toEqual([longest]);
    expect(codec.encode(word + longest).length).toBe(WORD_BYTES + longest.length + 1);
  });

  test.each([undefined, 1_000, 200_000])("a JSON value at maxLineBytes of %s", (maxLineBytes) => {
    const codec = json(maxLineBytes === undefined ? {} : { maxLineBytes });
    const longest = "x".repeat((maxLineBytes ?? 65_536) - 2);
    expect(received(codec, `"${longest}"\n`)).toEqual([longest]);
    expect(() => codec.encode([word.slice(0, -5), longest])).not.toThrow();
  });

  test("an object at maxDepth, in envelopes", () => {
    const codec = json();
    const [deepest] = received(codec, `${"[".repeat(128)}${"]".repeat(128)}\n`);
    expect(deepest).toBeDefined();
    expect(() => codec.encode({ from: 1, body: { deepest } })).not.toThrow();
  });

  test.each([undefined, 1_000, 200_000])(
    "a message with its length at maxMessageBytes of %s",
    (maxMessageBytes) => {
      const codec = lengthPrefixed(maxMessageBytes === undefined ? {} : { maxMessageBytes });
      const longest = new Uint8Array((maxMessageBytes ?? 65_536) + WORD_BYTES);
      expect(() => codec.encode(longest)).not.toThrow();
    },
  );
});

describe("the growth of numbers is found out from the text", () => {
  test.each([
    ["1e20", 17],
    ["[1e20, -9E20]", 34],
    ['{"1e20":"1e20\\"1e20"}', 0],
    ['["a 1e20","\\" 1e20","\\\\",1e20," 1e20"]', 17],
    ["1E-6", 4],
    ["1e99", 1],
    ["1.50", -1],
    ["-0", -1],
    ["1e309", Infinity],
    [`[0,-${"9".repeat(309)}]`, Infinity],
    ["[true,false,null]", 0],
  ])("%s", (text, growth) => {
    expect(numberGrowth(text)).toBe(growth);
  });

  test("as what JSON writes of them, less what was there", () => {
    check(
      fc.property(fc.array(number, { maxLength: 4 }), (numbers) => {
        const text = `[${numbers.join()}]`;
        const value = JSON.parse(text) as number[];
        const areFinite = value.every((item) => Number.isFinite(item));
        expect(numberGrowth(text)).toBe(areFinite ? JSON.stringify(value).length - text.length : Infinity);
      }),
    );
  });
});
