import { describe, expect, test } from "vitest";
import { DecodeError } from "../../src/codec/codec.ts";
import { escaped } from "../../src/codec/escaped.ts";
import { json } from "../../src/codec/json.ts";
import { streamOf } from "./deliver.ts";

describe("a stranger's text in a sentence", () => {
  test.each([
    ["plain words, also ä and 😀", "plain words, also ä and 😀"],
    ["\u001b[2J", "\\u001b[2J"],
    ["a\r\nb\0", "a\\u000d\\u000ab\\u0000"],
    ["\u202edesrever", "\\u202edesrever"],
    ["\u2028\ufeff\u009b", "\\u2028\\ufeff\\u009b"],
    ["\ud800", "\\ud800"],
    ["\u{e0001}", "\\udb40\\udc01"],
  ])("shows what cannot be seen as an escape: %j", (text, shown) => {
    expect(escaped(text, 100)).toBe(shown);
  });

  test("is no longer than it may be", () => {
    expect(escaped("x".repeat(10), 10)).toBe("x".repeat(10));
    expect(escaped("x".repeat(11), 10)).toBe(`${"x".repeat(10)}…`);
  });

  test("is escaped and bounded in every DecodeError, also one of a user's own codec", () => {
    expect(new DecodeError("no such word: \u001b[31m\n").message).toBe("no such word: \\u001b[31m\\u000a");
    expect(new DecodeError("x".repeat(100_000)).message).toHaveLength(301);
  });

  test.each(["\u001b[2J\u001b[H", '{"a":\u202e}', "\0\0\0", `{${"\u009b".repeat(500)}`])(
    "cannot leave the sentence about a line that is no JSON: %j",
    (line) => {
      const decode = () =>
        json()
          .decoder()
          .decode(streamOf(`${line}\n`), { put: () => {} });
      expect(decode).toThrow(/^line 1 is not JSON: [^\p{C}\p{Zl}\p{Zp}]{1,1800}$/u);
    },
  );
});
