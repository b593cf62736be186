import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { compiled } from "../../src/codec/compiled-layout.ts";
import type { FixedSchema, FixedType } from "../../src/codec/field-types.ts";
import { Layout, type RecordLayout } from "../../src/codec/layout.ts";
import { check } from "./properties.ts";

const TYPES: readonly FixedType[] = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "u64",
  "i64",
  "f32",
  "f64",
  "bool",
];

/** Names that would be more than names, if they were not quoted. */
const NAMES = [
  "x",
  'a"b',
  "a'b",
  "a\\",
  "$" + "{view}",
  "`",
  '"]: 0}; throw 1; //',
  "*/",
  "\n",
  "\u2028",
  "\ud800",
  "",
  "plain",
  "view",
  "message",
  "v0",
  "constructor",
  "toString",
  "hasOwnProperty",
  "get",
  "01x",
  "-1",
];

/** At the borders of every type, beyond them, and of other kinds. */
const VALUES: readonly unknown[] = [
  ...[0, -0, 1, -1, 0.5, 127, 128, -128, -129, 255, 256, 32_767, 32_768, -32_768, -32_769, 65_535, 65_536],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53],
  ...[Number.NaN, Infinity, -Infinity, 3.4e38, 3.5e38, -3.5e38, 1e308, 5e-324, 3.4028235677973366e38],
  ...[0n, -1n, 2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n, 2n ** 64n - 1n],
  ...[true, false, undefined, null, "1", "", {}, [], [1], Symbol("s"), { valueOf: () => 1 }],
];

/** Enough for four fields of seventeen values of eight bytes, with a tag, from any start. */
const ROOM = 4 * 17 * 8 + 1 + 8;

const single = fc.constantFrom(...TYPES);
const array = fc.tuple(single, fc.constantFrom(1, 2, 3, 17));
const field = fc.tuple(fc.constantFrom(...NAMES), fc.oneof({ weight: 4, arbitrary: single }, array));
const layouts = fc
  .record({
    fields: fc.array(field, { minLength: 1, maxLength: 4 }),
    littleEndian: fc.boolean(),
    tag: fc.option(fc.record({ byte: fc.nat(255), kind: fc.constantFrom(...NAMES) }), { nil: undefined }),
  })
  .map(({ fields, littleEndian, tag }) => {
    const schema = Object.fromEntries(fields) as FixedSchema;
    return new Layout(schema, tag === undefined ? { littleEndian } : { littleEndian, tag });
  });

describe("a compiled layout does what the plain one does", () => {
  test("is another one", () => {
    const plain = new Layout({ x: "u8" }, { littleEndian: true });
    expect(compiled(plain)).not.toBe(plain);
    expect(compiled(plain).sizeBytes).toBe(plain.sizeBytes);
  });

  test("for any bytes it reads the same record, or says the same is wrong", () => {
    const bytes = fc.uint8Array({ minLength: ROOM, maxLength: ROOM });
    const dull = fc.constantFrom(0, 1, 0x7f, 0x80, 0xf0, 0xff);
    const sharp = fc
      .array(dull, { minLength: ROOM, maxLength: ROOM })
      .map((octets) => Uint8Array.from(octets));
    check(
      fc.property(layouts, fc.oneof(bytes, sharp), fc.nat(8), (plain, octets, start) => {
        const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
        const [one, other] = [plain, compiled(plain)].map((layout) => readBy(layout, view, start));
        expect(other).toEqual(one);
      }),
    );
  });

  test("for any records it finds the first bad one", () => {
    const some = fc.record({
      plain: layouts,
      count: fc.nat(5),
      start: fc.nat(8),
      seed: fc.array(fc.nat(255)),
    });
    check(
      fc.property(some, ({ plain, count, start, seed }) => {
        const octets = new Uint8Array(start + plain.sizeBytes * count);
        for (const [index, octet] of seed.entries()) octets[(index * 37) % octets.length] = octet;
        const view = new DataView(octets.buffer);
        const end = start + plain.sizeBytes * count;
        const [one, other] = [plain, compiled(plain)].map((layout) => layout.firstInvalid(view, start, end));
        expect(other).toBe(one);
        if (one !== undefined && one < end) expect(() => plain.read(view, one)).toThrow();
        if (one !== undefined && one > start) {
          const records = [
            plain.read(view, start),
            plain.readUnchecked(view, start),
            compiled(plain).readUnchecked(view, start),
          ];
          expect(new Set(records.map((record) => JSON.stringify(record, asText))).size).toBe(1);
        }
      }),
    );
  });

  test("for any values it writes the same bytes, or says the same is wrong", () => {
    const values = fc.array(fc.oneof(fc.constantFrom(...VALUES), fc.double(), fc.integer(), fc.bigInt()), {
      minLength: 6,
      maxLength: 6,
    });
    check(
      fc.property(layouts, values, (plain, drawn) => {
        const message = Object.fromEntries(
          plain.fields.map(({ name, count }, index) => {
            const value = drawn[index];
            if (count === undefined || value === undefined) return [name, value];
            return [name, Array(value === null ? count + 1 : count).fill(value)];
          }),
        );
        const [one, other] = [plain, compiled(plain)].map((layout) => writtenBy(layout, message));
        expect(other).toEqual(one);
      }),
    );
  });

  test.for(TYPES)("for each value and each byte that may be wrong: %s", (type) => {
    expectTheSame(compiled, type);
  });

  test.for(TYPES)("and leaves no valid record or message to it, as that would be slow: %s", (type) => {
    expectItAlone(compiled, type);
  });

  test("for arrays of the right length alone, whose items are named by their number", () => {
    const plain = new Layout({ at: ["f32", 2], on: ["bool", 1] }, { littleEndian: true });
    const layout = compiled(plain);
    expect(layout).not.toBe(plain);
    for (const at of [[], [1], [1, 2, 3], [1, "2"], ["1", 2], null, { length: 2 }, "ab", [Number.NaN, 1]]) {
      const message = { at, on: [true] };
      expect(writtenBy(layout, message)).toEqual(writtenBy(plain, message));
      expect(writtenBy(layout, message)).toMatchObject({ error: expect.stringMatching(/message\.at/) });
    }
    expect(() => layout.write(new DataView(new ArrayBuffer(9)), 0, { at: [1, "2"], on: [true] })).toThrow(
      new TypeError("message.at[1]: expected a number, got string"),
    );
  });

  test("but for long arrays, which stay loops", () => {
    const long = new Layout({ at: ["u8", 17] }, { littleEndian: true });
    expect(compiled(long)).toBe(long);
  });

  test("reads a field's value once, and those that are inherited", () => {
    let looks = 0;
    class Player {
      get x(): number {
        return ++looks;
      }
    }
    const layout = compiled(new Layout({ x: "u8" }, { littleEndian: true }));
    const view = new DataView(new ArrayBuffer(1));
    layout.write(view, 0, new Player() as never);
    expect([view.getUint8(0), looks]).toEqual([1, 1]);
  });
});

