/** Who somebody is. */
import { describe, expect, test } from "vitest";
import { hexOf, idOf, secretOf, tidyName } from "../../../../demo/arena/shared/identity.ts";

const SECRET = new Uint8Array(16).fill(9);

describe("who somebody is", () => {
  test("follows from his secret, which can be stored as text", () => {
    expect(secretOf(hexOf(SECRET))).toEqual(SECRET);
    expect(secretOf("12")).toBeUndefined();
    expect(secretOf("g".repeat(32))).toBeUndefined();
    expect(idOf(SECRET)).not.toBe(idOf(new Uint8Array(16).fill(8)));
  });

  test("has a name of one short line, whatever was asked for", () => {
    expect(tidyName("  a\n\u202eb  ")).toBe("a b");
    expect(tidyName("😀".repeat(40))).toBe("😀".repeat(16));
    expect(tidyName("\u0000")).toBe("nobody");
  });
});
