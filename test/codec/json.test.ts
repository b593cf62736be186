import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../../src/codec/codec.ts";
import { json } from "../../src/codec/json.ts";
import { everyCut, Receiver, streamOf, testDecodeTable } from "./deliver.ts";
import { streamsOf, testCodecProperties } from "./properties.ts";

interface Step {
  readonly x: number;
}

const isStep = (value: unknown): value is Step =>
  typeof value === "object" && value !== null && "x" in value && typeof value.x === "number";

describe("a stream is cut into JSON values", () => {
  const untyped = json();
  const six = json({ maxLineBytes: 6 });
  testDecodeTable<unknown>(
    [
      {
        title: "each line is one value of any kind",
        codec: untyped,
        stream: '{"x":1}\n[1,2]\n"a"\n7\ntrue\nnull\n',
        messages: [{ x: 1 }, [1, 2], "a", 7, true, null],
      },
      { title: "a line may end as telnet ends it", codec: untyped, stream: "1\r\n2\r\n", messages: [1, 2] },
      { title: "blanks around a value do not matter", codec: untyped, stream: " \t1 \n", messages: [1] },
      {
        title: "a line break inside a string is written as JSON writes it",
        codec: untyped,
        stream: '"a\\nb"\n',
        messages: ["a\nb"],
      },
      {
        title: "an own __proto__ is a plain member",
        codec: untyped,
        stream: '{"__proto__":1}\n',
        messages: [JSON.parse('{"__proto__":1}')],
      },
      {
        title: "a line that is no JSON is refused, and the values before it stay",
        codec: untyped,
        stream: "1\n2\n{x}\n4\n",
        messages: [1, 2],
        error: notJson(3, "{x}"),
      },
      {
        title: "an empty line is no JSON",
        codec: untyped,
        stream: "1\n\n",
        messages: [1],
        error: notJson(2, ""),
      },
      {
        title: "two values in a line are no JSON",
        codec: untyped,
        stream: "1 2\n",
        messages: [],
        error: notJson(1, "1 2"),
      },
      { title: "NaN is no JSON", codec: untyped, stream: "NaN\n", messages: [], error: notJson(1, "NaN") },
      { title: "a line may be as long as the limit", codec: six, stream: '"abcd"\n', messages: ["abcd"] },
      {
        title: "the return before the newline does not count",
        codec: six,
        stream: '"abcd"\r\n',
        messages: ["abcd"],
      },
      {
        title: "a line one byte over the limit is refused, before it is parsed",
        codec: six,
        stream: '1\n"abcde"\n',
        messages: [1],
        error: "line 2 is longer than the limit of 6 bytes",
        code: "maxLineBytes",
      },
      {
        title: "bytes that are no UTF-8 are refused",
        codec: untyped,
        stream: Uint8Array.of(0x31, 0x0a, 0x22, 0xff, 0x22, 0x0a),
        messages: [1],
        error: "line 2 is not valid UTF-8",
      },
      {
        title: "a stream that ends inside a line is refused at its end, even if the value is whole",
        codec: untyped,
        stream: "1\n{}",
        messages: [1],
        endError: "the stream ended inside line 2, after 2 bytes without a line break",
      },
    ],
    { stream: '"é"\r\n', message: "é" },
  );

  test("the limit is 64 KiB unless it is said otherwise", () => {
    const receiver = new Receiver(untyped);
    receiver.take(streamOf(`"${"x".repeat(65_534)}"\n"${"x".repeat(65_535)}`));
    expect(receiver.messages).toEqual(["x".repeat(65_534)]);
    expect(receiver.error).toBeUndefined();
    receiver.take(streamOf('"'));
    expect(receiver.error).toBe("line 2 is longer than the limit of 65536 bytes");
  });

  test("at every cut the values are the same", () => {
    for (const pieces of everyCut(streamOf('[1]\n{"x":2}\r\n'))) {
      const receiver = new Receiver(untyped);
      receiver.takeAll(pieces);
      expect(receiver).toMatchObject({ messages: [[1], { x: 2 }], error: undefined });
    }
  });
});

describe("what could not be passed on is refused", () => {
  const three = json({ maxDepth: 3 });
  const twenty = json({ maxLineBytes: 20 });
  testDecodeTable<unknown>(
    [
      {
        title: "a value may be as deep as the limit",
        codec: three,
        stream: '[[[]]]\n{"a":[{}]}\n"[[[["\n',
        messages: [[[[]]], { a: [{}] }, "[[[["],
      },
      {
        title: "a value one level deeper is refused, and those before it stay",
        codec: three,
        stream: "[[[]]]\n[[[[]]]]\n1\n",
        messages: [[[[]]]],
        error: "line 2 is more than 3 levels deep: [[[[]]]]",
        code: "maxDepth",
      },
      {
        title: "a number that JavaScript does not hold is refused",
        codec: three,
        stream: '1\n{"x":-1e999}\n',
        messages: [1],
        error: 'line 2 has a number that is too large for JavaScript: {"x":-1e999}',
      },
      {
        title: "a number is refused when all of its digits would be over the limit",
        codec: twenty,
        stream: "[1e17]\n[1e18]\n",
        messages: [[1e17]],
        error:
          "line 2 would take 21 bytes when it is sent again, with all digits, over the limit of 20: [1e18]",
        code: "maxLineBytes",
      },
      {
        title: "what becomes shorter is as good as ever",
        codec: twenty,
        stream: "[1.000000000000e+01]\n",
        messages: [[10]],
      },
    ],
    { stream: "[7]\n", message: [7] },
  );

  test("64 KiB of brackets are 128 levels too many, and not one", () => {
    const receiver = new Receiver(json());
    receiver.take(
      streamOf(`${"[".repeat(128)}${"]".repeat(128)}\n${"[".repeat(32_768)}${"]".repeat(32_768)}\n`),
    );
    expect(receiver.messages).toHaveLength(1);
    expect(receiver.error).toBe(`line 2 is more than 128 levels deep: ${"[".repeat(80)}…`);
  });

  test.each([
    ["maxDepth", json({ maxDepth: 1 }), "[[]]\n"],
    ["maxLineBytes", json({ maxLineBytes: 4 }), "12345\n"],
    ["maxLineBytes", json({ maxLineBytes: 4 }), "1e20\n"],
    [undefined, json(), "1e999\n"],
    [undefined, json(), "x\n"],
  ])("with %s as the code", (code, codec, stream) => {
    const decode = () => codec.decoder().decode(streamOf(stream), { put: () => {} });
    expect(decode).toThrow(expect.objectContaining({ name: "DecodeError", code }));
  });
});

