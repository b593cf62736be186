import fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "../../src/port/printable.ts";

test("characters that move a cursor, change the direction of a text or break a line are replaced", () => {
  expect(printable("a\u001b[31m\u009b\u202e\n\u2028\u0000b")).toBe(
    "a\uFFFD[31m\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDb",
  );
  expect(printable("Zoë 😀 漢字")).toBe("Zoë 😀 漢字");
});

test("a text is cut to a bound, and never leaves half of a character behind", () => {
  expect(printable("x".repeat(1_000))).toHaveLength(123);
  expect(printable("abcdef", 3)).toBe("abc");
  expect(printable("ab😀", 3)).toBe("ab\uFFFD");
});

test("nothing of any text is left that a terminal would act on", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 200 }),
      (text) => printable(text).length <= 123 && !UNSAFE.test(printable(text)),
    ),
  );
});

const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/u;
