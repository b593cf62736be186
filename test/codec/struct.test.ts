import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/codec/codec.ts";
import type { FixedType, Schema } from "../../src/codec/field-types.ts";
import { struct, structs } from "../../src/codec/struct.ts";
import { encodeAll, everyCut, join, octets, Receiver, streamOf, testDecodeTable } from "./deliver.ts";
import { check, streamsOf, testCodecProperties } from "./properties.ts";

const pair = struct({ a: "u8", b: "u16" });
const pairBig = struct({ a: "u8", b: "u16" }, { endian: "big" });
const flag = struct({ on: "bool" });
const real = struct({ x: "f32" });
const even = struct({ n: "u8" }, { guard: ({ n }) => n % 2 === 0 });
const angry = struct(
  { n: "u8" },
  {
    guard: () => {
      throw new Error("no");
    },
  },
);
const talk = structs({ move: { x: "u8", y: "u8" }, stop: {}, shoot: { at: "u16" } });

describe("a stream is cut into records of one kind", () => {
  testDecodeTable<object>(
    [
      { title: "nothing gives nothing", codec: pair, stream: "", messages: [] },
      {
        title: "the fields lie in the schema's order without gaps, the lowest byte first",
        codec: pair,
        stream: octets(1, 2, 3),
        messages: [{ a: 1, b: 0x0302 }],
      },
      {
        title: "big endian has the highest byte first",
        codec: pairBig,
        stream: octets(1, 2, 3),
        messages: [{ a: 1, b: 0x0203 }],
      },
      {
        title: "several records come in order",
        codec: pair,
        stream: octets(1, 1, 0, 2, 2, 0, 3, 3, 0),
        messages: [
          { a: 1, b: 1 },
          { a: 2, b: 2 },
          { a: 3, b: 3 },
        ],
      },
      {
        title: "a stream that ends inside a record is refused at its end",
        codec: pair,
        stream: octets(1, 1, 0, 2, 2),
        messages: [{ a: 1, b: 1 }],
        endError: "the stream ended inside record 2, after 2 of 3 bytes",
      },
    ],
    { stream: octets(9, 8, 8), message: { a: 9, b: 0x0808 } },
  );
});

describe("a record that holds what was never written is refused, and those before it stay", () => {
  testDecodeTable<object>(
    [
      {
        title: "a truth that is neither 0 nor 1",
        codec: flag,
        stream: octets(1, 0, 2, 1),
        messages: [{ on: true }, { on: false }],
        error: "record 3: on is 2, which is neither 0 nor 1",
      },
      {
        title: "a record that the guard refuses",
        codec: even,
        stream: octets(2, 3),
        messages: [{ n: 2 }],
        error: 'record 2: the guard refused {"n":3}',
      },
      {
        title: "a record that the guard throws at",
        codec: angry,
        stream: octets(2),
        messages: [],
        error: 'record 1: the guard threw on {"n":2}',
      },
    ],
    { stream: octets(1), message: { on: true } },
  );

  test("what the guard threw is the cause", () => {
    const decode = () => angry.decoder().decode(octets(2), { put: () => {} });
    expect(decode).toThrow(expect.objectContaining({ name: "DecodeError", cause: new Error("no") }));
  });

  test.for([
    ["NaN", [0, 0, 0xc0, 0x7f]],
    ["Infinity", [0, 0, 0x80, 0x7f]],
    ["-Infinity", [0, 0, 0x80, 0xff]],
  ] as const)("%s, as it would spoil all that is computed from it", ([name, bytes]) => {
    const receiver = new Receiver(real);
    receiver.take(octets(...bytes));
    expect(receiver.error).toBe(`record 1: x is ${name}, which is not a finite number`);
  });
});

test("a record that the guard refuses is shown, shortened, and bigints as what they are", () => {
  const codec = structs({
    id: { id: "u64" },
    long: { aRatherLongName: "u8", anotherOfThemThatIsLonger: "i8" },
  });
  const shy = structs(
    { id: { id: "u64" }, long: { aRatherLongName: "u8", anotherOfThemThatIsLonger: "i8" } },
    { guard: () => false },
  );
  const errorOf = (message: Parameters<typeof codec.encode>[0]) => {
    const receiver = new Receiver(shy);
    receiver.take(codec.encode(message));
    return receiver.error;
  };
  expect(errorOf({ kind: "id", id: 7n })).toBe('record 1: the guard refused {"kind":"id","id":"7n"}');
  const long = errorOf({ kind: "long", aRatherLongName: 255, anotherOfThemThatIsLonger: -128 });
  expect(long).toBe(
    'record 1: the guard refused {"kind":"long","aRatherLongName":255,"anotherOfThemThatIsLonger":-128}',
  );
});

