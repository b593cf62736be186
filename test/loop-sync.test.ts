/** The loop that never yields: its pace with time that stands still, its network with real sockets. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Connection,
  lines,
  memory,
  Poller,
  runLoopSync,
  type SyncLoopOptions,
  type TcpOptions,
  tcp,
  threaded,
  udp,
} from "../src/index.ts";
import { nativeTcp } from "../src/native.ts";
import { testRows } from "./rows.ts";

const NATIVE = ["native sockets"] as const;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Time that passes in `Atomics.wait` alone, and where it is told to. */
function fakeTime() {
  vi.useFakeTimers({ toFake: ["performance"] });
  return vi.spyOn(Atomics, "wait").mockImplementation((_words, _at, _value, timeoutMs = 0) => {
    vi.advanceTimersByTime(Math.ceil(timeoutMs));
    return "timed-out";
  });
}

/** Runs a loop for so many ticks. */
function ticks(count: number, options: Omit<SyncLoopOptions, "signal" | "poller"> & { poller?: Poller }) {
  const controller = new AbortController();
  const dts: number[] = [];
  const report = runLoopSync({
    poller: new Poller(),
    ...options,
    signal: controller.signal,
    tick(dtMs, frame) {
      dts.push(dtMs);
      const result = options.tick(dtMs, frame);
      if (dts.length === count) controller.abort();
      return result;
    },
  });
  return { dts, report };
}