describe("where code must not be made", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  /** How often code is made or tried, while layouts are compiled where `globals` say what forbids it. */
  async function triesWith(globals: Readonly<Record<string, unknown>>): Promise<number> {
    let tries = 0;
    class Forbidden {
      constructor() {
        tries++;
        throw new EvalError("Code generation from strings disallowed for this context");
      }
    }
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    vi.resetModules();
    const fresh = await import("../../src/codec/compiled-layout.ts");
    vi.stubGlobal("Function", Forbidden);
    for (const name of ["x", "y"]) {
      const plain = new Layout({ [name]: "u8" }, { littleEndian: true });
      expect(fresh.compiled(plain)).toBe(plain);
    }
    return tries;
  }

  test("the plain layout is used, and that is found out once", async () => {
    expect(await triesWith({})).toBe(1);
  });

  test.each(["document", "WorkerGlobalScope"])(
    "nor in a page, which would report the attempt: it has a %s",
    async (name) => {
      expect(await triesWith({ [name]: class {} })).toBe(0);
    },
  );

  test("but where it may be, the layout is compiled, and that is tried out for the first one alone", async () => {
    let made = 0;
    class Counted extends Function {
      constructor(...parts: string[]) {
        super(...parts);
        made++;
      }
    }
    vi.resetModules();
    const fresh = await import("../../src/codec/compiled-layout.ts");
    vi.stubGlobal("Function", Counted);
    fresh.compiled(new Layout({ x: "u8" }, { littleEndian: true }));
    const forFirst = made;
    fresh.compiled(new Layout({ y: "u8" }, { littleEndian: true }));
    expect(made - forFirst).toBe(forFirst - 1);
    for (const type of TYPES) expectTheSame(fresh.compiled, type);
    for (const type of TYPES) expectItAlone(fresh.compiled, type);
  });
});

/** For one field of `type`: the compiled layout writes, reads and refuses what the plain one does. */
function expectTheSame(compile: typeof compiled, type: FixedType): void {
  const plain = new Layout({ value: type }, { littleEndian: true });
  const fast = compile(plain);
  for (const value of VALUES) expect(writtenBy(fast, { value })).toEqual(writtenBy(plain, { value }));
  for (const octet of [0, 1, 2, 0x7f, 0x80, 0xff]) {
    const view = new DataView(new Uint8Array(8).fill(octet).buffer);
    expect(readBy(fast, view, 0)).toEqual(readBy(plain, view, 0));
    const invalid = fast.firstInvalid(view, 0, plain.sizeBytes);
    expect(invalid).toBe(plain.firstInvalid(view, 0, plain.sizeBytes));
    if (invalid > 0) expect(fast.readUnchecked(view, 0)).toEqual(plain.readUnchecked(view, 0));
  }
}

/** For one field of `type`: the plain layout is not called for what is valid. */
function expectItAlone(compile: typeof compiled, type: FixedType): void {
  const plain = new Layout({ value: type }, { littleEndian: true });
  const slow = [vi.spyOn(plain, "read"), vi.spyOn(plain, "write"), vi.spyOn(plain, "firstInvalid")];
  const fast = compile(plain);
  const view = new DataView(new ArrayBuffer(8));
  const value = { bool: true, u64: 1n, i64: 1n }[type as string] ?? 1;
  fast.write(view, 0, { value });
  expect([fast.read(view, 0), fast.readUnchecked(view, 0)]).toEqual([{ value }, { value }]);
  expect(fast.firstInvalid(view, 0, plain.sizeBytes)).toBe(plain.sizeBytes);
  for (const method of slow) expect(method).not.toHaveBeenCalled();
}

/** For bigints, which JSON has not. */
function asText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/** A record with the order of its fields, or what is said against it. */
function readBy(layout: RecordLayout, view: DataView, start: number): unknown {
  try {
    const record = layout.read(view, start);
    return { entries: Object.entries(record), prototype: Object.getPrototypeOf(record) === Object.prototype };
  } catch (error) {
    return `${error}`;
  }
}

function writtenBy(layout: RecordLayout, message: Readonly<Record<string, unknown>>): unknown {
  const bytes = new Uint8Array(ROOM);
  try {
    layout.write(new DataView(bytes.buffer), 0, message);
    return bytes;
  } catch (error) {
    return { error: `${error}`, bytes };
  }
}
