/**
 * When the warning comes, poll by poll. Each test has the module anew, as it warns once
 * in a process; what Node is told, and what is printed, is written down.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const printed = vi.hoisted((): unknown[][] => []);

vi.mock("node:fs", async (original) => ({
  ...(await original<typeof import("node:fs")>()),
  writeSync: (...given: unknown[]) => printed.push(given),
}));

const LOOP = {};
/** Node's own listener, which prints warnings; it has none with `--no-warnings`. */
function onWarning(): void {}

let told: unknown[][];
let nowMs: number;
/** One of several calls within one poll, as wrappers make them. */
let pumpOnce: () => void;
let poll: (count: number, poller?: object) => void;

beforeEach(async () => {
  vi.resetModules();
  const { warnUnlessYielding } = await import("../../../src/transport/node/yield-warning.ts");
  poll = (count, poller = LOOP) => {
    for (let n = 0; n < count; n++) warnUnlessYielding(nowMs++, poller);
  };
  pumpOnce = () => void warnUnlessYielding(nowMs, LOOP);
  nowMs = 0;
  told = [];
  printed.length = 0;
  vi.stubEnv("NODE_ENV", "");
  vi.stubEnv("NODE_OPTIONS", undefined);
  vi.spyOn(process, "emitWarning").mockImplementation((...given: unknown[]) => void told.push(given));
  vi.spyOn(process, "listeners").mockImplementation(() => [() => {}, onWarning]);
  await turn(); // nothing of an earlier test is counted
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** One turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("a loop that polls without a turn of the event loop", () => {
  test("is warned of after thousands of polls, once", async () => {
    poll(1_999);
    expect(told).toEqual([]);
    poll(1);
    expect(told).toEqual([
      [
        expect.stringMatching(/^poll\(\) was called thousands of times without a turn of the event loop/),
        { type: "TickwireWarning", code: "TICKWIRE_NEVER_YIELDS" },
      ],
    ]);
    poll(5_000);
    await turn();
    poll(101_000);
    expect(told).toHaveLength(1);
    expect(printed).toEqual([]); // it has yielded after all
  });

  test("is counted from the start after each turn", async () => {
    for (let round = 0; round < 3; round++) {
      poll(1_999);
      await turn();
    }
    expect(told).toEqual([]);
    poll(2_000);
    expect(told).toHaveLength(1);
  });

  test("is the loop of one poller, however often others are polled meanwhile", () => {
    poll(1_999);
    for (let other = 0; other < 50; other++) poll(100, { other });
    expect(told).toEqual([]);
    poll(1);
    expect(told).toHaveLength(1);
  });

  test("is counted by polls, of which each may pump thousands of wrappers", () => {
    for (let frame = 0; frame < 20; frame++, nowMs++)
      for (let wrapper = 0; wrapper < 3_000; wrapper++) pumpOnce();
    expect(told).toEqual([]);
    poll(1_979);
    expect(told).toEqual([]);
    poll(1);
    expect(told).toHaveLength(1);
  });

  test("asks for no pump, and is warned of no more in production", async () => {
    const { warnUnlessYielding } = await import("../../../src/transport/node/yield-warning.ts");
    expect([warnUnlessYielding(0, LOOP), warnUnlessYielding()]).toEqual([Infinity, Infinity]);
    vi.stubEnv("NODE_ENV", "production");
    poll(101_000);
    expect([told, printed]).toEqual([[], []]);
  });
});

describe("a loop that never ends", () => {
  const PRINTED =
    /^\(node:\d+\) \[TICKWIRE_NEVER_YIELDS\] TickwireWarning: poll\(\) was .*, or have the sockets in another thread by threaded\(\)\n$/;

  test("has the warning printed once, as Node would at the end of the turn", () => {
    poll(100_999);
    expect(printed).toEqual([]);
    poll(101_000);
    expect(printed).toEqual([[2, expect.stringMatching(PRINTED)]]);
    expect(printed[0]?.[1]).toContain(`(node:${process.pid})`);
  });

  test("and sleeps between its polls has it printed as soon as it is suspected for seconds", () => {
    let realMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => realMs);
    for (let frame = 0; frame < 2_000; frame++, realMs += 16) poll(1);
    expect([told.length, printed]).toEqual([1, []]);
    for (let frame = 0; frame < 20; frame++, realMs += 16) poll(1);
    expect(printed).toEqual([[2, expect.stringMatching(PRINTED)]]);
    poll(200_000);
    expect(printed).toHaveLength(1);
  });

  test.each([
    "--disable-warning=TICKWIRE_NEVER_YIELDS",
    "--disable-warning TickwireWarning",
    "--enable-source-maps --disable-warning=TickwireWarning --no-deprecation",
  ])("is not told with %s, in NODE_OPTIONS or at the start", (flags) => {
    vi.stubEnv("NODE_OPTIONS", flags);
    poll(101_000);
    expect([told.length, printed]).toEqual([1, []]);
  });

  test("is not told with the same among the arguments of Node", () => {
    const before = process.execArgv;
    process.execArgv = [...before, "--disable-warning=TICKWIRE_NEVER_YIELDS", "--no-deprecation"];
    poll(101_000);
    process.execArgv = before;
    expect(printed).toEqual([]);
  });

  test("is told where another warning is switched off, or one with a longer name", () => {
    vi.stubEnv("NODE_OPTIONS", "--disable-warning=TICKWIRE_NEVER_YIELDS_2 --disable-warning=DEP0025");
    poll(101_000);
    expect(printed).toHaveLength(1);
  });

  test("is not told where Node prints no warnings", () => {
    vi.spyOn(process, "listeners").mockImplementation(() => [() => {}]);
    poll(101_000);
    expect([told.length, printed]).toEqual([1, []]);
  });
});
