/**
 * Several codecs on one connection: what is whose, that a body is one message, and
 * that neither limits nor errors get lost on the way.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytes } from "../../src/codec/bytes.ts";
import type { Codec } from "../../src/codec/codec.ts";
import { duplex } from "../../src/codec/duplex.ts";
import { json } from "../../src/codec/json.ts";
import { lengthPrefixed } from "../../src/codec/length-prefixed.ts";
import { lines } from "../../src/codec/lines.ts";
import { mixed } from "../../src/codec/mixed.ts";
import { struct } from "../../src/codec/struct.ts";
import { encodeAll, everyCut, join, octets, Receiver, streamOf, testDecodeTable } from "./deliver.ts";
import { streamsOf, testCodecProperties } from "./properties.ts";

const game = mixed({
  chat: json<{ say: string }>(),
  move: struct({ x: "u8", y: "u8" }),
  name: lines({ maxLineBytes: 4 }),
  raw: bytes(),
});
const framed = (kind: number, body: string | Uint8Array) =>
  join([octets(kind, streamOf(body).length), streamOf(body)]);

describe("a stream is cut into messages of several codecs", () => {
  testDecodeTable<object>(
    [
      { title: "nothing gives nothing", codec: game, stream: "", messages: [] },
      {
        title: "each has its kind, its length, and a body of its kind's codec",
        codec: game,
        stream: join([
          framed(0, '{"say":"hi"}'),
          framed(1, octets(3, 4)),
          framed(2, ""),
          framed(1, octets(5, 6)),
          framed(3, "\n"),
        ]),
        messages: [
          { kind: "chat", body: { say: "hi" } },
          { kind: "move", body: { x: 3, y: 4 } },
          { kind: "name", body: "" },
          { kind: "move", body: { x: 5, y: 6 } },
          { kind: "raw", body: octets(10) },
        ],
      },
      {
        title: "a length of several bytes is one",
        codec: game,
        stream: join([octets(3, 0x80, 0x01), new Uint8Array(128)]),
        messages: [{ kind: "raw", body: new Uint8Array(128) }],
      },
      {
        title: "a byte that is no kind is refused",
        codec: game,
        stream: join([framed(2, "a"), octets(4)]),
        messages: [{ kind: "name", body: "a" }],
        error: "message 2 begins with 4, which is no kind of message",
      },
      {
        title: "a body that its codec refuses is refused",
        codec: game,
        stream: join([framed(2, "a"), framed(2, "abcde")]),
        messages: [{ kind: "name", body: "a" }],
        error: 'message 2, "name", is refused: line 1 is longer than the limit of 4 bytes',
        code: "maxLineBytes",
      },
      {
        title: "a body of two messages is refused",
        codec: game,
        stream: framed(1, octets(1, 2, 3, 4)),
        messages: [],
        error: 'message 1, "move", holds 2 messages, and not one',
      },
      {
        title: "a body of none is refused",
        codec: game,
        stream: framed(3, ""),
        messages: [],
        error: 'message 1, "raw", holds 0 messages, and not one',
      },
      {
        title: "a body that ends inside a message is refused",
        codec: game,
        stream: framed(1, octets(1)),
        messages: [],
        error: 'message 1, "move", is refused: the stream ended inside record 1, after 1 of 2 bytes',
      },
      {
        title: "a length that never ends is refused",
        codec: game,
        stream: octets(0, 0x80, 0x80, 0x80, 0x80, 0x80),
        messages: [],
        error: 'message 1, "chat", has a length that is not a valid varint',
      },
      {
        title: "a body over the limit is refused before it comes",
        codec: game,
        stream: octets(0, 0x81, 0x80, 0x04),
        messages: [],
        error: 'message 1, "chat", has a body of 65537 bytes, over the limit of 65536',
        code: "maxMessageBytes",
      },
      {
        title: "a stream that ends inside a message is refused at its end",
        codec: game,
        stream: join([framed(2, "a"), octets(0, 9, 0x7b)]),
        messages: [{ kind: "name", body: "a" }],
        endError: "the stream ended inside message 2, after 3 bytes of it",
      },
    ],
    { stream: octets(1, 2, 7, 8), message: { kind: "move", body: { x: 7, y: 8 } } },
  );

  test("at every cut the messages are the same", () => {
    const stream = join([framed(1, octets(3, 4)), framed(2, "é"), framed(0, "1")]);
    for (const pieces of everyCut(stream)) {
      const receiver = new Receiver(game);
      receiver.takeAll(pieces);
      receiver.end();
      expect(receiver.error).toBeUndefined();
      expect(receiver.messages).toHaveLength(3);
    }
  });

  test("a limit that is exceeded in a body is the code of the whole", () => {
    const codeOf = (codec: Codec<unknown>, stream: Uint8Array) => {
      try {
        codec.decoder().decode(stream, { put: () => {} });
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(codeOf(game as never, framed(2, "abcde"))).toBe("maxLineBytes");
    expect(codeOf(game as never, octets(0, 0x81, 0x80, 0x04))).toBe("maxMessageBytes");
  });
});

describe("a message is encoded", () => {
  test("as its kind, its length, and its body without a border of its own", () => {
    expect(new Uint8Array(game.encode({ kind: "chat", body: { say: "hi" } }))).toEqual(
      framed(0, '{"say":"hi"}'),
    );
    expect(new Uint8Array(game.encode({ kind: "move", body: { x: 1, y: 2 } }))).toEqual(octets(1, 2, 1, 2));
    expect(new Uint8Array(game.encode({ kind: "raw", body: new Uint8Array(300) }))).toEqual(
      join([octets(3, 0xac, 0x02), new Uint8Array(300)]),
    );
  });

  test("by the codecs that its body has each way", () => {
    const codec = mixed({ both: duplex(lines(), struct({ n: "u8" })) });
    expect(new Uint8Array(codec.encode({ kind: "both", body: { n: 7 } }))).toEqual(octets(0, 1, 7));
    const receiver = new Receiver(codec);
    receiver.take(framed(0, "hi"));
    expect(receiver.messages).toEqual([{ kind: "both", body: "hi" }]);
  });

  test("never when it is of no kind, or its body is not of its kind", () => {
    expect(() => game.encode({ kind: "fly" } as never)).toThrow(
      new TypeError('message.kind: expected one of chat, move, name, raw; got "fly"'),
    );
    expect(() => game.encode({} as never)).toThrow(
      "message.kind: expected one of chat, move, name, raw; got undefined",
    );
    expect(() => game.encode(null as never)).toThrow(new TypeError("message: expected an object, got null"));
    expect(() => game.encode({ kind: "move", body: { x: 1 } } as never)).toThrow(
      new TypeError("message.body.y: expected a number, got undefined"),
    );
    expect(() => game.encode({ kind: "name", body: "a\nb" })).toThrow(
      new RangeError("message.body: a line cannot contain a line break"),
    );
    expect(() => game.encode({ kind: "raw", body: new Uint8Array() })).toThrow(
      /^message\.body: its codec sends nothing/,
    );
    expect(() => game.encode({ kind: "raw", body: new Uint8Array(69_633) })).toThrow(
      new RangeError("message.body: 69633 bytes are over the limit of 69632 bytes"),
    );
  });
});

describe("a whole message of a carrier", () => {
  const decodeWhole = (whole: Uint8Array) => {
    const messages: unknown[] = [];
    game.decodeWhole?.(whole, { put: (message, size) => void messages.push([message, size]) });
    return messages;
  };

  test("has a kind and no length", () => {
    expect(new Uint8Array(game.encodeWhole?.({ kind: "name", body: "ann" }) ?? [])).toEqual(
      join([octets(2), streamOf("ann")]),
    );
    expect(decodeWhole(join([octets(2), streamOf("ann")]))).toEqual([[{ kind: "name", body: "ann" }, 4]]);
    expect(decodeWhole(octets(1, 5, 6))).toEqual([[{ kind: "move", body: { x: 5, y: 6 } }, 3]]);
  });

  test("is refused when it has no kind, or its body is none", () => {
    expect(() => decodeWhole(octets())).toThrow(
      "a message begins with a byte for its kind, and there is none",
    );
    expect(() => decodeWhole(octets(9))).toThrow("message 1 begins with 9");
    expect(() => decodeWhole(octets(1, 5))).toThrow('message 1, "move", is refused');
    expect(() => decodeWhole(new Uint8Array(65_538))).toThrow("over the limit of 65536");
  });
});

describe("codecs that cannot be mixed are refused at once", () => {
  test.each<[unknown, RegExp]>([
    [null, /^codecs: expected an object, got null$/],
    [[lines()], /^codecs: expected an object, got an array$/],
    [{}, /^codecs: expected 1 to 256 kinds, got 0$/],
    [{ 1: lines() }, /^codecs\.1: a name cannot be a number/],
    [{ a: { x: "u8" } }, /^codecs\.a: expected a codec, got an object$/],
  ])("%o", (codecs, message) => {
    expect(() => mixed(codecs as never)).toThrow(message);
  });
});

test("a decoder of one's own that does not say what it holds is new for each body", () => {
  let made = 0;
  const own: Codec<number> = {
    encode: (message) => octets(message),
    decoder() {
      made++;
      return { decode: (piece, sink) => sink.put(piece[0] ?? 0, 1) };
    },
  };
  const receiver = new Receiver(mixed({ own }));
  receiver.take(join([framed(0, octets(7)), framed(0, octets(8))]));
  expect(receiver.messages).toEqual([
    { kind: "own", body: 7 },
    { kind: "own", body: 8 },
  ]);
  expect(made).toBe(2);
});

describe("for any messages of several kinds, any bytes and any cuts", () => {
  const codec = mixed(
    { chat: json<unknown>(), move: struct({ x: "u8" }), inner: mixed({ part: lengthPrefixed() }) },
    { maxMessageBytes: 60 },
  );
  const chat = fc.string({ maxLength: 9 }).map((body) => ({ kind: "chat" as const, body }));
  const move = fc.nat(255).map((x) => ({ kind: "move" as const, body: { x } }));
  const inner = fc
    .uint8Array({ maxLength: 9 })
    .map((part) => ({ kind: "inner" as const, body: { kind: "part" as const, body: part } }));
  testCodecProperties({
    codec: codec as Codec<unknown>,
    messages: fc.oneof(chat, move, inner) as fc.Arbitrary<unknown>,
    noise: streamsOf(
      encodeAll(codec, [{ kind: "chat", body: "hi" }]),
      encodeAll(codec, [{ kind: "move", body: { x: 7 } }]),
      "\0",
      "\x01\x01a",
      "\x80",
    ),
    heldLimitBytes: 60 + 6,
  });
});
