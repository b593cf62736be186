/**
 * What codecs do where the carrier keeps messages apart, as datagrams do: nothing
 * that marks the end of a message is sent, and none is needed.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Codec, DecodeError, json, lengthPrefixed, lines } from "../../src/index.ts";

/** The messages of one whole message of a carrier, each with its size. */
function decodeWhole<In>(codec: Codec<In, never>, whole: string | Uint8Array): [In, number][] {
  const messages: [In, number][] = [];
  const bytes = typeof whole === "string" ? new TextEncoder().encode(whole) : whole;
  codec.decodeWhole?.(bytes, { put: (message, sizeBytes) => void messages.push([message, sizeBytes]) });
  return messages;
}

/** What is sent for one message, as text. */
function encodeWhole<Out>(codec: Codec<unknown, Out>, message: Out): string {
  return new TextDecoder().decode(codec.encodeWhole?.(message));
}

describe("lines as whole messages", () => {
  test.each([
    ["hello", [["hello", 5]]],
    ["hello\n", [["hello", 6]]],
    ["hello\r\n", [["hello", 7]]],
    ["", [["", 0]]],
    ["\n", [["", 1]]],
    [
      "one\ntwo",
      [
        ["one", 4],
        ["two", 3],
      ],
    ],
    [
      "one\ntwo\n",
      [
        ["one", 4],
        ["two", 4],
      ],
    ],
    ["größer", [["größer", 8]]],
  ] as [string, [string, number][]][])("%j needs no line break at its end", (whole, messages) => {
    expect(decodeWhole(lines(), whole)).toEqual(messages);
  });

  test("are sent without a line break", () => {
    expect([encodeWhole(lines(), "hello"), encodeWhole(lines(), "")]).toEqual(["hello", ""]);
  });

  test("keep to the same limits as lines of a stream", () => {
    expect(decodeWhole(lines({ maxLineBytes: 3 }), "abc")).toEqual([["abc", 3]]);
    expect(() => decodeWhole(lines({ maxLineBytes: 3 }), "abcd")).toThrow(DecodeError);
    expect(() => decodeWhole(lines(), Uint8Array.of(0xff))).toThrow("line 1 is not valid UTF-8");
    expect(() => encodeWhole(lines(), "two\nlines")).toThrow("message: a line cannot contain a line break");
  });

  test("come back as they were sent, whatever they are, and one does not disturb the next", () => {
    const codec = lines();
    const line = fc.string({ unit: "grapheme" }).filter((text) => !/\n|\r$/.test(text));
    fc.assert(
      fc.property(line, (text) => {
        expect(decodeWhole(codec, encodeWhole(codec, text)).map(([message]) => message)).toEqual([text]);
      }),
    );
  });
});

describe("JSON values as whole messages", () => {
  test.each(['{"x":1}', '{"x":1}\n', ' {"x" : 1}\r\n'])("%j needs no line break at its end", (whole) => {
    expect(decodeWhole(json(), whole)).toEqual([[{ x: 1 }, whole.length]]);
  });

  test("are sent without a line break", () => {
    expect(encodeWhole(json(), { x: 1 })).toBe('{"x":1}');
  });

  test("can be sent again when they were received, in no more bytes than were allowed", () => {
    const number = fc.tuple(fc.nat(99), fc.constantFrom("", "e1", "e9", "e20", "e-6", "e99", "e400", ".50"));
    const list = fc
      .array(
        number.map((parts) => parts.join("")),
        { maxLength: 5 },
      )
      .map((items) => `[${items}]`);
    fc.assert(
      fc.property(list, fc.integer({ min: 2, max: 60 }), (whole, maxLineBytes) => {
        const codec = json({ maxLineBytes });
        let messages: [unknown, number][] = [];
        try {
          messages = decodeWhole(codec, whole);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
        for (const [message] of messages) {
          expect(encodeWhole(codec, message).length).toBeLessThanOrEqual(maxLineBytes);
        }
      }),
    );
    expect(() => decodeWhole(json({ maxDepth: 2 }), "[[[]]]")).toThrow("line 1 is more than 2 levels deep");
    expect(decodeWhole(json({ maxLineBytes: 22 }), "[1e19]")).toEqual([[[1e19], 6]]);
    expect(() => decodeWhole(json({ maxLineBytes: 21 }), "[1e19]")).toThrow("would take 22 bytes");
  });

  test("are one, whatever line breaks are in it, and never two", () => {
    const pretty = JSON.stringify({ name: "ann ✓", list: [1, 2] }, null, 2);
    expect(decodeWhole(json(), pretty)).toEqual([
      [JSON.parse(pretty), new TextEncoder().encode(pretty).length],
    ]);
    expect(decodeWhole(json(), `\n${pretty.replaceAll("\n", "\r\n")}\r\n\n`)).toHaveLength(1);
    for (const two of ["1\n2", "1\n2\n", "{}\n{}", '"a\nb"']) {
      expect(() => decodeWhole(json(), two)).toThrow("line 1 is not JSON");
    }
    expect(() => decodeWhole(json(), Uint8Array.of(0x22, 0xff, 0x22))).toThrow("line 1 is not valid UTF-8");
  });

  test("keep to the limit of a line, a line break at the end aside", () => {
    const codec = json({ maxLineBytes: 4 });
    for (const whole of ["1234", "1234\n", "1234\r\n", "[\n1]"])
      expect(decodeWhole(codec, whole)).toHaveLength(1);
    for (const whole of ["12345", "1234\n\n", "[\n1\n]"]) {
      expect(() => decodeWhole(codec, whole)).toThrow(expect.objectContaining({ code: "maxLineBytes" }));
    }
  });

  test("are refused with a reason when they are not JSON, or none at all", () => {
    expect(() => decodeWhole(json(), "hello")).toThrow("line 1 is not JSON");
    expect(() => decodeWhole(json(), "")).toThrow("line 1 is not JSON");
    expect(() => decodeWhole(json({ guard: (value): value is 1 => value === 1 }), "2")).toThrow(DecodeError);
  });
});

describe("length-prefixed messages as whole messages", () => {
  test("have no length in front, both ways, and memory of their own", () => {
    const codec = lengthPrefixed();
    const whole = Uint8Array.of(1, 2, 3);
    const [received] = decodeWhole(codec, whole);
    whole.fill(9);
    expect(received).toEqual([Uint8Array.of(1, 2, 3), 3]);
    expect(decodeWhole(codec, "")).toEqual([[new Uint8Array(0), 0]]);
    expect(codec.encodeWhole?.(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 2));
  });

  test("keep to the same limits as those of a stream", () => {
    const codec = lengthPrefixed({ maxMessageBytes: 3, maxSentMessageBytes: 2 });
    expect(() => decodeWhole(codec, "abcd")).toThrow("has a length of 4 bytes, over the limit of 3");
    expect(() => codec.encodeWhole?.(new Uint8Array(3))).toThrow(
      "message: 3 bytes are over the limit of 2 bytes",
    );
    expect(() => codec.encodeWhole?.("abc" as never)).toThrow(TypeError);
  });
});