describe("a stream is cut into records of several kinds", () => {
  testDecodeTable<object>(
    [
      {
        title: "the first byte counts the kinds from 0",
        codec: talk,
        stream: octets(0, 5, 6, 1, 2, 7, 0, 1),
        messages: [
          { kind: "move", x: 5, y: 6 },
          { kind: "stop" },
          { kind: "shoot", at: 7 },
          { kind: "stop" },
        ],
      },
      {
        title: "a byte that is no kind is refused",
        codec: talk,
        stream: octets(1, 3, 0),
        messages: [{ kind: "stop" }],
        error: "record 2 begins with 3, which is no kind of record",
      },
      {
        title: "a stream that ends inside a record is refused at its end",
        codec: talk,
        stream: octets(1, 0, 5),
        messages: [{ kind: "stop" }],
        endError: "the stream ended inside record 2, after 2 of 3 bytes",
      },
    ],
    { stream: octets(0, 1, 2), message: { kind: "move", x: 1, y: 2 } },
  );
});

test("wherever a stream is cut, the same records come out", () => {
  const stream = octets(0, 1, 2, 1, 2, 3, 4, 1);
  const whole = new Receiver(talk);
  whole.take(stream);
  expect(whole.messages).toHaveLength(4);
  for (const pieces of everyCut(stream)) {
    const receiver = new Receiver(talk);
    receiver.takeAll(pieces);
    receiver.end();
    expect(receiver.messages).toEqual(whole.messages);
  }
});

describe("every type lies as a DataView would write it", () => {
  const WRITERS: Record<FixedType, (view: DataView, value: never, littleEndian: boolean) => void> = {
    u8: (view, value) => view.setUint8(0, value),
    i8: (view, value) => view.setInt8(0, value),
    u16: (view, value, littleEndian) => view.setUint16(0, value, littleEndian),
    i16: (view, value, littleEndian) => view.setInt16(0, value, littleEndian),
    u32: (view, value, littleEndian) => view.setUint32(0, value, littleEndian),
    i32: (view, value, littleEndian) => view.setInt32(0, value, littleEndian),
    u64: (view, value, littleEndian) => view.setBigUint64(0, value, littleEndian),
    i64: (view, value, littleEndian) => view.setBigInt64(0, value, littleEndian),
    f32: (view, value, littleEndian) => view.setFloat32(0, value, littleEndian),
    f64: (view, value, littleEndian) => view.setFloat64(0, value, littleEndian),
    bool: (view, value) => view.setUint8(0, Number(value)),
  };

  test.for(Object.keys(WRITERS) as FixedType[])(
    "%s, in both byte orders, alone and behind others",
    (type) => {
      check(
        fc.property(anyOf(type), fc.boolean(), (value, littleEndian) => {
          const sizeBytes = Number(/\d+/.exec(type)?.[0] ?? 8) / 8;
          const expected = new Uint8Array(sizeBytes);
          WRITERS[type](new DataView(expected.buffer), value as never, littleEndian);
          const endian = littleEndian ? "little" : "big";
          const alone = struct({ value: type } as Schema, { endian });
          expect(new Uint8Array(alone.encode({ value } as never))).toEqual(expected);
          const behind = struct({ first: "u8", value: type } as Schema, { endian });
          const message = { first: 7, value } as never;
          expect(new Uint8Array(behind.encode(message))).toEqual(join([octets(7), expected]));
        }),
      );
    },
  );
});

