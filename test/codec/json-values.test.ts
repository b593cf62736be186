import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { json } from "../../src/codec/json.ts";
import { jsonOf } from "../../src/codec/json-values.ts";
import { check } from "./properties.ts";

class Vector {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
  get length(): number {
    return Math.hypot(this.x, this.y);
  }
}

class Hidden {
  readonly #x = 1;
  get x(): number {
    return this.#x;
  }
}

class Bag extends Map<string, number> {
  readonly owner = "ann";
}

describe("what JSON cannot carry is refused at the call, with the path to it", () => {
  test.each<[unknown, string]>([
    [Number.NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
    [Object(Number.NaN), "NaN"],
    [() => 1, "a function"],
    [class {}, "a function"],
    [Symbol("s"), "a symbol"],
    [Object(Symbol("s")), "a Symbol"],
    [1n, "a bigint"],
    [Object(1n), "a BigInt"],
    [new Map([[1, 2]]), "a Map"],
    [new Bag(), "a Map"],
    [new Set([1]), "a Set"],
    [new WeakMap(), "a WeakMap"],
    [/x/, "a RegExp"],
    [new Error("x"), "an Error"],
    [Object.assign(new RangeError("x"), { code: 1 }), "an Error"],
    [Promise.resolve(), "a Promise"],
    [new ArrayBuffer(8), "an ArrayBuffer"],
    [new SharedArrayBuffer(8), "a SharedArrayBuffer"],
    [Uint8Array.of(1, 2), "bytes"],
    [new Float32Array(2), "bytes"],
    [new DataView(new ArrayBuffer(2)), "bytes"],
    [Buffer.from("ab"), "bytes"],
    [new Hidden(), "an object of a class, as it has no fields of its own"],
    [[1, 2].values(), "an object of a class, as it has no fields of its own"],
    [new URLSearchParams("a=1"), "an object of a class, as it has no fields of its own"],
  ])("%o", (value, words) => {
    const refusal = (path: string) => new TypeError(`message${path}: JSON cannot carry ${words}`);
    expect(() => json().encode(value)).toThrow(refusal(""));
    expect(() => json().encode({ x: value })).toThrow(refusal(".x"));
    expect(() => json().encode([0, value])).toThrow(refusal("[1]"));
    expect(() => json().encode({ players: [{}, {}, { at: { x: value } }] })).toThrow(
      refusal(".players[2].at.x"),
    );
    expect(() => json().encode({ at: new Date(), a: [[]], "two words": value })).toThrow(
      refusal('["two words"]'),
    );
    expect(() => json().encode({ toJSON: () => ({ x: value }) }), "also where toJSON gives it").toThrow(
      refusal(".x"),
    );
  });

  test("undefined in an array, and a hole in one", () => {
    expect(() => json().encode({ a: [1, undefined] })).toThrow("message.a[1]: JSON cannot carry undefined");
    expect(() => json().encode(new Array(2))).toThrow("message[0]: JSON cannot carry undefined");
    expect(() => json().encode(undefined)).toThrow("message: JSON cannot carry undefined");
    expect(() => json().encode({ toJSON: () => undefined })).toThrow("message: JSON cannot carry undefined");
  });

  test("a value inside itself", () => {
    const cycle: { self?: unknown; deep?: unknown } = {};
    cycle.deep = [{ cycle }];
    expect(() => json().encode({ a: 1, cycle })).toThrow(
      "message.cycle.deep[0].cycle: JSON cannot carry a value inside itself",
    );
    cycle.self = cycle;
    expect(() => json().encode(cycle)).toThrow(TypeError);
    const list: unknown[] = [];
    list.push(list, list);
    expect(() => json().encode(list)).toThrow("message[0]: JSON cannot carry a value inside itself");
  });

  test("and the path is bounded and printable, as a stranger may have chosen its words", () => {
    const deep = { ["\u001b[2J".repeat(1_000)]: { ["y".repeat(1_000)]: { z: [Number.NaN] } } };
    expect(() => json().encode(deep)).toThrow(/^message\["[^\p{C}]{1,250}\.z\[0\]: JSON cannot carry NaN$/u);
  });
});

describe("what JSON carries", () => {
  const shared = { x: 1 };
  test.each<[string, unknown]>([
    ["a field that is undefined is left out", { x: undefined, y: 1 }],
    ["a date is its text", { at: new Date(0) }],
    ["an instance of a class is its fields", [new Vector(1, 2)]],
    ["the same object twice is no cycle", [shared, shared, { shared }]],
    ["an object without a prototype is one as others", Object.assign(Object.create(null), { x: [1] })],
    ["boxed values are their values", [Object(1), Object("a"), Object(false)]],
    ["a toJSON that is no function is a field", { toJSON: 1, x: 2 }],
    [
      "an inherited field is none",
      Object.create({ x: Number.NaN, toString: 1 }, { y: { value: 1, enumerable: true } }),
    ],
    [
      "a field that cannot be enumerated is none",
      Object.defineProperty({ y: 1 }, "x", { value: Number.NaN }),
    ],
    ["a field named by a symbol is none", { [Symbol("s")]: Number.NaN, x: 1 }],
    ["minus zero is zero", [-0]],
    ["an own __proto__ is a field", JSON.parse('{"__proto__":{"x":1},"constructor":null}')],
    [
      "the arguments of a call are their numbers",
      (function (..._: number[]) {
        // biome-ignore lint/complexity/noArguments: an object like no other
        return arguments;
      })(1, 2),
    ],
  ])("%s", (_, value) => {
    expect(jsonOf(value, 10)).toBe(JSON.stringify(value));
  });

  test("is written at once where it is plain data, without a replacer for each value", () => {
    const stringify = vi.spyOn(JSON, "stringify");
    const plain: unknown[] = [
      null,
      true,
      "a",
      -0.5,
      [],
      [1, "a", null, [false]],
      {},
      { x: 1, y: { a: [{}] } },
      { x: undefined, y: "a" },
      Object.assign(Object.create(null), { x: [1] }),
      new Vector(1, 2),
    ];
    for (const value of plain) {
      jsonOf(value, 4);
      expect(stringify.mock.lastCall, "with the value alone").toEqual([value]);
    }
    jsonOf({ at: new Date(0) }, 4);
    expect(stringify.mock.lastCall).toHaveLength(2);
    stringify.mockRestore();
  });

  test("goes through a toJSON once, and through a getter", () => {
    let calls = 0;
    const message = {
      a: { toJSON: () => ++calls },
      get b() {
        return 2;
      },
    };
    expect(jsonOf(message, 10)).toBe('{"a":1,"b":2}');
  });

  test("a getter or a toJSON that throws gives the caller its own error", () => {
    const own = new TypeError("not now");
    const fail = () => {
      throw own;
    };
    expect(() => json().encode({ toJSON: fail })).toThrow(own);
    expect(() =>
      json().encode([
        {
          get x() {
            return fail();
          },
        },
      ]),
    ).toThrow(own);
  });

  test("is the same for any values, with the path of the first that it does not carry", () => {
    const leaf = fc.oneof(
      fc.constantFrom<unknown>(null, true, 0.5, "a", undefined, Number.NaN, new Map(), 1n, () => 1),
      fc.constantFrom<unknown>(new Date(5), new Vector(1, 2), Object(7)),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b c", "toString", "3"), tie("tree"), { maxKeys: 3 }),
      ),
    }));
    check(
      fc.property(tree, (value) => {
        const wrong = firstWrong(value, "message");
        if (wrong === undefined) expect(jsonOf(value, 10)).toBe(JSON.stringify(value));
        else expect(() => jsonOf(value, 10)).toThrow(wrong);
      }),
    );
  });
});

