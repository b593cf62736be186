/**
 * Records that can say a name: text, bytes, arrays, lists and what is optional, on the
 * wire, at every cut, under their limits, and at the calls of those who get them wrong.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/codec/codec.ts";
import { list, optional } from "../../src/codec/field-types.ts";
import { struct, structs } from "../../src/codec/struct.ts";
import { keptBytes } from "../garbage.ts";
import {
  cut,
  type DecodeCase,
  encodeAll,
  everyCut,
  join,
  octets,
  Receiver,
  streamOf,
  type Tail,
  testDecodeTable,
} from "./deliver.ts";
import { check, streamsOf, testCodecProperties } from "./properties.ts";

const named = struct({ id: "u8", name: "text8" });
const blob = struct({ bytes: "bytes16", end: "u8" });
const point = struct({ at: ["i16", 2], on: ["bool", 3] });
const bag = struct({ items: list({ id: "u16", count: "u8" }, { maxItems: 3 }), end: "u8" });
const words = struct({ words: list("text8", { maxItems: 3 }) });
const team = struct({ team: optional("u16"), end: "u8" });
const both = structs({ move: { x: "u8" }, say: { text: "text8" }, stop: {} });

describe("a stream is cut into records that tell their size", () => {
  const rows: readonly DecodeCase<object>[] = [
    { title: "nothing gives nothing", codec: named, stream: "", messages: [] },
    {
      title: "text stands behind its length in bytes",
      codec: named,
      stream: join([octets(7, 3), streamOf("ann"), octets(8, 0), octets(9, 2), streamOf("é")]),
      messages: [
        { id: 7, name: "ann" },
        { id: 8, name: "" },
        { id: 9, name: "é" },
      ],
    },
    {
      title: "bytes do too, the lowest byte of a length of two first",
      codec: blob,
      stream: octets(2, 0, 8, 9, 1, 0, 0, 2),
      messages: [
        { bytes: octets(8, 9), end: 1 },
        { bytes: octets(), end: 2 },
      ],
    },
    {
      title: "an array of fixed length has no length on the wire",
      codec: point,
      stream: octets(1, 0, 0xff, 0xff, 1, 0, 1),
      messages: [{ at: [1, -1], on: [true, false, true] }],
    },
    {
      title: "a list stands behind the number of its items, in two bytes",
      codec: bag,
      stream: octets(2, 0, 1, 0, 5, 2, 0, 6, 9, 0, 0, 8),
      messages: [
        {
          items: [
            { id: 1, count: 5 },
            { id: 2, count: 6 },
          ],
          end: 9,
        },
        { items: [], end: 8 },
      ],
    },
    {
      title: "a list's items may tell their own size",
      codec: words,
      stream: join([octets(2, 0, 1), streamOf("a"), octets(2), streamOf("bc")]),
      messages: [{ words: ["a", "bc"] }],
    },
    {
      title: "what is optional stands behind a byte, or is undefined",
      codec: team,
      stream: octets(1, 5, 0, 9, 0, 8),
      messages: [
        { team: 5, end: 9 },
        { team: undefined, end: 8 },
      ],
    },
    {
      title: "kinds of fixed size and others stand beside each other",
      codec: both,
      stream: octets(0, 5, 1, 2, 0x68, 0x69, 2, 0, 6),
      messages: [
        { kind: "move", x: 5 },
        { kind: "say", text: "hi" },
        { kind: "stop" },
        { kind: "move", x: 6 },
      ],
    },
    {
      title: "a stream that ends inside a record is refused at its end",
      codec: named,
      stream: octets(7, 0, 8, 2, 0x61),
      messages: [{ id: 7, name: "" }],
      endError: "the stream ended inside record 2, after 3 bytes of it",
    },
  ];
  const tails = new Map<Codec<object>, Tail<object>>([
    [named, { stream: octets(9, 1, 0x21), message: { id: 9, name: "!" } }],
    [blob, { stream: octets(1, 0, 5, 6), message: { bytes: octets(5), end: 6 } }],
    [point, { stream: octets(1, 0, 2, 0, 0, 0, 1), message: { at: [1, 2], on: [false, false, true] } }],
    [bag, { stream: octets(1, 0, 7, 0, 3, 4), message: { items: [{ id: 7, count: 3 }], end: 4 } }],
    [words, { stream: octets(2, 0, 0, 1, 0x61), message: { words: ["", "a"] } }],
    [team, { stream: octets(1, 1, 1, 2), message: { team: 257, end: 2 } }],
    [both, { stream: octets(1, 1, 0x61), message: { kind: "say", text: "a" } }],
  ]);
  for (const row of rows) testDecodeTable([row], tails.get(row.codec as Codec<object>) as Tail<object>);
});

describe("what was never written is refused, with its place", () => {
  testDecodeTable<object>(
    [
      {
        title: "text that is not UTF-8",
        codec: named,
        stream: octets(1, 0, 2, 1, 0xff),
        messages: [{ id: 1, name: "" }],
        error: "record 2: name is not valid UTF-8",
      },
      {
        title: "an item of an array",
        codec: struct({ on: ["bool", 2], name: "text8" }),
        stream: octets(1, 7, 0),
        messages: [],
        error: "record 1: on[1] is 7, which is neither 0 nor 1",
      },
      {
        title: "an item of a list, in a list",
        codec: struct({ rows: list({ on: list("bool") }) }),
        stream: octets(2, 0, 0, 0, 2, 0, 1, 9),
        messages: [],
        error: "record 1: rows[1].on[1] is 9, which is neither 0 nor 1",
      },
      {
        title: "a list over its limit, before its items have come",
        codec: bag,
        stream: octets(4, 0),
        messages: [],
        error: "record 1: items has 4 items, over maxItems, 3",
        code: "maxItems",
      },
      {
        title: "what is neither there nor absent",
        codec: team,
        stream: octets(2),
        messages: [],
        error: "record 1: team begins with 2, which is neither 0 nor 1",
      },
      {
        title: "a byte that is no kind",
        codec: both,
        stream: octets(2, 3),
        messages: [{ kind: "stop" }],
        error: "record 2 begins with 3, which is no kind of record",
      },
      {
        title: "a record that the guard refuses, shown with its bytes as a number",
        codec: struct({ icon: "bytes8" }, { guard: ({ icon }) => icon.length < 2 }),
        stream: octets(1, 7, 2, 7, 7),
        messages: [{ icon: octets(7) }],
        error: 'record 2: the guard refused {"icon":"2 bytes"}',
      },
      {
        title: "a record over its limit, as soon as a length says so",
        codec: struct({ name: "text16" }, { maxRecordBytes: 10 }),
        stream: octets(8, 0, ...Array(8).fill(0x61), 9, 0),
        messages: [{ name: "aaaaaaaa" }],
        error: "record 2: 11 bytes or more are over maxRecordBytes, 10",
        code: "maxRecordBytes",
      },
    ],
    { stream: octets(0, 0, 0, 0), message: {} },
  );
});

test("wherever a stream is cut, the same records come out", () => {
  const codec = structs({ all: { name: "text8", rows: list({ on: optional(list("text8")) }) }, stop: {} });
  const sent = [
    { kind: "all" as const, name: "é", rows: [{ on: ["", "a"] }, {}, { on: [] }] },
    { kind: "stop" as const },
  ];
  const stream = encodeAll(codec, sent);
  expect(stream.length).toBeLessThan(20);
  for (const pieces of everyCut(stream)) {
    const receiver = new Receiver(codec);
    receiver.takeAll(pieces);
    receiver.end();
    expect(receiver.error).toBeUndefined();
    expect(receiver.messages).toEqual([
      { kind: "all", name: "é", rows: [{ on: ["", "a"] }, { on: undefined }, { on: [] }] },
      { kind: "stop" },
    ]);
  }
});

test("a record of thousands of lengths comes out the same in any pieces, and so does what is behind it", () => {
  const codec = struct({ words: list("text8", { maxItems: 5_000 }), end: optional("u8") });
  const sent = [
    { words: Array.from({ length: 5_000 }, (_, index) => "x".repeat(index % 4)), end: 7 },
    { words: ["a"], end: undefined },
    { words: [], end: 1 },
  ];
  const stream = encodeAll(codec, sent);
  for (const lengths of [[1], [1, 20_000], [700], [1_023, 1_025], [stream.length - 3, 1]]) {
    const receiver = new Receiver(codec);
    receiver.takeAll(cut(stream, lengths));
    receiver.end();
    expect(receiver.error).toBeUndefined();
    expect(receiver.messages).toEqual(sent);
  }
});

test("text is the same however short or long it is, and wherever its first wide letter stands", () => {
  for (let length = 0; length < 16; length++) {
    for (const wide of ["", "é", "€", "😀", "\u0080", "\u007f", "\ufeff"]) {
      for (const name of ["a".repeat(length) + wide, wide + "a".repeat(length)]) {
        const receiver = new Receiver(named);
        receiver.take(named.encode({ id: 1, name }));
        expect(receiver.messages).toEqual([{ id: 1, name }]);
      }
    }
  }
});

test("received bytes are the game's own", () => {
  const stream = octets(1, 0, 7, 0);
  const messages: { bytes: Uint8Array }[] = [];
  blob.decoder().decode(stream, { put: (message) => void messages.push(message) });
  stream.fill(9);
  expect(messages[0]?.bytes).toEqual(octets(7));
  expect(Object.getPrototypeOf(messages[0]?.bytes)).toBe(Uint8Array.prototype);
});

test("a record of fixed size in a list is like one alone, and all have their fields in order", () => {
  const receiver = new Receiver(struct({ items: list({ b: "u8", a: "u8" }), a: optional("u8") }));
  receiver.take(octets(1, 0, 1, 2, 0));
  const [record] = receiver.messages;
  expect(Object.keys(record ?? {})).toEqual(["items", "a"]);
  expect(Object.keys(record?.items[0] ?? {})).toEqual(["b", "a"]);
});

test("what a record takes of memory is counted by what is in it", () => {
  const costOf = <Message>(codec: Codec<Message>, message: Message) => {
    let cost = 0;
    const put = (_message: Message, _size: number, memoryBytes = 0) => {
      cost = memoryBytes;
    };
    codec.decoder().decode(new Uint8Array(codec.encode(message)), { put });
    return cost;
  };
  const empty = costOf(words, { words: [] });
  expect(costOf(words, { words: ["", "", ""] }) - empty).toBeGreaterThanOrEqual(3 * 24);
  expect(costOf(named, { id: 1, name: "é".repeat(50) })).toBeGreaterThan(100 + 24);
  expect(costOf(blob, { bytes: octets(1), end: 1 })).toBeGreaterThan(128);
  const items = struct({ items: list({ x: "f64" }) });
  expect(costOf(items, { items: Array(100).fill({ x: 0.5 }) })).toBeGreaterThan(100 * 56);
});

describe("what is received never holds twice what it is charged", () => {
  const many = <Value>(value: Value) => Array<Value>(256).fill(value);
  const rows: readonly [string, Codec<unknown, never>, object][] = [
    ["lists of one", struct({ a: list(list("u8")) }), { a: many([1]) }],
    ["lists of one fraction", struct({ a: list(list("f64")) }), { a: many([0.5]) }],
    ["lists of none", struct({ a: list(list("u8")) }), { a: many([]) }],
    ["lists of lists of one", struct({ a: list(list(list("bool"))) }), { a: many([[true]]) }],
    ["arrays of one", struct({ a: list(optional(["u8", 1])) }), { a: many([7]) }],
    ["arrays of eighteen", struct({ a: list(optional(["u8", 18])) }), { a: many(Array(18).fill(7)) }],
    ["short texts", struct({ a: list("text8") }), { a: many("ab") }],
    ["wide letters", struct({ a: list("text16") }), { a: many("✓✓") }],
    ["no bytes", struct({ a: list("bytes8") }), { a: many(octets()) }],
    ["bytes", struct({ a: list("bytes8") }), { a: many(octets(1)) }],
    ["what is absent", struct({ a: list({ x: optional("u8"), y: optional("text8") }) }), { a: many({}) }],
    ["small records", struct({ a: list({ x: "u8" }) }), { a: many({ x: 1 }) }],
    ["records of text", struct({ a: list({ x: "text8" }) }), { a: many({ x: "" }) }],
    ["large numbers", struct({ a: list({ x: "u64", y: "f32" }) }), { a: many({ x: 1n, y: 0.5 }) }],
  ];
  test.each(rows)("%s", (_, codec, message) => {
    const stream = new Uint8Array(codec.encode(message as never));
    const decoder = codec.decoder();
    const held: unknown[] = [];
    let charged = 0;
    const put = (one: unknown, sizeBytes: number, memoryBytes = 0) => {
      held.push(one);
      charged += Math.max(sizeBytes, memoryBytes);
    };
    decoder.decode(stream, { put }); // what is made once, is made
    const before = keptBytes();
    charged = 0;
    for (let count = 0; count < 200; count++) decoder.decode(stream, { put });
    expect(keptBytes() - before).toBeLessThan(2 * charged);
    expect(held).toHaveLength(201);
  });
});

test.each([
  ["text8", 255],
  ["text16", 65_535],
  ["bytes8", 255],
  ["bytes16", 65_535],
] as const)("%s carries up to %i bytes, and not one more", (type, most) => {
  const codec = struct({ a: type }, { maxRecordBytes: 100_000 }) as Codec<{ a: unknown }>;
  const fieldOf = (count: number) => (type.startsWith("text") ? "x".repeat(count) : new Uint8Array(count));
  const receiver = new Receiver(codec);
  receiver.take(codec.encode({ a: fieldOf(most) }));
  expect(receiver.messages).toEqual([{ a: fieldOf(most) }]);
  expect(() => codec.encode({ a: fieldOf(most + 1) })).toThrow(`over the ${most} of its type`);
});

describe("encode names what is wrong, with the path to it", () => {
  const all = struct({
    name: "text8",
    icon: "bytes8",
    at: ["f32", 2],
    rows: list({ on: optional("bool"), tags: list("text8", { maxItems: 2 }) }, { maxItems: 2 }),
  });
  const good = { name: "ann", icon: octets(1), at: [1, 2] as [number, number], rows: [{ tags: ["a"] }] };

  test.each<[object, Error]>([
    [{ name: 7 }, new TypeError("message.name: expected a string, got number")],
    [{ name: undefined }, new TypeError("message.name: expected a string, got undefined")],
    [{ name: "\ud83d" }, new RangeError("message.name: text cannot contain half of a surrogate pair")],
    [
      { name: "x".repeat(256) },
      new RangeError("message.name: 256 bytes or more are over the 255 of its type"),
    ],
    [
      { name: "é".repeat(128) },
      new RangeError("message.name: 256 bytes or more are over the 255 of its type"),
    ],
    [{ icon: "x" }, new TypeError("message.icon: expected a Uint8Array, got string")],
    [{ icon: [1] }, new TypeError("message.icon: expected a Uint8Array, got an array")],
    [
      { icon: new Uint8Array(256) },
      new RangeError("message.icon: 256 bytes or more are over the 255 of its type"),
    ],
    [{ at: 7 }, new TypeError("message.at: expected an array, got number")],
    [{ at: [1] }, new RangeError("message.at: expected 2 items, got 1")],
    [{ at: [1, "2"] }, new TypeError("message.at[1]: expected a number, got string")],
    [{ rows: "no" }, new TypeError("message.rows: expected an array, got string")],
    [{ rows: [1, 2, 3] }, new RangeError("message.rows: 3 items are over maxItems, 2")],
    [{ rows: [null] }, new TypeError("message.rows[0]: expected an object, got null")],
    [
      { rows: [{ tags: [] }, { on: 1, tags: [] }] },
      new TypeError("message.rows[1].on: expected a boolean, got number"),
    ],
    [
      { rows: [{ tags: [] }, { tags: ["a", null] }] },
      new TypeError("message.rows[1].tags[1]: expected a string, got null"),
    ],
  ])("%j", (wrong, error) => {
    expect(() => all.encode({ ...good, ...wrong } as never)).toThrow(error);
    expect(all.encode(good), "and the next message is as it should be").toEqual(
      octets(3, 0x61, 0x6e, 0x6e, 1, 1, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 1, 0, 0, 1, 0, 1, 0x61),
    );
  });

  test("a record over its limit is the caller's mistake", () => {
    const codec = struct({ name: "text16" }, { maxRecordBytes: 10, maxSentRecordBytes: 12 });
    expect(codec.encode({ name: "x".repeat(10) })).toHaveLength(12);
    expect(() => codec.encode({ name: "x".repeat(11) })).toThrow(
      new RangeError("message: a record of 13 bytes or more is over the limit of 12"),
    );
    const many = struct({ words: list("text16") });
    expect(() => many.encode({ words: Array(200).fill("x".repeat(1_000)) })).toThrow(RangeError);
  });

  test("a message of another kind has its path from the message on", () => {
    expect(() => both.encode({ kind: "say", text: 7 } as never)).toThrow("message.text: expected a string");
    expect(() => both.encode({ kind: "fly" } as never)).toThrow(
      'message.kind: expected one of move, say, stop; got "fly"',
    );
    expect(() => named.encode(null as never)).toThrow("message: expected an object, got null");
  });
});

describe("a schema that cannot be is refused at once", () => {
  test.each<[unknown, RegExp]>([
    [{ x: "text" }, /^schema\.x: expected one of u8, .*, text8, text16, bytes8, bytes16; got "text"$/],
    [{ x: ["text8", 3] }, /^schema\.x\[0\]: expected one of u8, .*, bool; got "text8"$/],
    [{ x: ["u8"] }, /^schema\.x: expected a type and a number of values, got 1 items$/],
    [{ x: ["u8", 0] }, /^schema\.x\[1\]: expected a whole number from 1 to 65535, got 0$/],
    [{ x: ["u8", "3"] }, /^schema\.x\[1\]: expected a number, got string$/],
    [{ x: list("f16" as never) }, /^schema\.x\[\]: expected one of /],
    [{ x: list({}) }, /^schema\.x\[\]: a record needs at least one field$/],
    [{ x: list({ y: optional({ 7: "u8" }) }) }, /^schema\.x\[\]\.y\.7: a name cannot be a number/],
    [{ x: optional(optional("u8")) }, /^schema\.x: it is optional already$/],
    [{ x: { y: "u8" } }, /^schema\.x: expected one of .*; got an object$/],
    [[], /^schema: expected an object, got an array$/],
    [list("u8"), /^schema: expected an object, got an object$/],
  ])("%o", (schema, message) => {
    expect(() => struct(schema as never)).toThrow(message);
  });

  test("and so is a limit that its largest kind never keeps to", () => {
    const kinds = { small: { a: "u8" }, large: { a: ["f64", 3] } } as const;
    expect(() => structs(kinds, { maxRecordBytes: 24 })).toThrow("maxRecordBytes: expected at least 25");
    expect(() => structs(kinds, { maxRecordBytes: 25 })).not.toThrow();
  });

  test("and so is a limit that its records never keep to", () => {
    expect(() => struct({ at: ["f64", 3] }, { maxRecordBytes: 23 })).toThrow(
      new RangeError("maxRecordBytes: expected at least 24, which the largest record takes, got 23"),
    );
    expect(() => struct({ a: "text16", b: "u8" }, { maxSentRecordBytes: 2 })).toThrow(
      "maxSentRecordBytes: expected at least 3",
    );
    expect(() =>
      struct({ at: ["u8", 65_535], b: "u64" }).encode({ at: Array(65_535).fill(1), b: 1n }),
    ).not.toThrow();
  });
});

describe("kinds each way", () => {
  const server = structs({ move: { x: "u8" } }, { state: { xs: list("u8") }, stop: {} });
  const player = structs(
    { state: { xs: list("u8") }, stop: {} },
    { move: { x: "u8" } },
    { guard: () => true },
  );

  test("are those that are received, and those that are sent", () => {
    expect(new Uint8Array(server.encode({ kind: "stop" }))).toEqual(octets(1));
    const receiver = new Receiver(player);
    receiver.take(server.encode({ kind: "state", xs: [7] }));
    expect(receiver.messages).toEqual([{ kind: "state", xs: [7] }]);
    expect(() => server.encode({ kind: "move", x: 1 } as never)).toThrow(
      'message.kind: expected one of state, stop; got "move"',
    );
    const other = new Receiver(server);
    other.take(player.encode({ kind: "move", x: 3 }));
    expect(other.messages).toEqual([{ kind: "move", x: 3 }]);
  });

  test("are told from options, which may follow them", () => {
    expect(structs({ a: { n: "u16" } }, { endian: "big" }).encode({ kind: "a", n: 1 })).toEqual(
      octets(0, 0, 1),
    );
    const big = structs({ b: {} }, { a: { n: "u16" } }, { endian: "big" });
    expect(big.encode({ kind: "a", n: 1 })).toEqual(octets(0, 0, 1));
    expect(structs({ b: {} }, { guard: {}, a: {} }).encode({ kind: "guard" })).toEqual(octets(0));
    expect(() => structs({ a: {} }, { guard: {} } as never)).toThrow("guard: expected a function");
    expect(structs({ a: {} }, { guard: {} }, {}).encode({ kind: "guard" })).toEqual(octets(0));
  });

  test("are named in errors by their way", () => {
    expect(() => structs({ a: {} }, {}, {})).toThrow("send: expected 1 to 256 kinds, got 0");
    expect(() => structs({}, { a: {} })).toThrow("receive: expected 1 to 256 kinds, got 0");
    expect(() => structs({ a: {} }, { b: { x: "u9" } } as never)).toThrow(/^send\.b\.x: expected one of/);
    expect(() => structs({ a: {} }, { b: { kind: "u8" } })).toThrow(
      "send.b.kind: a field cannot have this name",
    );
  });
});

const byte = fc.nat(255);
const text = fc.string({ unit: "grapheme", maxLength: 5 }).filter((value) => streamOf(value).length < 40);
const row = fc.record({ id: fc.nat(65_535), tag: fc.option(text, { nil: undefined }) });
const schema = {
  id: "u8",
  name: "text8",
  data: "bytes16",
  at: ["i8", 2],
  rows: list({ id: "u16", tag: optional("text16") }, { maxItems: 4 }),
  spots: list({ x: "u8", y: "u8" }, { maxItems: 4 }),
  last: optional({ n: "u32" }),
} as const;
const whole = fc.record({
  id: byte,
  name: text,
  data: fc.uint8Array({ maxLength: 6 }),
  at: fc.tuple(fc.integer({ min: -128, max: 127 }), fc.integer({ min: -128, max: 127 })),
  rows: fc.array(row, { maxLength: 4 }),
  spots: fc.array(fc.record({ x: byte, y: byte }), { maxLength: 4 }),
  last: fc.option(fc.record({ n: fc.nat() }), { nil: undefined }),
});

describe.for(["little", "big"] as const)(
  "for any records of any size, any bytes and any cuts, %s endian",
  (endian) => {
    const codec = struct(schema, { endian, maxRecordBytes: 400 });
    const example = {
      id: 1,
      name: "ann",
      data: octets(2),
      at: [3, 4] as [number, number],
      rows: [{ id: 5 }],
      spots: [],
    };
    testCodecProperties({
      codec,
      messages: whole,
      noise: streamsOf(new Uint8Array(codec.encode(example)), "\0", "\x01", "\0\0\0\0"),
      heldLimitBytes: 400,
    });

    test("what was received can be sent again, as the same bytes", () => {
      const noise = streamsOf(new Uint8Array(codec.encode(example)), "\0", "\x01", "\0\0\0\0", "\x02a");
      check(
        fc.property(noise, (stream) => {
          const receiver = new Receiver(codec);
          receiver.take(stream);
          let at = 0;
          for (const message of receiver.messages) {
            const again = new Uint8Array(codec.encode(message));
            expect(again).toEqual(stream.subarray(at, at + again.length));
            at += again.length;
          }
        }),
      );
    });
  },
);