describe("encode", () => {
  test("leaves out what is not in the schema, and reads what is inherited", () => {
    class Player {
      readonly name = "ann";
      get a(): number {
        return 1;
      }
      get b(): number {
        return 2;
      }
    }
    expect(new Uint8Array(pair.encode(new Player()))).toEqual(octets(1, 2, 0));
  });

  test("names what is missing or of another kind", () => {
    expect(() => pair.encode({ a: 1 } as never)).toThrow(
      new TypeError("message.b: expected a number, got undefined"),
    );
    expect(() => flag.encode({ on: 1 } as never)).toThrow(
      new TypeError("message.on: expected a boolean, got number"),
    );
    expect(() => struct({ n: "u64" }).encode({ n: 1 } as never)).toThrow(
      new TypeError("message.n: expected a bigint, got number"),
    );
    expect(() => real.encode({ x: "1" } as never)).toThrow(
      new TypeError("message.x: expected a number, got string"),
    );
    for (const [message, what] of [
      [null, "null"],
      [undefined, "undefined"],
      [7, "number"],
    ] as const) {
      expect(() => pair.encode(message as never)).toThrow(
        new TypeError(`message: expected an object, got ${what}`),
      );
    }
    expect(() => talk.encode({ kind: "fly" } as never)).toThrow(
      new TypeError('message.kind: expected one of move, stop, shoot; got "fly"'),
    );
    expect(() => talk.encode({ kind: 7 } as never)).toThrow(/^message\.kind: .*; got number$/);
  });

  test.for([
    ["u8", -1, 256],
    ["i8", -129, 128],
    ["u16", -1, 65_536],
    ["i16", -32_769, 32_768],
    ["u32", -1, 4_294_967_296],
    ["i32", -2_147_483_649, 2_147_483_648],
  ] as const)("takes what a %s holds, and nothing beside it", ([type, below, above]) => {
    const codec = struct({ n: type });
    for (const n of [below + 1, above - 1]) {
      const receiver = new Receiver(codec);
      receiver.take(codec.encode({ n }));
      expect(receiver.messages).toEqual([{ n }]);
    }
    for (const n of [below, above, 0.5, Number.NaN, Infinity]) {
      const range = `expected a whole number from ${below + 1} to ${above - 1}`;
      expect(() => codec.encode({ n })).toThrow(new RangeError(`message.n: ${range}, got ${n}`));
    }
  });

  test("takes 64 bits and no more", () => {
    const codec = struct({ u: "u64", i: "i64" });
    const most = { u: 2n ** 64n - 1n, i: -(2n ** 63n) };
    const receiver = new Receiver(codec);
    receiver.take(codec.encode(most));
    expect(receiver.messages).toEqual([most]);
    for (const wrong of [{ u: -1n }, { u: 2n ** 64n }, { i: 2n ** 63n }, { i: -(2n ** 63n) - 1n }]) {
      expect(() => codec.encode({ ...most, ...wrong })).toThrow(RangeError);
    }
  });

  test("takes finite numbers alone, and none that its type makes infinite", () => {
    for (const x of [Number.NaN, Infinity, -Infinity, 3.5e38]) {
      expect(() => real.encode({ x })).toThrow(
        new RangeError(`message.x: expected a finite number within its type, got ${x}`),
      );
    }
    expect(() => real.encode({ x: 3.4e38 })).not.toThrow();
    expect(() => struct({ x: "f64" }).encode({ x: 3.5e38 })).not.toThrow();
    expect(() => struct({ x: "f64" }).encode({ x: Number.NaN })).toThrow(RangeError);
  });

  test("lends the same bytes each time", () => {
    expect(pair.encode({ a: 1, b: 2 })).toBe(pair.encode({ a: 3, b: 4 }));
  });
});

test("a record is a fresh plain object with its fields in the schema's order", () => {
  const receiver = new Receiver(talk);
  receiver.take(
    encodeAll(talk, [{ y: 2, x: 1, kind: "move" } as const, { kind: "move", x: 1, y: 2 } as const]),
  );
  const [first, second] = receiver.messages;
  expect(Object.keys(first ?? {})).toEqual(["kind", "x", "y"]);
  expect(Object.getPrototypeOf(first)).toBe(Object.prototype);
  expect(second).not.toBe(first);
});

describe("a received record is charged the memory of its object", () => {
  const chargedBy = (codec: Codec<never>, record: Uint8Array): unknown => {
    const charged: unknown[] = [];
    const put = (_: unknown, sizeBytes: number, memoryBytes?: number) => charged.push(sizeBytes, memoryBytes);
    codec.decoder().decode(record, { put });
    const late = codec.decoder();
    for (const octet of record) late.decode(octets(octet), { put });
    expect(charged.slice(2), "also when it came byte by byte").toEqual(charged.slice(0, 2));
    return charged.slice(0, 2);
  };

  // In V8 a field is a slot of 8 bytes; a number that fits in none of 31 bits is an object of its own.
  test.for([
    ["bool", 1, 8],
    ["i8", 1, 8],
    ["u16", 2, 8],
    ["i32", 4, 8],
    ["u32", 4, 24],
    ["f32", 4, 24],
    ["f64", 8, 24],
    ["i64", 8, 32],
    ["u64", 8, 32],
  ] as const)("with a %s of %d bytes, %d bytes", ([type, sizeBytes, memoryBytes]) => {
    const record = new Uint8Array(sizeBytes);
    expect(chargedBy(struct({ x: type }) as never, record)).toEqual([sizeBytes, memoryBytes]);
    const four = struct({ a: "u8", x: type, y: type, z: type });
    expect(chargedBy(four as never, new Uint8Array(1 + 3 * sizeBytes))).toEqual([
      1 + 3 * sizeBytes,
      8 + 3 * memoryBytes,
    ]);
    const kinds = structs({ none: {}, some: { x: type } });
    expect(chargedBy(kinds as never, join([octets(1), record]))).toEqual([1 + sizeBytes, 8 + memoryBytes]);
  });
});