describe("runLoopSync", () => {
  test("ticks at a fixed rate without drift, and waits for the rest of each period", () => {
    const wait = fakeTime();
    const startMs = performance.now();
    const { dts, report } = ticks(61, { rateHz: 60, tick: () => void vi.advanceTimersByTime(3) });
    expect(report).toEqual({ ticks: 61, overruns: 0 });
    expect(dts[0]).toBe(0);
    expect(dts.reduce((sum, dt) => sum + dt, 0)).toBeCloseTo(1_000, 6);
    expect(performance.now() - startMs).toBeCloseTo(1_003, -1);
    expect(wait.mock.calls.length).toBeGreaterThanOrEqual(60);
  });

  test("counts the periods that a long tick left out, and says their time in the next dt", () => {
    fakeTime();
    let isFirst = true;
    const { dts, report } = ticks(3, {
      rateHz: 100,
      tick: () => {
        if (!isFirst) return;
        isFirst = false;
        vi.advanceTimersByTime(55);
      },
    });
    expect(report).toEqual({ ticks: 3, overruns: 4 });
    expect(dts).toEqual([0, 50, 10]);
  });

  test("ends at once when its signal has aborted before, without a tick", () => {
    const tick = vi.fn();
    const options = { rateHz: 60, poller: new Poller(), signal: AbortSignal.abort(), tick };
    expect(runLoopSync(options)).toEqual({ ticks: 0, overruns: 0 });
    expect(tick).not.toHaveBeenCalled();
  });

  test("throws what a tick throws, and refuses one that returns a promise", () => {
    const poller = new Poller();
    const error = new Error("the game's");
    const failing = () => {
      throw error;
    };
    expect(() => runLoopSync({ rateHz: 60, poller, tick: failing })).toThrow(error);
    expect(() => runLoopSync({ rateHz: 60, poller, tick: async () => {} })).toThrow(
      new TypeError("tick: expected a function that ends with the call, got one that returns a promise"),
    );
  });

  test.each([
    [{ rateHz: 0 }, "rateHz: expected a number above 0 and up to 1000, got 0"],
    [{ rateHz: 60, maxDtMs: 1 }, "maxDtMs: expected at least one period of rateHz"],
    [{ rateHz: 60, wakeOnActivity: 1 }, "wakeOnActivity: expected true or false, got number"],
    [{ rateHz: 60, poller: {} }, "poller: expected a Poller, got an object"],
    [{ rateHz: 60, pace: "fixed" }, "pace: there is no such option"],
  ])("names what is wrong with %o", (wrong, message) => {
    const options = { poller: new Poller(), tick: () => {}, ...wrong } as unknown as SyncLoopOptions;
    expect(() => runLoopSync(options)).toThrow(message);
  });

  testRows([
    { name: "in another thread", make: (options: TcpOptions) => threaded(tcp(options)) },
    { name: "of native sockets", make: (options: TcpOptions) => nativeTcp(options), needs: NATIVE },
    {
      name: "of native sockets in another thread",
      make: (options: TcpOptions) => threaded(nativeTcp(options)),
      needs: NATIVE,
    },
  ])("has a network $name, whose answers come within one period when activity wakes it", async ({ make }) => {
    const poller = new Poller();
    const host = "127.0.0.1";
    const listener = poller.listen(make({ host, port: 0 }), lines());
    let near: Connection<string> | undefined;
    const got: string[] = [];
    let told = 0;
    const controller = new AbortController();
    const dts: number[] = [];
    runLoopSync({
      rateHz: 0.01, // one period is longer than any test
      poller,
      wakeOnActivity: true,
      signal: controller.signal,
      tick(dtMs) {
        dts.push(dtMs);
        if (listener.address === undefined) return;
        near ??= poller.connect(make({ host, port: listener.address.port }), lines());
        listener.tryAccept()?.trySend("welcome");
        listener.drain((peer, message) => peer.trySend(message));
        for (const message of near) got.push(message);
        if (got.length >= 5) controller.abort();
        else if (got.length > told) near.trySend(String((told = got.length)));
      },
    });
    expect(got).toEqual(["welcome", "1", "2", "3", "4"]);
    expect(dts.every((dtMs) => dtMs === 0)).toBe(true);
    expect(dts.length).toBeLessThan(60); // and nothing else wakes it
    await poller[Symbol.asyncDispose]();
  });

  test("is woken by whichever of several kinds of transports has something", () => {
    const poller = new Poller();
    const wire = memory();
    const listener = poller.listen(wire, lines());
    const slept = { quiet: 0, lively: 0 };
    let near: Connection<string> | undefined;
    const sleeping = (sleep: () => boolean) => ({ connect: () => wire.connect(), sleep });
    poller.connect(
      sleeping(() => ++slept.quiet < 0),
      lines(),
    );
    near = poller.connect(
      sleeping(() => {
        if (++slept.lively < 3) return false;
        near?.trySend("now");
        poller.flush(); // which arrives, in memory, as a transport's own bytes would
        return true;
      }),
      lines(),
    );
    const controller = new AbortController();
    runLoopSync({
      rateHz: 0.01,
      poller,
      wakeOnActivity: true,
      signal: controller.signal,
      tick() {
        poller.flush();
        while (listener.tryAccept() !== undefined);
        listener.drain(() => controller.abort());
      },
    });
    expect(slept.quiet).toBeGreaterThan(1);
  });

  test("wakes for the deadlines of its poller", () => {
    const poller = new Poller({ timeoutMs: 30 });
    const wire = { connect: () => ({ allowHalfOpen: false, attach() {}, abort() {} }) } as never;
    const connection = poller.connect(wire, lines());
    const controller = new AbortController();
    runLoopSync({
      rateHz: 0.01,
      poller,
      wakeOnActivity: true,
      signal: controller.signal,
      tick: () => connection.state === "closed" && controller.abort(),
    });
    expect(connection.closeReason?.kind).toBe("timeout");
  });
});

