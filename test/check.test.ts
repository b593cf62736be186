/** The checks of arguments: names first, kinds and values, and options that are in no table. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  areOptions,
  type Checks,
  checkOptions,
  finiteNumber,
  isAbortSignal,
  isBoolean,
  isFunction,
  isLimit,
  isOneOf,
  isPort,
  isText,
  isWholeNumber,
  limit,
  milliseconds,
  oneOf,
  rate,
  suggestionFor,
  wholeNumber,
} from "../src/check.ts";

interface Options {
  readonly port?: number;
  readonly host?: string;
  readonly isQuiet?: boolean;
}

const CHECKS: Checks<Options> = { port: isPort, host: isText, isQuiet: isBoolean };

test("options that are known, valid or not given, pass", () => {
  checkOptions({}, CHECKS);
  checkOptions({ port: 0, host: "::1", isQuiet: false }, CHECKS);
  checkOptions({ port: undefined }, CHECKS);
});

test("an unknown option throws, and names the nearest known one", () => {
  const unknown = (options: object) => () => checkOptions(options, CHECKS);
  expect(unknown({ prot: 1 })).toThrow(
    new TypeError("prot: there is no such option; the nearest one is port"),
  );
  expect(unknown({ hostname: 1 })).toThrow(/^hostname: .*nearest one is host$/);
  expect(unknown({ ISQUIET: 1 })).toThrow(/^ISQUIET: .*nearest one is isQuiet$/);
  expect(unknown({ constructor: 1 })).toThrow(/^constructor: there is no such option/);
  expect(() => checkOptions({ prot: 1 }, CHECKS, "remote")).toThrow(/^remote\.prot: .*nearest one is port$/);
});

test("an unknown option that is like none of them throws, and names them all", () => {
  expect(() => checkOptions({ encryption: 1 }, CHECKS)).toThrow(
    new TypeError("encryption: there is no such option; known are port, host, isQuiet"),
  );
});

test("options that are no object throw", () => {
  for (const options of [undefined, null, 3, "port", [1]]) {
    expect(() => checkOptions(options, CHECKS)).toThrow(/^options: expected an object, got /);
    const nested = areOptions(CHECKS);
    expect(() => nested("remote", options)).toThrow(/^remote: expected an object, got /);
  }
  expect(() => areOptions(CHECKS)("remote", { port: -1 })).toThrow(/^remote\.port: expected a whole number/);
});

test("each check throws with the name first: a TypeError for the kind, a RangeError for the value", () => {
  const rows = [
    [isPort, "80", TypeError],
    [isPort, 65_536, RangeError],
    [isPort, -1, RangeError],
    [isPort, 1.5, RangeError],
    [isText, 3, TypeError],
    [isText, "", RangeError],
    [isText, "a\0b", RangeError],
    [isBoolean, 1, TypeError],
    [isFunction, {}, TypeError],
    [isWholeNumber(2, 3), 4, RangeError],
    [isWholeNumber(2, 3), "2", TypeError],
    [isLimit(1), 0, RangeError],
    [isLimit(1), "1", TypeError],
    [isOneOf(["a", "b"]), "c", TypeError],
    [finiteNumber, "1", TypeError],
    [finiteNumber, Number.NaN, RangeError],
    [finiteNumber, Infinity, RangeError],
    [milliseconds, null, TypeError],
    [milliseconds, -1, RangeError],
    [milliseconds, Number.NaN, RangeError],
    [rate, 1n, TypeError],
    [rate, 0, RangeError],
    [rate, Number.NaN, RangeError],
    ...[undefined, null, 7, {}, { aborted: false }, { addEventListener() {} }].map(
      (value) => [isAbortSignal, value, TypeError] as const,
    ),
  ] as const;
  for (const [check, value, Kind] of rows) {
    expect(() => check("thing", value)).toThrow(Kind);
    expect(() => check("thing", value)).toThrow(/^thing: expected /);
  }
});

test("each check lets pass what is valid, up to both bounds", () => {
  isLimit(1)("thing", Infinity);
  isOneOf(["a", "b"])("thing", "b");
  isFunction("thing", () => {});
  isAbortSignal("thing", new AbortController().signal);
  for (const value of [2, 3]) isWholeNumber(2, 3)("thing", value);
  for (const value of [0, 65_535]) isPort("thing", value);
  for (const value of [true, false]) isBoolean("thing", value);
});

test("a check that gives the value gives it as it was", () => {
  expect([wholeNumber("thing", 3, 3, 3), limit("thing", 1, 1), oneOf("thing", "b", ["a", "b"])]).toEqual([
    3,
    1,
    "b",
  ]);
  expect([limit("thing", Infinity, 1), finiteNumber("thing", -0.5)]).toEqual([Infinity, -0.5]);
  expect([0, 0.5, Infinity].map((value) => milliseconds("thing", value))).toEqual([0, 0.5, Infinity]);
  expect([0.5, Infinity].map((value) => rate("thing", value))).toEqual([0.5, Infinity]);
});

test.each([
  [null, "null"],
  [undefined, "undefined"],
  [[], "an array"],
  [{}, "an object"],
  [1n, "bigint"],
  ["80", "string"],
])("what was given instead is named by its kind: %o", (value, kind) => {
  expect(() => isPort("thing", value)).toThrow(new TypeError(`thing: expected a number, got ${kind}`));
});

test("the nearest name is the one that was meant, with two letters put in, left out or replaced anywhere", () => {
  const names = ["maxLineBytes", "guard", "keepAliveIntervalMs", "port", "handshakeTimeoutMs", "q"];
  const edit = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom(0, 1, 2),
    letter: fc.constantFrom("x", "e", "Z"),
  });
  const longNames = fc.constantFrom(...names.filter((name) => name.length > 5));
  fc.assert(
    fc.property(longNames, fc.array(edit, { maxLength: 2 }), (name, edits) => {
      const letters = [...name];
      for (const { at, kind, letter } of edits) {
        const put = kind === 0 ? [] : [letter];
        letters.splice(at % (letters.length + 1), kind === 1 ? 0 : 1, ...put);
      }
      expect(suggestionFor(letters.join(""), names)).toBe(`the nearest one is ${name}`);
    }),
    { seed: 14_900, numRuns: 500 },
  );
});

test("of names that are as near, the first is the nearest, and one that takes a letter less is nearer", () => {
  expect(suggestionFor("at", ["cat", "bat"])).toBe("the nearest one is cat");
  expect(suggestionFor("cart", ["bat", "cat"])).toBe("the nearest one is cat");
  expect(suggestionFor("kitten", ["mitten", "kit"])).toBe("the nearest one is mitten");
  expect(suggestionFor("sunday", ["abcdayx", "saturday"])).toBe("the nearest one is saturday");
});

test("a name is near when half of its letters are right, at the least", () => {
  expect(suggestionFor("ab", ["ac"])).toBe("the nearest one is ac");
  expect(suggestionFor("abc", ["acd", "xyz"])).toBe("known are acd, xyz");
  expect(suggestionFor("", ["ab", "a"])).toBe("known are ab, a");
});
