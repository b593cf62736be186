/** The options of a bad network: the caller's mistakes, presets, and what overrules what. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ConditionedOptions,
  type Conditions,
  conditioned,
  memory,
  networkPresets,
} from "../../../src/index.ts";
import { type Terms, termsOf } from "../../../src/transport/wrap/conditions.ts";

describe("options", () => {
  test.each<[unknown, new (message: string) => Error, RegExp]>([
    [{ latency: 5 }, TypeError, /^latency: there is no such option; the nearest one is latencyMs/],
    [{ latencyMs: "5" }, TypeError, /^latencyMs: expected a number/],
    [{ latencyMs: -1 }, RangeError, /^latencyMs: expected milliseconds/],
    [{ latencyMs: Infinity }, RangeError, /^latencyMs: expected a finite number/],
    [{ latencyMs: { sent: 5 } }, TypeError, /^latencyMs.sent: there is no such option/],
    [{ latencyMs: { send: Number.NaN } }, RangeError, /^latencyMs.send: /],
    [{ jitterMs: null }, TypeError, /^jitterMs: expected a number, got null/],
    [{ bytesPerSecond: 0 }, RangeError, /^bytesPerSecond: expected a number above 0/],
    [{ queueBytes: 0.5 }, RangeError, /^queueBytes: expected a whole number/],
    [{ lossChance: 1.1 }, RangeError, /^lossChance: expected 0 to 1/],
    [{ lossBurst: 0 }, RangeError, /^lossBurst: expected a number from 1 up/],
    [{ duplicateChance: -0.1 }, RangeError, /^duplicateChance: expected 0 to 1/],
    [{ reorderChance: { receive: 2 } }, RangeError, /^reorderChance.receive: expected 0 to 1/],
    [{ stall: 5 }, TypeError, /^stall: expected an object/],
    [{ stall: { everyMs: 5 } }, TypeError, /^stall.forMs: expected a number/],
    [{ stall: { everyMs: 0, forMs: 5 } }, RangeError, /^stall.everyMs: /],
    [{ stall: { send: { everyMs: 5, forMs: -1 } } }, RangeError, /^stall.send.forMs: /],
    [{ network: "modem" }, TypeError, /^network: expected one of broadband, wifi, mobile, poor/],
    [{ seed: -1 }, RangeError, /^seed: expected a whole number/],
    ["modem", TypeError, /^network: expected one of/],
    [null, TypeError, /^options: expected an object or the name of a preset, got null/],
    [["mobile"], TypeError, /^options: expected an object/],
  ])("%j are the caller's mistake, which names the option", (options, kind, message) => {
    const call = () => conditioned(memory(), options as ConditionedOptions);
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });

  test("are for a transport", () => {
    for (const none of [undefined, null, {}, "tcp", { listen: true }]) {
      expect(() => conditioned(none as never)).toThrow(/^transport: expected a transport/);
    }
  });

  test("hold for both directions, or for one, and overrule the preset", () => {
    const terms = termsOf({
      network: "mobile",
      latencyMs: { send: 100 },
      lossChance: 0,
      stall: { receive: { everyMs: 1, forMs: 2 } },
    });
    expect(terms.send).toMatchObject({ latencyMs: 100, jitterMs: 20, lossChance: 0, retransmitMs: 200 });
    expect(terms.receive).toMatchObject({ latencyMs: 45, stall: { everyMs: 1, forMs: 2 } });
    expect(terms.send.stall).toEqual({ everyMs: 15_000, forMs: 400 });
    expect(termsOf({ network: "mobile", stall: { everyMs: 1, forMs: 0 } }).send.stall).toBeUndefined();
  });

  test("that are not given are those of a perfect network", () => {
    const perfect: Partial<Terms> = {
      latencyMs: 0,
      bytesPerSecond: Infinity,
      queueBytes: 65_536,
      isClear: true,
      isClearForStreams: true,
    };
    for (const none of [{}, { latencyMs: undefined }, { latencyMs: {} }] as Conditions[]) {
      expect(termsOf(none).send).toMatchObject(perfect);
    }
    expect(termsOf({ reorderChance: 0.5 }).send).toMatchObject({ isClear: false, isClearForStreams: true });
  });
});

describe("presets", () => {
  test("are a frozen table, each valid as options", () => {
    expect(Object.isFrozen(networkPresets)).toBe(true);
    for (const [name, preset] of Object.entries(networkPresets)) {
      expect(Object.isFrozen(preset)).toBe(true);
      expect(termsOf(preset)).toEqual(termsOf(name as keyof typeof networkPresets));
    }
    expect(termsOf("poor").send.latencyMs).toBe(150);
  });

  test("and the defaults are those of the manual", () => {
    const manual = readFileSync("src/transport/wrap/README.md", "utf8");
    const rows = manual.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    for (const name of ["broadband", "wifi", "mobile", "poor"] as const) {
      const cells = rows.find(([, first, , , loss]) => first === `\`${name}\`` && loss?.endsWith("%"));
      const [, , latency, jitter, loss = "", stall = ""] = cells ?? [];
      const [, forMs, everyS] = /^(\d+) ms each (\d+) s$/.exec(stall) ?? [];
      expect(networkPresets[name]).toEqual({
        latencyMs: Number(latency),
        jitterMs: Number(jitter),
        lossChance: Number((Number.parseFloat(loss) / 100).toFixed(4)),
        ...(forMs !== undefined && { stall: { everyMs: Number(everyS) * 1_000, forMs: Number(forMs) } }),
      });
    }
    const { send } = termsOf({});
    const numbers = ["latencyMs", "jitterMs", "queueBytes", "lossChance", "lossBurst"] as const;
    for (const name of [...numbers, "bytesPerSecond", "duplicateChance", "reorderChance"] as const) {
      const [, , given = ""] = rows.find(([, first]) => first === `\`${name}\``) ?? [];
      expect([name, Number(given.replace(/[`,]/g, ""))]).toEqual([name, send[name]]);
    }
    expect(send.stall).toBeUndefined();
  });
});