describe("a schema that cannot be is refused at once", () => {
  test.for([
    [{ x: "f16" }, /^schema\.x: expected one of u8, i8, .*; got "f16"$/],
    [{ x: undefined }, /^schema\.x: expected one of .*; got undefined$/],
    [{ x: "toString" }, /^schema\.x: expected one of/],
    [{ 7: "u8" }, /^schema\.7: a name cannot be a number/],
    [JSON.parse('{"__proto__":"u8"}'), /^schema\.__proto__: a field cannot have this name$/],
  ] as const)("%o", ([schema, message]) => {
    expect(() => struct(schema as never)).toThrow(message);
    expect(() => struct(schema as never)).toThrow(TypeError);
  });

  test("one without fields, as its records would have no end", () => {
    expect(() => struct({})).toThrow(new RangeError("schema: a record needs at least one field"));
  });

  test("an endian that is none", () => {
    expect(() => struct({ x: "u8" }, { endian: "middle" } as never)).toThrow(
      new TypeError('endian: expected one of little, big, got "middle"'),
    );
  });

  test("kinds that are none, too many, numbers, or have a field that is called kind", () => {
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`k${index}`, {}]));
    expect(() => structs({})).toThrow("kinds: expected 1 to 256 kinds, got 0");
    expect(() => structs(many)).toThrow("kinds: expected 1 to 256 kinds, got 257");
    expect(() => structs({ 1: {} })).toThrow("kinds.1: a name cannot be a number");
    expect(() => structs({ a: {}, 12: {} })).toThrow("kinds.12: a name cannot be a number");
    expect(() => structs({ "1up": {}, up1: {} })).not.toThrow();
    expect(() => structs({ a: { kind: "u8" } })).toThrow("kinds.a.kind: a field cannot have this name");
    expect(() => struct({ kind: "u8" })).not.toThrow();
  });

  test.each([
    [null, "null"],
    [undefined, "undefined"],
    [[], "an array"],
    ["u8", "string"],
  ])("one that is no object: %o", (value, kind) => {
    const expected = (name: string) => new TypeError(`${name}: expected an object, got ${kind}`);
    expect(() => struct(value as never)).toThrow(expected("schema"));
    expect(() => structs(value as never)).toThrow(expected("kinds"));
    expect(() => structs({ a: {}, b: value } as never)).toThrow(expected("kinds.b"));
  });

  test("256 kinds are not too many", () => {
    const codec = structs(Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`k${index}`, {}])));
    expect(new Uint8Array(codec.encode({ kind: "k255" }))).toEqual(octets(255));
  });
});

describe.for(["little", "big"] as const)("for any records, any bytes and any cuts, %s endian", (endian) => {
  const schema = { u: "u32", f: "f32", on: "bool", d: "f64", l: "i64", s: "i16" } as const;
  const fields = Object.entries(schema).map(([name, type]) => [name, anyOf(type)] as const);
  const codec = struct(schema, { endian });
  testCodecProperties({
    codec,
    messages: fc.record(Object.fromEntries(fields)) as never,
    noise: streamsOf(codec.encode({ u: 1, f: 2, on: true, d: 3, l: 4n, s: -5 }).slice(), "\0", "\x01\x02"),
    heldLimitBytes: 27,
  });
});

describe("for any records of several kinds, any bytes and any cuts", () => {
  const byte = fc.nat(255);
  testCodecProperties({
    codec: talk,
    messages: fc.oneof(
      fc.record({ kind: fc.constant("move" as const), x: byte, y: byte }),
      fc.constant({ kind: "stop" as const }),
      fc.record({ kind: fc.constant("shoot" as const), at: fc.nat(65_535) }),
    ),
    noise: streamsOf(octets(0, 1, 2), octets(1), octets(2, 1, 0), streamOf("\0")),
    heldLimitBytes: 3,
  });
});

/** Any value of a type, as it comes out again. */
function anyOf(type: FixedType): fc.Arbitrary<unknown> {
  if (type === "bool") return fc.boolean();
  if (type === "f32") return fc.float({ noNaN: true, noDefaultInfinity: true });
  if (type === "f64") return fc.double({ noNaN: true, noDefaultInfinity: true });
  const bits = Number(type.slice(1));
  const [least, most] = type.startsWith("u")
    ? [0n, 2n ** BigInt(bits) - 1n]
    : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n];
  const whole = fc.bigInt({ min: least, max: most });
  return bits === 64 ? whole : whole.map(Number);
}