describe("a loop that never yields, with all its sockets in another thread", () => {
  const index = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  const run = (program: string) =>
    spawnSync(
      process.execPath,
      [
        "--import",
        "tsx",
        "--input-type=module",
        "--eval",
        `import { lines, Poller, runLoopSync, tcp, threaded, udp } from ${JSON.stringify(index)};
         const net = new Poller();
         ${program}
         net[Symbol.dispose]();`,
      ],
      { encoding: "utf8", env: { ...process.env, NODE_ENV: "" } },
    );

  test("is not warned of", () => {
    const { stderr, status } = run(
      `net.listen(threaded(tcp({ port: 0 })), lines());
       net.bind(threaded(udp()), lines());
       for (let n = 0; n < 200_000; n++) net.poll();`,
    );
    expect([stderr, status]).toEqual(["", 0]);
  });

  test("is warned of as soon as one of them is not there", () => {
    const { stderr } = run(
      `net.listen(threaded(tcp({ port: 0 })), lines());
       net.listen(tcp({ port: 0 }), lines());
       for (let n = 0; n < 200_000; n++) net.poll();`,
    );
    expect(stderr).toContain("TICKWIRE_NEVER_YIELDS");
  });

  test("has runLoopSync warn at its first poll of one that is not there, once, and not in production", () => {
    const program = `net.listen(tcp({ port: 0 }), lines());
      for (let loop = 0; loop < 2; loop++) {
        const stop = new AbortController();
        runLoopSync({ rateHz: 60, poller: net, signal: stop.signal, tick: () => stop.abort() });
      }
      for (let n = 0; n < 200_000; n++) net.poll();
      process.exit();`;
    const { stderr } = run(program);
    expect(stderr.match(/TICKWIRE_NEVER_YIELDS/g)).toHaveLength(1);
    expect(stderr).toContain("runLoopSync() lets nothing arrive over a transport");
    expect(run(`process.env.NODE_ENV = "production"; ${program}`).stderr).toBe("");
  });

  test("has runLoopSync leave the count of polls as it was before", () => {
    const { stderr } = run(
      `net.listen(threaded(tcp({ port: 0 })), lines());
       const stop = new AbortController();
       runLoopSync({ rateHz: 60, poller: net, signal: stop.signal, tick: () => stop.abort() });
       net.listen(tcp({ port: 0 }), lines());
       for (let n = 0; n < 1_500; n++) net.poll();`,
    );
    expect(stderr).toBe("");
  });

  test("says which handlers of signals cannot run, and what sends those", () => {
    const { stderr } = run(
      `for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
       runLoopSync({ rateHz: 60, poller: net, signal: AbortSignal.abort(), tick() {} });`,
    );
    expect(stderr).toContain("handlers of SIGINT (Ctrl-C) and SIGTERM (kill, a container that stops) run");
  });

  test("says at its start that a handler of SIGINT cannot run, once", () => {
    const { stderr } = run(
      `process.on("SIGINT", () => {});
       for (let n = 0; n < 2; n++) runLoopSync({ rateHz: 60, poller: net, signal: AbortSignal.abort(), tick() {} });`,
    );
    expect(stderr.match(/TICKWIRE_SIGNALS_WAIT/g)).toHaveLength(1);
    const silent = run(`runLoopSync({ rateHz: 60, poller: net, signal: AbortSignal.abort(), tick() {} });`);
    expect([silent.stderr, silent.status]).toEqual(["", 0]);
  });
});

test("udp in another thread reaches a loop that never yields", async () => {
  const poller = new Poller();
  const near = poller.bind(threaded(udp({ host: "127.0.0.1" })), lines());
  const far = poller.bind(threaded(udp({ host: "127.0.0.1" })), lines());
  const controller = new AbortController();
  const got: string[] = [];
  runLoopSync({
    rateHz: 200,
    poller,
    signal: controller.signal,
    tick() {
      if (near.address === undefined || far.address === undefined) return;
      far.trySendTo("ping", near.address);
      for (let one = near.tryRecvFrom(); one !== undefined; one = near.tryRecvFrom()) {
        got.push(one.message);
        controller.abort();
      }
    },
  });
  expect(got[0]).toBe("ping");
  await poller[Symbol.asyncDispose]();
});
