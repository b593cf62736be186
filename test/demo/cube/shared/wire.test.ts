import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cubeLine,
  formatLine,
  formatPosition,
  parseLine,
  printable,
} from "../../../../demo/cube/shared/wire.ts";

describe("parseLine", () => {
  it.each([
    ["cube 1 2 3", [1, 2, 3]],
    ["cube -1.5 +2 .25", [-1.5, 2, 0.25]],
    ["cube 10 -10 10.000", [10, -10, 10]],
    ["cube 1e-05 1E1 -2.5e+0", [0.00001, 10, -2.5]],
    ["cube 1. 0 0", [1, 0, 0]],
    ["  cube   1  2 3 ", [1, 2, 3]],
  ])("%j is a position", (text, position) => {
    expect(parseLine(text)).toEqual({ kind: "cube", position });
  });

  it.each([
    ["ping 1", { kind: "ping", number: 1 }],
    ["ping 007", { kind: "ping", number: 7 }],
    ["pong 999999999999999", { kind: "pong", number: 999_999_999_999_999 }],
    ["error what was wrong", { kind: "error", message: "what was wrong" }],
    ["error", { kind: "error", message: "" }],
    ["error a\u001b[2Jb", { kind: "error", message: "a?[2Jb" }],
  ])("%j is understood", (text, line) => {
    expect(parseLine(text)).toEqual(line);
  });

  it.each([
    ["", "an empty line; expected cube, ping or pong"],
    ["   ", "an empty line; expected cube, ping or pong"],
    ["hello", 'unknown word "hello"; expected cube, ping or pong'],
    ["CUBE 1 2 3", 'unknown word "CUBE"; expected cube, ping or pong'],
    ["cube", "cube: expected 3 numbers, got 0"],
    ["cube 1 2", "cube: expected 3 numbers, got 2"],
    ["cube 1 2 3 4", "cube: expected 3 numbers, got 4"],
    ["cube nan 0 0", 'cube: x is not a finite decimal number, "nan"'],
    ["cube 0 NaN 0", 'cube: y is not a finite decimal number, "NaN"'],
    ["cube 0 0 inf", 'cube: z is not a finite decimal number, "inf"'],
    ["cube -Infinity 0 0", 'cube: x is not a finite decimal number, "-Infinity"'],
    ["cube 1e999 0 0", 'cube: x is not a finite decimal number, "1e999"'],
    ["cube 0x1 0 0", 'cube: x is not a finite decimal number, "0x1"'],
    ["cube 1,5 0 0", 'cube: x is not a finite decimal number, "1,5"'],
    ["cube 1_0 0 0", 'cube: x is not a finite decimal number, "1_0"'],
    ["cube . 0 0", 'cube: x is not a finite decimal number, "."'],
    ["cube 1e 0 0", 'cube: x is not a finite decimal number, "1e"'],
    ["cube ١ 0 0", 'cube: x is not a finite decimal number, "١"'],
    ["cube 0 10.001 0", 'cube: y is not from -10 to 10, "10.001"'],
    ["cube 0 0 -1e1000", 'cube: z is not a finite decimal number, "-1e1000"'],
    ["cube\t1 2 3", 'unknown word "cube?1"; expected cube, ping or pong'],
    ["ping", "ping: expected 1 whole number, got 0 parts"],
    ["ping 1 2", "ping: expected 1 whole number, got 2 parts"],
    ["ping -1", 'ping: not a whole number of up to 15 digits, "-1"'],
    ["pong 1.5", 'pong: not a whole number of up to 15 digits, "1.5"'],
    ["ping 1234567890123456", 'ping: not a whole number of up to 15 digits, "1234567890123456"'],
    ["\u001b[2J", 'unknown word "?[2J"; expected cube, ping or pong'],
    ["x".repeat(30), `unknown word "${"x".repeat(24)}..."; expected cube, ping or pong`],
  ])("%j is bad, and says why", (text, message) => {
    expect(parseLine(text)).toEqual({ kind: "bad", message });
  });

  it("never throws, whatever the line, and its answer is one short line", () => {
    const pieces = fc.constantFrom("cube", "ping", "pong", " ", "1", "-", "e9", ".", "\r", "\u0000", "😀");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pieces).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (words) => {
        const line = parseLine(words);
        if (line.kind !== "bad") return;
        expect(formatLine({ kind: "error", message: line.message })).not.toMatch(/[\n\r]/);
        expect(line.message.length).toBeLessThan(120);
        expect(line.message.isWellFormed()).toBe(true); // or nobody could be told
      }),
      { seed: 14_900 },
    );
  });

  it("takes no longer for a long bad number than for any long line", () => {
    expect(parseLine(`cube ${"1".repeat(65_000)}x 0 0`).kind).toBe("bad");
  });
});

describe("what is sent", () => {
  it.each([
    [[1, 2, 3], "1 2 3"],
    [[0.1 + 0.2, -0, -0.0001], "0.3 0 0"],
    [[9.9996, -9.9996, 1.23456], "10 -10 1.235"],
    [[1e-7, 1e-3, -1e-3], "0 0.001 -0.001"],
  ] as const)("%j is written %j", (position, text) => {
    expect(formatPosition(position)).toBe(text);
  });

  it("is understood by who receives it", () => {
    const value = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(value, value, value), (position) => {
        const received = parseLine(cubeLine(position));
        expect(received.kind).toBe("cube");
        expect(received.kind === "cube" && cubeLine(received.position)).toBe(cubeLine(position));
      }),
      { seed: 14_900 },
    );
    expect(parseLine(formatLine({ kind: "pong", number: 7 }))).toEqual({ kind: "pong", number: 7 });
    expect(parseLine(formatLine({ kind: "error", message: "so" }))).toEqual({ kind: "error", message: "so" });
  });

  it("shows nothing that could move a cursor", () => {
    expect(printable("a\u001b\u009b\u202e\nb", 9)).toBe("a????b");
    expect(printable("abcdef", 3)).toBe("abc...");
    expect(printable("ab😀cd", 3)).toBe("ab?..."); // half of it could not be sent
  });
});
