import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LinesOptions, lines } from "../../src/codec/lines.ts";
import { cut, everyCut, join, octets, Receiver, streamOf, testDecodeTable } from "./deliver.ts";
import { streamsOf, testCodecProperties } from "./properties.ts";

describe("a stream is cut into lines", () => {
  const text = lines();
  const four = lines({ maxLineBytes: 4, maxSentLineBytes: 4 });
  testDecodeTable(
    [
      { title: "nothing gives nothing", codec: text, stream: "", messages: [] },
      { title: "a line ends in a newline", codec: text, stream: "left\n", messages: ["left"] },
      { title: "a line may end as telnet ends it", codec: text, stream: "left\r\n", messages: ["left"] },
      { title: "an empty line is a message", codec: text, stream: "\n\r\n\n", messages: ["", "", ""] },
      { title: "several lines come in order", codec: text, stream: "a\nb\r\nc\n", messages: ["a", "b", "c"] },
      {
        title: "a carriage return inside a line is part of it, at its end it is not",
        codec: text,
        stream: "a\rb\n\r\r\n",
        messages: ["a\rb", ""],
      },
      { title: "spaces and zeros are kept", codec: text, stream: " a\0 \n", messages: [" a\0 "] },
      {
        title: "letters of two, three and four bytes stay whole",
        codec: text,
        stream: "é€😀\n",
        messages: ["é€😀"],
      },
      {
        title: "a byte order mark is a letter like others",
        codec: text,
        stream: "\ufeffa\n",
        messages: ["\ufeffa"],
      },
      { title: "a line may be as long as the limit", codec: four, stream: "abcd\n", messages: ["abcd"] },
      {
        title: "the return before the newline does not count",
        codec: four,
        stream: "abcd\r\n",
        messages: ["abcd"],
      },
      {
        title: "a line one byte over the limit is refused, and those before it stay",
        codec: four,
        stream: "a\nbb\nabcde\nc\n",
        messages: ["a", "bb"],
        error: "line 3 is longer than the limit of 4 bytes",
        code: "maxLineBytes",
      },
      {
        title: "a line one byte over the limit is refused before it ends",
        codec: four,
        stream: "abcde",
        messages: [],
        error: "line 1 is longer than the limit of 4 bytes",
        code: "maxLineBytes",
      },
      {
        title: "a line one byte over the limit is refused with a return too",
        codec: four,
        stream: "abcde\r\n",
        messages: [],
        error: "line 1 is longer than the limit of 4 bytes",
        code: "maxLineBytes",
      },
      {
        title: "only the last return does not count",
        codec: four,
        stream: "abcd\r\r\n",
        messages: [],
        error: "line 1 is longer than the limit of 4 bytes",
        code: "maxLineBytes",
      },
      {
        title: "the limit counts bytes, not letters",
        codec: four,
        stream: "éé\néé!\n",
        messages: ["éé"],
        error: "line 2 is longer than the limit of 4 bytes",
        code: "maxLineBytes",
      },
      {
        title: "bytes that are no UTF-8 are refused, and the lines before them stay",
        codec: text,
        stream: join([streamOf("ok\n"), octets(0x61, 0xff, 0x0a), streamOf("more\n")]),
        messages: ["ok"],
        error: "line 2 is not valid UTF-8",
      },
      {
        title: "a letter that lacks its last byte is refused",
        codec: text,
        stream: octets(0xe2, 0x82, 0x0a),
        messages: [],
        error: "line 1 is not valid UTF-8",
      },
      {
        title: "half of a surrogate pair is refused",
        codec: text,
        stream: octets(0xed, 0xa0, 0x80, 0x0a),
        messages: [],
        error: "line 1 is not valid UTF-8",
      },
      {
        title: "a letter written longer than it needs is refused",
        codec: text,
        stream: octets(0xc0, 0x8a, 0x0a),
        messages: [],
        error: "line 1 is not valid UTF-8",
      },
      {
        title: "a stream that ends inside a line is refused at its end",
        codec: text,
        stream: "a\nleft",
        messages: ["a"],
        endError: "the stream ended inside line 2, after 4 bytes without a line break",
      },
      {
        title: "a return without its newline does not end a line",
        codec: text,
        stream: "left\r",
        messages: [],
        endError: "the stream ended inside line 1, after 5 bytes without a line break",
      },
    ],
    { stream: "é!\r\n", message: "é!" },
  );

  test("a line at the limit is good at every cut, and one over it is refused at every cut", () => {
    for (const pieces of everyCut(streamOf("abcd\n\nabcd\r\n"))) {
      const receiver = new Receiver(four);
      receiver.takeAll(pieces);
      expect(receiver).toMatchObject({ messages: ["abcd", "", "abcd"], error: undefined });
    }
    for (const pieces of everyCut(streamOf("abc\r\nabcde\r\n"))) {
      const receiver = new Receiver(four);
      receiver.takeAll(pieces);
      expect(receiver).toMatchObject({
        messages: ["abc"],
        error: "line 2 is longer than the limit of 4 bytes",
      });
    }
  });

  test("the limit is 64 KiB unless it is said otherwise", () => {
    const longest = "x".repeat(65_536);
    const receiver = new Receiver(text);
    receiver.take(streamOf(`${longest}\n${longest}\r`));
    expect(receiver).toMatchObject({ messages: [longest], error: undefined });
    receiver.take(streamOf("x"));
    expect(receiver.error).toBe("line 2 is longer than the limit of 65536 bytes");
  });

  test("what was wrong with the UTF-8 is the cause", () => {
    const decode = () => text.decoder().decode(octets(0xff, 0x0a), { put: () => {} });
    expect(decode).toThrow(expect.objectContaining({ cause: expect.any(TypeError) }));
  });

  test("a line is charged its bytes, or two for each letter where one letter needs two", () => {
    const x = "x".repeat(100);
    for (const length of [1, 7, 1_000]) {
      const charged: number[] = [];
      const decoder = lines().decoder();
      const put = (_: string, sizeBytes: number, memoryBytes = sizeBytes) =>
        charged.push(Math.max(sizeBytes, memoryBytes));
      for (const piece of cut(streamOf(`${x}\n${x}✓\r\n${x}\n\né€😀\n${x}\r\n`), [length]))
        decoder.decode(piece, { put });
      expect(charged).toEqual([101, 202, 101, 1, 10, 102]);
    }
  });

  test("the decoders of one codec do not share half lines", () => {
    const one = new Receiver(text);
    const other = new Receiver(text);
    one.take(streamOf("le"));
    other.take(streamOf("ri"));
    one.take(streamOf("ft\n"));
    other.take(streamOf("ght\n"));
    expect([...one.messages, ...other.messages]).toEqual(["left", "right"]);
  });
});

