/**
 * Records of any schema: whatever a user may write down, any value of it comes back as
 * it was, wherever the stream is cut; what a stranger changes in it harms nobody; and a
 * value that is wrong somewhere is refused with the path to that place.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Codec } from "../../src/codec/codec.ts";
import { type FieldType, type ItemType, list, optional, type Schema } from "../../src/codec/field-types.ts";
import { mixed } from "../../src/codec/mixed.ts";
import { struct, structs } from "../../src/codec/struct.ts";
import { isLong, SEED } from "../seed.ts";
import { cut, encodeAll, Receiver } from "./deliver.ts";
import { cuts } from "./properties.ts";

/** A type, the values that it has, and some that it has not. */
interface Kind {
  readonly type: ItemType;
  readonly values: fc.Arbitrary<unknown>;
  readonly wrong: fc.Arbitrary<Wrong>;
}

/** A wrong value, with the path from where it was put. */
interface Wrong {
  readonly value: unknown;
  readonly path: string;
}

const wrongs = (...values: readonly unknown[]): fc.Arbitrary<Wrong> =>
  fc.constantFrom(...values.map((value) => ({ value, path: "" })));

const whole = (type: FieldType, min: number, max: number): Kind => ({
  type,
  values: fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)),
  wrong: wrongs(min - 1, max + 1, 0.5, Number.NaN, Infinity, "7", 7n, null, undefined, [], {}),
});
const big = (type: FieldType, min: bigint, max: bigint): Kind => ({
  type,
  values: fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max)),
  wrong: wrongs(min - 1n, max + 1n, 7, "7", null, undefined),
});
const fraction = (type: "f32" | "f64"): Kind => ({
  type,
  values: (type === "f32" ? fc.float : fc.double)({ noNaN: true, noDefaultInfinity: true }),
  wrong: wrongs(Number.NaN, -Infinity, 7n, "7", null, undefined, ...(type === "f32" ? [3.5e38] : [])),
});
const text = (type: "text8" | "text16"): Kind => ({
  type,
  values: fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("", "\ufeffa", "\0", "😀")),
  wrong: wrongs(7, null, undefined, {}, "\ud800", "x\udc00", "x".repeat(type === "text8" ? 256 : 65_536)),
});
const blob = (type: "bytes8" | "bytes16"): Kind => ({
  type,
  values: fc.uint8Array({ maxLength: 40 }),
  wrong: wrongs("x", [1], null, undefined, new Uint16Array(2), new Uint8Array(65_536)),
});

const SIMPLE: readonly Kind[] = [
  ...[whole("u8", 0, 255), whole("i8", -128, 127), whole("u16", 0, 65_535), whole("i16", -32_768, 32_767)],
  ...[whole("u32", 0, 2 ** 32 - 1), whole("i32", -(2 ** 31), 2 ** 31 - 1)],
  ...[big("u64", 0n, 2n ** 64n - 1n), big("i64", -(2n ** 63n), 2n ** 63n - 1n)],
  ...[fraction("f32"), fraction("f64")],
  { type: "bool", values: fc.boolean(), wrong: wrongs(0, 1, "true", null, undefined) },
];
const simple = fc.constantFrom(...SIMPLE);
const NAMES = ["a", "b c", "constructor", "toString", "length", "é", "$", "then"] as const;

const array = fc.tuple(simple, fc.constantFrom(1, 2, 3, 16, 17, 40)).map(
  ([{ type, values, wrong }, count]): Kind => ({
    type: [type as "u8", count] as const,
    values: fc.array(values, { minLength: count, maxLength: count }),
    wrong: fc.oneof(
      wrongs(7, null, undefined, "x", { length: count }, Array(count + 1).fill(1)),
      placed(fc.array(values, { minLength: count, maxLength: count }), wrong),
    ),
  }),
);

/** An array of valid values with a wrong one at some place. */
function placed(arrays: fc.Arbitrary<unknown[]>, wrong: fc.Arbitrary<Wrong>): fc.Arbitrary<Wrong> {
  return fc.tuple(arrays, fc.nat(), wrong).map(([values, chance, { value, path }]) => {
    if (values.length === 0) return { value: null, path: "" };
    const at = chance % values.length;
    return { value: values.with(at, value), path: `[${at}]${path}` };
  });
}

function listOf({ type, values, wrong }: Kind): Kind {
  const maxItems = 20;
  return {
    type: list(type, { maxItems }),
    values: fc.array(values, { maxLength: 6 }),
    wrong: fc.oneof(
      wrongs(7, null, undefined, "x", {}, { length: 0 }, Array(maxItems + 1).fill(1)),
      placed(fc.array(values, { minLength: 1, maxLength: 6 }), wrong),
    ),
  };
}

function optionalOf({ type, values, wrong }: Kind): Kind {
  return {
    type: optional(type),
    values: fc.option(values, { nil: undefined }),
    wrong: wrong.filter(({ value }) => value !== undefined),
  };
}

function recordOf(fields: readonly (readonly [string, Kind])[]): Kind {
  const model = Object.fromEntries(fields.map(([name, { values }]) => [name, values]));
  const values = fc.record(model);
  const wrongField = fc
    .tuple(values, fc.constantFrom(...fields))
    .chain(([record, [name, kind]]) =>
      kind.wrong.map(({ value, path }) => ({ value: { ...record, [name]: value }, path: `.${name}${path}` })),
    );
  return {
    type: Object.fromEntries(fields.map(([name, { type }]) => [name, type])) as Schema,
    values,
    wrong: fc.oneof(
      { weight: 1, arbitrary: wrongs(7, null, undefined, "x") },
      { weight: 6, arbitrary: wrongField },
    ),
  };
}

