import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { json } from "../../src/codec/json.ts";
import { type JsonTraits, numberGrowth, scanJson } from "../../src/codec/json-text.ts";
import { cut, streamOf } from "./deliver.ts";
import { check } from "./properties.ts";

/** Scans `text` between bytes that would change all that is found out, if they were looked at. */
function scan(text: string): JsonTraits {
  const bytes = streamOf(`{[7${text}[,`);
  return { ...scanJson(bytes, 3, bytes.length - 2) };
}

describe("a JSON text is scanned before it is parsed", () => {
  test.each([
    ["1", 0],
    ["[]", 1],
    ["[[],[{}]]", 3],
    ['{"a":{"b":[1]},"c":[]}', 3],
    ['["[[[[", "\\"[[[", "\\\\"]', 1],
    ['"{{{{"', 0],
    ["[".repeat(5_000), 5_000],
    ["]]][[", 0],
    ['["[', 1],
    ['["\\', 1],
    ["", 0],
  ])("for its depth: %j", (text, depth) => {
    expect(scan(text).depth).toBe(depth);
  });

  test("for its depth, as a walk through the value finds it", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    check(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(3), (value, space) => {
        expect(scan(JSON.stringify(value, null, space)).depth).toBe(depthOf(value));
      }),
    );
  });

  test.each([
    ["[1,0.25,-3]", false],
    ["[true,false,null]", false],
    ['{"1e5":"2e5"}', false],
    ["e5", false],
    ["1e5", true],
    ["[1.5E+3]", true],
    ["1".repeat(400), true],
    [`[${"1".repeat(400)}]`, true],
    [`[0,${"1".repeat(400)},0]`, true],
    [`{"a":${"1".repeat(400)}}`, true],
  ])("for numbers that may be written longer, or not at all: %j", (text, hasUnusualNumber) => {
    expect(scan(text).hasUnusualNumber).toBe(hasUnusualNumber);
  });

  test.each(["%", "[%]", "[%,0]", "[0,%]", "[[],%]", '["",%,""]', "[{},%,{}]", '{"a":%}', '{"a":0,"b":%}'])(
    "for numbers of more than 308 digits, which may be infinite, as in %s",
    (form) => {
      expect(scan(form.replace("%", "9".repeat(308))).hasUnusualNumber).toBe(false);
      expect(scan(form.replace("%", "9".repeat(309))).hasUnusualNumber).toBe(true);
    },
  );

  test("and no number that grows escapes it", () => {
    const number = fc.double().map((value) => [String(value), value.toExponential(), value.toFixed(3)]);
    check(
      fc.property(fc.array(number, { maxLength: 3 }), (forms) => {
        const text = `[${forms
          .flat()
          .filter((form) => /^-?\d/.test(form))
          .join()}]`;
        if (numberGrowth(text) > 0) expect(scan(text).hasUnusualNumber).toBe(true);
      }),
    );
  });

  test("for strings that may take two bytes a letter", () => {
    expect(scan('"\\u2713"').hasEscapedUnits).toBe(true);
    expect(scan('"\\\\u2713"').hasEscapedUnits).toBe(false);
  });
});

describe("a parsed value is charged the memory that it takes", () => {
  const charged = (text: string, cuts: readonly number[] = [1_000_000]): number => {
    let weight = 0;
    const decoder = json().decoder();
    for (const piece of cut(streamOf(`${text}\n`), cuts)) {
      decoder.decode(piece, { put: (_, sizeBytes, memoryBytes = sizeBytes) => void (weight = memoryBytes) });
    }
    return weight;
  };

  // Measured in V8: for each text the bytes that one more of its items takes in a list. They differ little from one Node to the next.
  test.each([
    ["{}", 64],
    ["[]", 40],
    ["[0]", 64],
    ["[{}]", 120],
    ["-0", 24],
    ['{"8":0}', 152],
    ['{"30":0}', 327],
    ['{"\\u0033\\u0030":0}', 327],
    ['"ab"', 32],
  ])("one more %s in a list of many costs at least half of its %d bytes", (item, heldBytes) => {
    const one = charged(`[${item}]`);
    const many = charged(`[${Array(101).fill(item).join()}]`);
    expect((many - one) / 100).toBeGreaterThan(heldBytes / 2);
    expect((many - one) / 100, "and not much more than all").toBeLessThan(heldBytes * 2);
  });

  test("a key that may be a number costs more than a word, whatever the digit", () => {
    const [word = 0, ...words] = [..."a/:;e "].map((key) => charged(`{"${key}":0}`));
    const [index = 0, ...indices] = [..."0123456789"].map((key) => charged(`{"${key}":0}`));
    expect(index).toBeGreaterThan(word + 50);
    expect(new Set(words)).toEqual(new Set([word]));
    expect(new Set(indices)).toEqual(new Set([index]));
    expect(charged('{"\\u0030":0}')).toBeGreaterThan(word + 50);
  });

  test("in the same way, wherever the line is cut", () => {
    for (const text of ['[{"a":[1,2,{}],"30":"✓"},"\\u2713"]', '[{"a":[1,2,{}],"30":"x"},1e5,true]']) {
      for (let length = 1; length < 10; length++) expect(charged(text, [length])).toBe(charged(text));
    }
  });

  test("text alone is charged its bytes, and two for each letter if one may need two", () => {
    expect(charged(`"${"x".repeat(1_000)}"`)).toBe(1_003);
    expect(charged(`"${"x".repeat(1_000)}✓"`)).toBe(2 * 1_003);
    expect(charged(`"${"x".repeat(1_000)}\\u2713"`)).toBe(2 * 1_008);
  });
});