describe("a line is encoded", () => {
  const text = lines();
  const four = lines({ maxLineBytes: 4, maxSentLineBytes: 4 });

  test("as its UTF-8 and a newline", () => {
    expect(text.encode("é€😀")).toEqual(streamOf("é€😀\n"));
    expect(text.encode("")).toEqual(streamOf("\n"));
    expect(text.encode("a\rb")).toEqual(streamOf("a\rb\n"));
  });

  test("when it is as long as the limit, and refused when it is one byte over", () => {
    expect(four.encode("abcd")).toEqual(streamOf("abcd\n"));
    expect(four.encode("éé")).toEqual(streamOf("éé\n"));
    expect(() => four.encode("abcde")).toThrow(
      new RangeError("message: a line of 5 bytes is over the limit of 4"),
    );
    expect(() => four.encode("éé!")).toThrow(
      new RangeError("message: a line of 5 bytes is over the limit of 4"),
    );
  });

  test("and text that is far over the limit is refused before a store for it is made", () => {
    const codec = lines({ maxSentLineBytes: 8 });
    expect(() => codec.encode("é".repeat(100_000))).toThrow(
      new RangeError("message: a line of 200000 bytes is over the limit of 8"),
    );
    expect(codec.encode("a").buffer.byteLength).toBeLessThan(10_000);
  });

  test("when it is longer than any line before it", () => {
    const long = "€".repeat(20_000);
    expect(text.encode(long)).toEqual(streamOf(`${long}\n`));
  });

  test("whatever its length is beside that of the store it is written to", () => {
    for (let length = 330; length <= 350; length++) {
      const text = "€".repeat(length);
      expect(lines().encode(text)).toEqual(streamOf(`${text}\n`));
    }
  });

  test("never when it would come out as something else", () => {
    expect(() => text.encode("a\nb")).toThrow(new RangeError("message: a line cannot contain a line break"));
    expect(() => text.encode("a\r")).toThrow(
      new RangeError("message: a line cannot end in a carriage return"),
    );
    const half = new RangeError("message: a line cannot contain half of a surrogate pair");
    expect(() => text.encode("a\ud83d")).toThrow(half);
    expect(() => text.encode("\ude00a")).toThrow(half);
  });

  test.for([
    [undefined, "undefined"],
    [null, "null"],
    [7, "number"],
    [["a"], "an array"],
    [{ text: "a" }, "an object"],
    [streamOf("a"), "an object"],
  ])("never from what is no string: %o", ([message, kind]) => {
    expect(() => text.encode(message as string)).toThrow(
      new TypeError(`message: expected a string, got ${kind}`),
    );
  });

  test("into bytes that are lent until the next one", () => {
    const first = text.encode("first");
    const copy = new Uint8Array(first);
    text.encode("other");
    expect(copy).toEqual(streamOf("first\n"));
    expect(first, "the same store is used again").toEqual(streamOf("other\n"));
  });
});

