/** Warnings that are told now, as the event loop may never turn again. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { warnNow } from "../../../src/transport/node/print-warning.ts";

const printed = vi.hoisted((): unknown[][] => []);
const broken = vi.hoisted(() => ({ code: "" }));

vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  writeSync: (...given: unknown[]) => {
    if (broken.code !== "") throw Object.assign(new Error(broken.code), { code: broken.code });
    printed.push(given);
  },
}));

/** Node's own listener, which prints warnings. */
function onWarning(): void {}

afterEach(() => {
  vi.restoreAllMocks();
  printed.length = 0;
  broken.code = "";
});

describe("a warning that is told now", () => {
  test("is printed once within the call, and told to other listeners in the next turn", async () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const heard: unknown[] = [];
    vi.spyOn(process, "listeners").mockReturnValue([
      onWarning,
      (...given: unknown[]) => heard.push(...given),
    ]);
    warnNow("TICKWIRE_TEST", "mind the gap");
    expect(printed).toEqual([[2, `(node:${process.pid}) [TICKWIRE_TEST] TickwireWarning: mind the gap\n`]]);
    expect(heard).toEqual([]);
    await new Promise(setImmediate);
    expect(heard).toEqual([
      expect.objectContaining({ name: "TickwireWarning", code: "TICKWIRE_TEST", message: "mind the gap" }),
    ]);
    expect([printed.length, emitted.mock.calls]).toEqual([1, []]);
  });

  test("is emitted as any other where Node prints none", () => {
    const emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    vi.spyOn(process, "listeners").mockReturnValue([() => {}]);
    warnNow("TICKWIRE_TEST", "mind the gap");
    expect(printed).toEqual([]);
    expect(emitted.mock.calls).toEqual([
      ["mind the gap", { type: "TickwireWarning", code: "TICKWIRE_TEST" }],
    ]);
  });

  test.each(["EPIPE", "EAGAIN"])("throws nothing when standard error answers %s", (code) => {
    vi.spyOn(process, "listeners").mockReturnValue([onWarning]);
    broken.code = code;
    expect(() => warnNow("TICKWIRE_TEST", "mind the gap")).not.toThrow();
  });
});
