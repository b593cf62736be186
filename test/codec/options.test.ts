/**
 * The options of every codec: what each of them may be, and that an option nobody
 * knows is an error. A new option without a row here fails the first test.
 */
import { describe, expect, test } from "vitest";
import { type BytesOptions, bytes } from "../../src/codec/bytes.ts";
import { type ListOptions, list } from "../../src/codec/field-types.ts";
import { type JsonOptions, json } from "../../src/codec/json.ts";
import { type LengthPrefixedOptions, lengthPrefixed } from "../../src/codec/length-prefixed.ts";
import { type LineLimits, type LinesOptions, lines } from "../../src/codec/lines.ts";
import { type MixedOptions, mixed } from "../../src/codec/mixed.ts";
import { type StructOptions, struct, structs } from "../../src/codec/struct.ts";
import { type TelnetOptions, telnet } from "../../src/codec/telnet.ts";

/** What an option may be, and what it may not be, with the error. */
interface OptionRow {
  readonly good: readonly unknown[];
  readonly wrong: readonly (readonly [value: unknown, error: typeof Error])[];
}

const MOST = Number.MAX_SAFE_INTEGER;
/** A whole number in these bounds. */
const wholeNumber = (least: number, most: number = MOST): OptionRow => ({
  good: [least, most],
  wrong: [
    ...[least - 1, most + 1, least + 0.5, Infinity, Number.NaN].map((value) => [value, RangeError] as const),
    ...["64", null, 64n, {}].map((value) => [value, TypeError] as const),
  ],
});
const words = (...good: string[]): OptionRow => ({
  good,
  wrong: ["", "\r", "U8", "__proto__", "toString", null, 8, {}].map((value) => [value, TypeError] as const),
});
const aFunction: OptionRow = {
  good: [() => true],
  wrong: [3, null, "yes", {}, true].map((value) => [value, TypeError] as const),
};

/** A row for each option of `Options`; the compiler asks for those of a new one. */
type Rows<Options> = { readonly [Name in keyof Required<Options>]: OptionRow };

const LINE_LIMITS: Rows<LineLimits> = {
  maxLineBytes: wholeNumber(1, MOST),
  maxSentLineBytes: wholeNumber(1),
};
const LINES: Rows<LinesOptions> = {
  ...LINE_LIMITS,
  eol: words("\n", "\r\n"),
  invalid: words("refuse", "replace"),
};
const JSON_ROWS: Rows<JsonOptions<unknown>> = {
  ...LINE_LIMITS,
  guard: aFunction,
  maxDepth: wholeNumber(1, 1_000),
};
const LENGTH_PREFIXED: Rows<LengthPrefixedOptions> = {
  prefix: words("u8", "u16", "u32", "varint"),
  endian: words("big", "little"),
  maxMessageBytes: wholeNumber(1, 2 ** 32 - 1),
  maxSentMessageBytes: wholeNumber(1, 2 ** 32 - 1),
};
const MIXED: Rows<MixedOptions> = {
  maxMessageBytes: wholeNumber(1, 2 ** 32 - 1),
  maxSentMessageBytes: wholeNumber(1, 2 ** 32 - 1),
};
const TELNET: Rows<TelnetOptions> = {
  maxOffers: wholeNumber(1),
  maxSubnegotiationBytes: wholeNumber(1),
};
const BYTES: Rows<BytesOptions> = {
  maxChunkBytes: {
    good: [1, MOST, Infinity],
    wrong: [
      [0, RangeError],
      [1.5, RangeError],
      [-Infinity, RangeError],
      [Number.NaN, RangeError],
      ["16", TypeError],
      [null, TypeError],
    ],
  },
};
const STRUCT: Rows<StructOptions<never>> = {
  endian: words("little", "big"),
  guard: aFunction,
  maxRecordBytes: wholeNumber(1, MOST),
  maxSentRecordBytes: wholeNumber(1, MOST),
};
const LIST: Rows<ListOptions> = { maxItems: wholeNumber(1, 65_535) };

describe.each([
  { name: "lines", make: (options: object) => lines(options), rows: LINES },
  { name: "json", make: (options: object) => json(options), rows: JSON_ROWS },
  { name: "lengthPrefixed", make: (options: object) => lengthPrefixed(options), rows: LENGTH_PREFIXED },
  { name: "mixed", make: (options: object) => mixed({ a: lines() }, options), rows: MIXED },
  { name: "telnet", make: (options: object) => telnet(lines(), options), rows: TELNET },
  { name: "bytes", make: (options: object) => bytes(options), rows: BYTES },
  { name: "struct", make: (options: object) => struct({ x: "u8" }, options), rows: STRUCT },
  { name: "list", make: (options: object) => list("u8", options), rows: LIST },
  { name: "structs", make: (options: object) => structs({ a: {} }, options), rows: STRUCT },
])("the options of $name", ({ make, rows }) => {
  test.each(Object.entries<OptionRow>(rows))(
    "%s may be what it may be, and nothing else",
    (name, { good, wrong }) => {
      if (name.startsWith("max")) expect(() => make({ [name]: 0 })).toThrow(RangeError); // as every limit does
      for (const value of [...good, undefined]) expect(() => make({ [name]: value })).not.toThrow();
      for (const [value, error] of wrong) {
        expect(() => make({ [name]: value }), String(value)).toThrow(error);
        expect(() => make({ [name]: value })).toThrow(new RegExp(`^${name}: expected `));
      }
    },
  );

  test("are known by their names: any other is an error that names the nearest one", () => {
    for (const name of Object.keys(rows)) {
      const misspelt = `${name}s`;
      expect(() => make({ [misspelt]: 1 })).toThrow(
        new TypeError(`${misspelt}: there is no such option; the nearest one is ${name}`),
      );
    }
    expect(() => make(JSON.parse('{"__proto__":1}'))).toThrow(/^__proto__: there is no such option/);
  });

  test.each([null, 7, "u8", [], () => 1])("are an object, and not %o", (options) => {
    expect(() => make(options as never)).toThrow(/^options: expected an object, got /);
  });
});

test("the largest maxLineBytes leaves room for no word, and is still a limit", () => {
  expect(() => lines({ maxLineBytes: MOST }).encode("x")).not.toThrow();
});
