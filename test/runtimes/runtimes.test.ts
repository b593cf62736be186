/** The checks of every runtime on this Node and on the sources, so that they stay true where no other runtime is. */
import { describe, expect, test } from "vitest";
import { CHECKS } from "./checks.ts";

describe("on this Node", () => {
  test.each(CHECKS)("$title", async ({ run }) => {
    expect(await run()).toMatch(/\w/);
  });
});