describe("a value may have as many levels as a relay can add to a received one", () => {
  const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

  test("16 more than maxDepth", () => {
    const codec = json({ maxDepth: 4 });
    expect(() => codec.encode(nested(20))).not.toThrow();
    expect(() => codec.encode({ at: new Date(), nested: nested(19) })).not.toThrow();
    const expected = new RangeError("message: expected at most 20 levels of arrays and objects");
    expect(() => codec.encode(nested(21))).toThrow(expected);
    expect(() => codec.encode({ at: new Date(), nested: nested(20) })).toThrow(expected);
  });

  test("and at the deepest that can be chosen, neither direction ends the stack", () => {
    const codec = json({ maxDepth: 1_000 });
    expect(() => codec.encode(nested(1_000))).not.toThrow();
    expect(() => codec.encode(nested(100_000))).toThrow("message: expected at most 1016 levels");
  });
});

/** The path to the first value that JSON does not carry, by plain recursion; `undefined` if there is none. */
function firstWrong(value: unknown, path: string): string | undefined {
  if (value === null || value instanceof Date || value instanceof Vector || value instanceof Number)
    return undefined;
  if (Array.isArray(value)) {
    return firstOf(value.map((item, index) => firstWrong(item, `${path}[${index}]`)));
  }
  if (value instanceof Map) return `${path}: JSON cannot carry a Map`;
  if (typeof value === "object") {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return firstOf(
      fields.map(([key, field]) =>
        firstWrong(field, /^[a-z]\w*$/i.test(key) ? `${path}.${key}` : `${path}["${key}"]`),
      ),
    );
  }
  if (typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return undefined;
  return `${path}: JSON cannot carry`;
}

function firstOf(wrongs: readonly (string | undefined)[]): string | undefined {
  return wrongs.find((wrong) => wrong !== undefined);
}