const { field, record } = fc.letrec<{ item: Kind; field: Kind; record: Kind }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: simple },
    { weight: 3, arbitrary: fc.constantFrom(text("text8"), text("text16"), blob("bytes8"), blob("bytes16")) },
    { weight: 2, arbitrary: array },
    { weight: 2, arbitrary: tie("item").map(listOf) },
    {
      weight: 2,
      arbitrary: tie("item")
        .filter((kind) => !isOptional(kind))
        .map(optionalOf),
    },
  ),
  item: fc.oneof(
    { maxDepth: 3 },
    { weight: 2, arbitrary: tie("field") },
    { weight: 2, arbitrary: tie("record") },
  ),
  record: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), tie("field")), {
      minLength: 1,
      maxLength: 5,
      selector: ([name]) => name,
    })
    .map(recordOf),
}));

function isOptional({ type }: Kind): boolean {
  return Object.getPrototypeOf(type) === Object.getPrototypeOf(optional("u8"));
}

const endian = fc.constantFrom("little", "big");
const check = <Values>(property: fc.IRawProperty<Values>): void => {
  fc.assert(property, { seed: SEED, numRuns: isLong ? 20_000 : 500 });
};

/** A codec of a random schema, alone or among others. */
const made = fc
  .tuple(record, endian, fc.constantFrom("struct", "structs", "mixed"))
  .map(([kind, order, form]): { codec: Codec<unknown>; kind: Kind } => {
    const schema = kind.type as Schema;
    if (form === "struct") return { codec: struct(schema, { endian: order }) as Codec<unknown>, kind };
    if (form === "mixed") {
      const codec = mixed({ none: struct({ x: "u8" }), some: struct(schema, { endian: order }) });
      return {
        codec: codec as Codec<unknown>,
        kind: within(kind, (body) => ({ kind: "some", body }), ".body"),
      };
    }
    const codec = structs({ none: {}, some: schema }, { endian: order });
    const tagged = within(kind, (value) => (isObject(value) ? { kind: "some", ...value } : value), "");
    return { codec: codec as Codec<unknown>, kind: tagged };
  });

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function within({ type, values, wrong }: Kind, wrap: (value: unknown) => unknown, path: string): Kind {
  return {
    type,
    values: values.map(wrap),
    wrong: wrong.map((one) => ({ value: wrap(one.value), path: `${path}${one.path}` })),
  };
}

describe("a record of any schema", () => {
  test("comes back as it was, wherever it is cut", () => {
    const cases = made.chain(({ codec, kind }) =>
      fc.tuple(fc.constant(codec), fc.array(kind.values, { maxLength: 4 }), cuts),
    );
    check(
      fc.property(cases, ([codec, sent, lengths]) => {
        const receiver = new Receiver(codec);
        const stream = encodeAll(codec, sent);
        for (const piece of cut(stream, lengths)) {
          receiver.take(piece);
          expect(receiver.pendingBytes).toBe(receiver.unfinishedBytes);
        }
        receiver.end();
        expect(receiver.error).toBeUndefined();
        expect(receiver.messages).toEqual(sent);
      }),
    );
  });

  test("that a stranger has changed is refused in the same place by every cut, or can be sent again", () => {
    const cases = made.chain(({ codec, kind }) =>
      fc.tuple(
        fc.constant(codec),
        fc.array(kind.values, { minLength: 1, maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 3, 127, 128, 254, 255)), { maxLength: 4 }),
        cuts,
      ),
    );
    check(
      fc.property(cases, ([codec, sent, changes, lengths]) => {
        const stream = encodeAll(codec, sent);
        for (const [at, byte] of changes) stream[at % stream.length] = byte;
        const inOne = new Receiver(codec);
        inOne.take(stream);
        const inPieces = new Receiver(codec);
        inPieces.takeAll(cut(stream, lengths));
        expect(inPieces.messages).toEqual(inOne.messages);
        expect(inPieces.error).toBe(inOne.error);
        const again = new Receiver(codec);
        again.take(encodeAll(codec, inOne.messages));
        again.end();
        expect(again.error).toBeUndefined();
        expect(again.messages).toEqual(inOne.messages);
      }),
    );
  });

  test("with a value that it cannot carry is refused at the call, with the path to it, and the next one is whole", () => {
    const cases = made.chain(({ codec, kind }) => fc.tuple(fc.constant(codec), kind.wrong, kind.values));
    check(
      fc.property(cases, ([codec, { value, path }, good]) => {
        let error: unknown;
        try {
          codec.encode(value);
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toSatisfy((one) => one instanceof TypeError || one instanceof RangeError);
        expect((error as Error).message.startsWith(`message${path}`)).toBe(true);
        const receiver = new Receiver(codec);
        receiver.take(codec.encode(good));
        expect(receiver.messages).toEqual([good]);
      }),
    );
  });
});

test("the schemas are of all kinds", () => {
  const seen = new Set(fc.sample(field, { seed: SEED, numRuns: 500 }).map(({ type }) => String(type)));
  expect(seen.size).toBeGreaterThan(20);
});