describe("a guard says which values are messages", () => {
  const guarded = json<Step>({ guard: isStep });
  const throwing = json<Step>({
    guard: (value): value is Step => {
      if (value === 13) throw new Error("unlucky");
      return true;
    },
  });
  testDecodeTable<unknown>(
    [
      { title: "what it lets pass is a message", codec: guarded, stream: '{"x":1}\n', messages: [{ x: 1 }] },
      {
        title: "what it refuses is refused, and the values before it stay",
        codec: guarded,
        stream: '{"x":1}\n{"x":"1"}\n{"x":3}\n',
        messages: [{ x: 1 }],
        error: 'the guard refused the JSON value of line 2: {"x":"1"}',
      },
      {
        title: "null is for the guard to refuse",
        codec: guarded,
        stream: "null\n",
        messages: [],
        error: "the guard refused the JSON value of line 1: null",
      },
      {
        title: "what it throws at is refused",
        codec: throwing,
        stream: '{"x":1}\n13\n',
        messages: [{ x: 1 }],
        error: "the guard threw on the JSON value of line 2: 13",
      },
    ],
    { stream: '{"x":-7}\n', message: { x: -7 } },
  );

  test("what it refuses is shown as the peer wrote it, shortened, with what cannot be seen as escapes", () => {
    const refusing = json({ guard: (value): value is never => value === undefined });
    const receiver = new Receiver(refusing);
    receiver.take(streamOf(`{ "say": "\u202e\x7f${"é".repeat(100)}" }\r\n`));
    expect(receiver.error).toBe(
      `the guard refused the JSON value of line 1: { "say": "\\u202e\\u007f${"é".repeat(68)}…`,
    );
  });

  test("what it threw is the cause", () => {
    const decode = () => throwing.decoder().decode(streamOf("13\n"), { put: () => {} });
    expect(decode).toThrow(
      new DecodeError("the guard threw on the JSON value of line 1: 13", { cause: new Error("unlucky") }),
    );
  });
});

describe("a value is encoded", () => {
  test("as its JSON and a newline", () => {
    expect(json().encode({ x: 1, y: [null, "é\n"] })).toEqual(streamOf('{"x":1,"y":[null,"é\\n"]}\n'));
    expect(json().encode("\ud83d"), "half a surrogate pair has a form in JSON").toEqual(
      streamOf('"\\ud83d"\n'),
    );
  });

  test("when its line is as long as the limit, and refused when it is one byte over", () => {
    const six = json({ maxLineBytes: 6, maxSentLineBytes: 6 });
    expect(six.encode("abcd")).toEqual(streamOf('"abcd"\n'));
    expect(() => six.encode("abcde")).toThrow(
      new RangeError("message: a line of 7 bytes is over the limit of 6"),
    );
  });

  test.for([
    { kind: "undefined", message: undefined },
    { kind: "a function", message: () => 1 },
    { kind: "NaN", message: Number.NaN },
  ])("never from what JSON has no form for: $kind", ({ kind, message }) => {
    expect(() => json().encode(message)).toThrow(new TypeError(`message: JSON cannot carry ${kind}`));
  });

  test("into bytes that are lent until the next one", () => {
    const codec = json();
    const first = codec.encode([1]);
    codec.encode([2]);
    expect(first, "the same store is used again").toEqual(streamOf("[2]\n"));
  });
});

describe("for any values, any bytes and any cuts", () => {
  testCodecProperties<unknown>({
    codec: json({ maxLineBytes: 64, maxDepth: 3 }),
    // JSON has no -0: it writes 0.
    messages: fc
      .jsonValue({ maxDepth: 2 })
      .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
      .filter((value) => streamOf(JSON.stringify(value)).length <= 64),
    noise: streamsOf(
      "1",
      "1e5",
      '"é"',
      '{"x":[1]}',
      "[[[[",
      "true",
      `"${"x".repeat(62)}"`,
      " ",
      "\n",
      "\r\n",
    ),
    heldLimitBytes: 64 + "\r".length,
  });
});

/** The words after the colon are the engine's own, and change from one Node to the next. */
function notJson(lineNumber: number, line: string): string {
  try {
    JSON.parse(line);
  } catch (error) {
    return `line ${lineNumber} is not JSON: ${(error as Error).message}`;
  }
  throw new Error(`this is JSON: ${line}`);
}
