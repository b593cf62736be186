/** The checks of arguments: names first, kinds and values, and options that are in no table. */
import { expect, test } from "vitest";
import {
  type Checks,
  checkOptions,
  isBoolean,
  isFunction,
  isLimit,
  isOneOf,
  isPort,
  isText,
  isWholeNumber,
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
  }
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
  ] as const;
  for (const [check, value, Kind] of rows) {
    expect(() => check("thing", value)).toThrow(Kind);
    expect(() => check("thing", value)).toThrow(/^thing: expected /);
  }
  isLimit(1)("thing", Infinity);
  isOneOf(["a", "b"])("thing", "b");
  isFunction("thing", () => {});
  isWholeNumber(2, 3)("thing", 3);
});