describe("options are checked at the call", () => {
  test.for([0, -1, 1.5, Number.NaN, Infinity])("maxLineBytes cannot be %d", (maxLineBytes) => {
    const expected = `maxLineBytes: expected a whole number from 1 to 9007199254740991, got ${maxLineBytes}`;
    expect(() => lines({ maxLineBytes })).toThrow(new RangeError(expected));
  });

  test("maxLineBytes cannot be text", () => {
    const options = { maxLineBytes: "64" } as unknown as LinesOptions;
    expect(() => lines(options)).toThrow(new TypeError("maxLineBytes: expected a number, got string"));
  });
});

describe("for any lines, any bytes and any cuts", () => {
  // A small limit, so that the words of the noise meet it from both sides.
  testCodecProperties({
    codec: lines({ maxLineBytes: 8 }),
    messages: fc
      .string({ unit: "binary", maxLength: 8 })
      .map((text) => text.replaceAll("\n", "").replace(/\r+$/, ""))
      .filter((text) => streamOf(text).length <= 8),
    noise: streamsOf("a", "abcdefg", "abcdefgh", "é", "\n", "\r", "\r\n"),
    heldLimitBytes: 8 + "\r".length,
  });
});

describe("what was received", () => {
  const received = (bytes: string): string[] => {
    const got: string[] = [];
    lines()
      .decoder()
      .decode(new TextEncoder().encode(bytes), { put: (text) => void got.push(text) });
    return got;
  };

  test.each(["a\r\r\n", "\r\r\r\n", "é\r\r\n", "a\rb\r\n", "\n"])("can be sent again: %j", (bytes) => {
    const [text = "nothing"] = received(bytes);
    expect(text).not.toMatch(/\r$/);
    expect(() => lines().encode(text)).not.toThrow();
  });

  test("can be passed on with words around it, when less is taken in than is sent", () => {
    const codec = lines({ maxLineBytes: 100 });
    expect(() => codec.encode(`player 1: ${"x".repeat(100)}`)).not.toThrow();
    expect(() => codec.encode("x".repeat(65_536))).not.toThrow();
    expect(() => codec.encode("x".repeat(65_537))).toThrow("over the limit of 65536");
    expect(() => lines({ maxLineBytes: 100_000 }).encode("x".repeat(100_000))).not.toThrow();
    expect(() => lines({ maxSentLineBytes: 0 })).toThrow("maxSentLineBytes: expected");
  });
});
