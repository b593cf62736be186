import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Frame,
  type Link,
  type LoopTimes,
  lines,
  memory,
  Poller,
  runLoop,
  waitForActivity,
} from "../src/index.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Time that stands still until it is told to pass, in timers, immediates and `performance.now`. */
function fakeTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
}

/** Runs a loop whose ticks take the given times, and notes when each began and its dt. */
function recordedLoop(rateHz: number, tookMs: (tick: number) => number) {
  const controller = new AbortController();
  const startMs = performance.now();
  const began: number[] = [];
  const dts: number[] = [];
  const done = runLoop({
    rateHz,
    poller: new Poller(),
    signal: controller.signal,
    tick: (dtMs) => {
      began.push(performance.now() - startMs);
      dts.push(dtMs);
      const tookNow = tookMs(began.length);
      if (tookNow > 0) vi.advanceTimersByTime(tookNow);
    },
  });
  const end = async () => {
    controller.abort();
    await vi.advanceTimersByTimeAsync(1);
    return done;
  };
  return { began, dts, end };
}

describe("runLoop", () => {
  test("ticks at a fixed rate without drift, however the times fall", async () => {
    fakeTime();
    const loop = recordedLoop(60, () => 0);
    await vi.advanceTimersByTimeAsync(1_000);
    const report = await loop.end();
    expect(report.overruns).toBe(0);
    expect(report.ticks).toBeGreaterThanOrEqual(59);
    expect(report.ticks).toBeLessThanOrEqual(61);
    const sum = loop.dts.reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(((report.ticks - 1) * 1_000) / 60, 6);
    expect(loop.dts[0]).toBe(0);
  });

  test("leaves out the ticks that one long tick missed, counts them, and puts their time into the next", async () => {
    fakeTime();
    const loop = recordedLoop(100, (tick) => (tick === 3 ? 35 : 0));
    await vi.advanceTimersByTimeAsync(100);
    const report = await loop.end();
    expect(report.overruns).toBeGreaterThanOrEqual(2);
    expect(loop.dts.slice(0, 3)).toEqual([0, 10, 10]);
    expect(loop.dts[3]).toBeGreaterThanOrEqual(30);
    const sum = loop.dts.reduce((a, b) => a + b, 0);
    expect(Math.abs(sum - (loop.began.at(-1) ?? 0))).toBeLessThanOrEqual(10);
  });

  test("polls before the tick, flushes after it, and tells the frame", async () => {
    const wire = memory();
    const server = new Poller();
    const client = new Poller();
    const listener = server.listen(wire, lines());
    const near = client.connect(wire, lines());
    near.trySend("hello");
    client.poll();
    client.flush();
    const controller = new AbortController();
    const frames: Frame[] = [];
    await runLoop({
      rateHz: 1_000,
      poller: server,
      signal: controller.signal,
      tick: (_, frame) => {
        frames.push({ ...frame });
        listener.tryAccept()?.trySend("welcome");
        if (frames.length === 2) controller.abort();
      },
    });
    expect(frames[0]).toMatchObject({ tick: 1, accepted: 1, received: 1 });
    client.poll();
    expect(near.tryRecv()).toBe("welcome");
  });

  test("lets the event loop turn between ticks, also when every tick is late", async () => {
    const controller = new AbortController();
    let turns = 0;
    const count = () => {
      turns++;
      if (!controller.signal.aborted) setImmediate(count);
    };
    setImmediate(count);
    let now = 0;
    const report = await runLoop({
      rateHz: 1_000,
      poller: new Poller({ clock: () => now++ }),
      signal: controller.signal,
      tick: () => {
        const untilMs = performance.now() + 2;
        while (performance.now() < untilMs);
        if (now > 10) controller.abort();
      },
    });
    expect(report.overruns).toBeGreaterThan(0);
    expect(turns).toBeGreaterThanOrEqual(report.ticks - 1);
  });

  test("ends with the tick that aborts it, and does not wait for the next", async () => {
    fakeTime();
    const controller = new AbortController();
    const done = runLoop({
      rateHz: 0.5,
      poller: new Poller(),
      signal: controller.signal,
      tick: () => controller.abort(),
    });
    await vi.advanceTimersByTimeAsync(1);
    expect(await done).toEqual({ ticks: 1, overruns: 0 });
  });

  test("gives no tick more game time than maxDtMs, in whole periods, and says what it left out", async () => {
    fakeTime();
    const controller = new AbortController();
    const given: [number, number][] = [];
    const done = runLoop({
      rateHz: 100,
      maxDtMs: 35,
      poller: new Poller(),
      signal: controller.signal,
      tick: (dtMs, frame) => {
        given.push([dtMs, frame.skippedMs]);
        if (frame.tick === 2) vi.advanceTimersByTime(100);
      },
    });
    await vi.advanceTimersByTimeAsync(200);
    controller.abort();
    await vi.advanceTimersByTimeAsync(1);
    await done;
    expect(given.slice(0, 2)).toEqual([
      [0, 0],
      [10, 0],
    ]);
    expect(given[2]?.[0]).toBe(30);
    expect(given[2]?.[1]).toBeGreaterThanOrEqual(60);
    expect(given[3]).toEqual([10, 0]);
  });

  test("leaves out what is over two seconds, unless the rate is slower", async () => {
    fakeTime();
    const loop = recordedLoop(10, (tick) => (tick === 2 ? 60_000 : 0));
    await vi.advanceTimersByTimeAsync(1_000);
    await loop.end();
    expect(Math.max(...loop.dts)).toBe(2_000);
    const poller = new Poller();
    const tick = (): void => {};
    await expect(runLoop({ rateHz: 10, maxDtMs: 99, poller, tick })).rejects.toThrow(
      /^maxDtMs: expected at least one period/,
    );
    for (const wrong of [0, -1, Number.NaN])
      await expect(runLoop({ rateHz: 10, maxDtMs: wrong, poller, tick })).rejects.toThrow(RangeError);
  });

  test("reports once a second how long its rounds took", async () => {
    fakeTime();
    const controller = new AbortController();
    const reports: LoopTimes[] = [];
    let ticks = 0;
    const done = runLoop({
      rateHz: 10,
      poller: new Poller(),
      signal: controller.signal,
      tick: () => void vi.advanceTimersByTime(++ticks === 5 ? 50 : 2),
      report: (times) => void reports.push(times),
    });
    await vi.advanceTimersByTimeAsync(3_500);
    controller.abort();
    await vi.advanceTimersByTimeAsync(1);
    await done;
    expect(reports.length).toBeGreaterThanOrEqual(2);
    expect(reports[0]).toMatchObject({ overruns: 0, skippedMs: 0, tickMs: { p50: 2, p99: 50, max: 50 } });
    expect(reports[1]).toMatchObject({ ticks: 10, tickMs: { p50: 2, p99: 2, max: 2 } });
  });

  test("passes on what a report throws, and takes no other than a function", async () => {
    const poller = new Poller();
    await expect(runLoop({ rateHz: 60, poller, tick() {}, report: 1 as never })).rejects.toThrow(/^report: /);
    fakeTime();
    const report = (): never => {
      throw new Error("no log");
    };
    const done = expect(runLoop({ rateHz: 1, poller, tick() {}, report })).rejects.toThrow("no log");
    await vi.advanceTimersByTimeAsync(2_000);
    await done;
  });

  test("passes on what a tick throws", async () => {
    const tick = () => {
      throw new Error("a bug in the game");
    };
    await expect(runLoop({ rateHz: 60, poller: new Poller(), tick })).rejects.toThrow("a bug in the game");
  });

  test("sleeps for a period that is longer than any timer", async () => {
    fakeTime();
    const loop = recordedLoop(4e-7, () => 0); // once in 29 days
    for (let days = 0; days < 28; days++) await vi.advanceTimersByTimeAsync(86_400_000);
    expect(loop.dts).toEqual([0]);
    for (let days = 28; days < 60; days++) await vi.advanceTimersByTimeAsync(86_400_000);
    expect(loop.dts).toEqual([0, 2.5e9, 2.5e9]);
    expect(await loop.end()).toEqual({ ticks: 3, overruns: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ticks once at the smallest rate, for 0 ms, and then waits for its signal", async () => {
    fakeTime();
    const loop = recordedLoop(Number.MIN_VALUE, () => 0);
    await vi.advanceTimersByTimeAsync(100 * 86_400_000);
    expect(await loop.end()).toEqual({ ticks: 1, overruns: 0 });
    expect(loop.dts).toEqual([0]);
  });

  test("ends at once with the error of an async tick, though it does not wait for the tick", async () => {
    fakeTime();
    let ticks = 0;
    const tick = async (): Promise<void> => {
      const isFirst = ++ticks === 1;
      await new Promise((resolve) => setTimeout(resolve, 25));
      if (isFirst) throw new Error("a bug behind an await");
    };
    const done = runLoop({ rateHz: 100, poller: new Poller(), tick });
    const outcome = done.catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(200);
    expect(await outcome).toBe("a bug behind an await");
    expect(ticks).toBe(3); // at 0, 10 and 20 ms
    expect(vi.getTimerCount()).toBe(0);
  });

  test("leaves an error that an async tick throws after the loop's own end to the process", async () => {
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    const told: unknown[] = [];
    process.on("unhandledRejection", (error) => told.push(error));
    const controller = new AbortController();
    const late = new Error("too late");
    const tick = async (): Promise<void> => {
      controller.abort();
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      throw late;
    };
    expect(await runLoop({ rateHz: 60, poller: new Poller(), tick, signal: controller.signal })).toEqual({
      ticks: 1,
      overruns: 0,
    });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
    expect(told).toEqual([late]);
  });

  test.each([
    ["poller", undefined, TypeError],
    ["poller", { poll() {} }, TypeError],
    ["tick", undefined, TypeError],
    ["tick", "tick", TypeError],
    ["rateHz", undefined, TypeError],
    ["rateHz", "60", TypeError],
    ["rateHz", 0, RangeError],
    ["rateHz", 1_000.1, RangeError],
    ["rateHz", Infinity, RangeError],
    ["pace", "fast", TypeError],
    ["pace", null, TypeError],
    ["signal", {}, TypeError],
    ["signal", null, TypeError],
    ["rate", 60, TypeError],
  ])("refuses %s: %s", async (name, value, Kind) => {
    const options = { rateHz: 60, poller: new Poller(), tick: () => {}, signal: AbortSignal.abort() };
    const loop = runLoop({ ...options, [name]: value } as never);
    await expect(loop).rejects.toThrow(Kind);
    await expect(loop).rejects.toThrow(new RegExp(`^${name}: `));
  });

  test("takes the largest rate, and a pace of its own", async () => {
    const options = { rateHz: 1_000, poller: new Poller(), tick: () => {}, signal: AbortSignal.abort() };
    expect(await runLoop({ ...options, pace: "fixed" })).toEqual({ ticks: 0, overruns: 0 });
  });

  test("does not tick when the signal was aborted before", async () => {
    const tick = vi.fn();
    const report = await runLoop({ rateHz: 60, poller: new Poller(), tick, signal: AbortSignal.abort() });
    expect(report).toEqual({ ticks: 0, overruns: 0 });
    expect(tick).not.toHaveBeenCalled();
  });

  test.each([0, -1, 1_001, Number.NaN])("refuses a rate of %d Hz", async (rateHz) => {
    const loop = runLoop({ rateHz, poller: new Poller(), tick: () => {} });
    await expect(loop).rejects.toThrow("rateHz: expected a number above 0 and up to 1000");
  });
});

describe("runLoop with animation frames", () => {
  /** A page whose frames come each 16 ms, and what its loop has told the game. */
  function page(isHidden: boolean, hasFrames = true) {
    fakeTime();
    const document = Object.assign(new EventTarget(), { hidden: isHidden });
    vi.stubGlobal("document", document);
    vi.stubGlobal("requestAnimationFrame", (wake: () => void) => (hasFrames ? setTimeout(wake, 16) : 0));
    vi.stubGlobal("cancelAnimationFrame", (frame: NodeJS.Timeout) => clearTimeout(frame));
    const [wire, server, client] = [memory(), new Poller(), new Poller()];
    const listener = server.listen(wire, lines());
    const near = client.connect(wire, lines());
    const controller = new AbortController();
    const told = { ticks: 0, gameMs: 0, received: 0 };
    const startMs = performance.now();
    const tick = (dtMs: number): void => {
      told.ticks++;
      told.gameMs += dtMs;
      told.received += [...near].length;
    };
    const done = runLoop({ pace: "animation", rateHz: 50, poller: client, signal: controller.signal, tick });
    const broadcast = (text: string): void => {
      server.poll();
      while (listener.tryAccept() !== undefined);
      listener.broadcast(text);
      server.flush();
    };
    const end = async () => {
      controller.abort();
      await vi.advanceTimersByTimeAsync(1);
      return { ...told, realMs: performance.now() - startMs, overruns: (await done).overruns };
    };
    return { broadcast, end };
  }

  test("tells a hidden page's game the time that passed, however often activity wakes it", async () => {
    const { broadcast, end } = page(true);
    for (let passedMs = 0; passedMs < 1_000; passedMs += 4) {
      broadcast("update");
      await vi.advanceTimersByTimeAsync(4);
    }
    const { ticks, gameMs, received, realMs } = await end();
    expect(ticks).toBeGreaterThan(100); // as there was activity, and no frame
    expect(received).toBeGreaterThan(240);
    expect(Math.abs(gameMs - realMs)).toBeLessThanOrEqual(25);
  });

  test("ticks at most at the rate, and adds up to the time that passed", async () => {
    const { end } = page(false);
    await vi.advanceTimersByTimeAsync(1_000);
    const { ticks, gameMs, realMs } = await end();
    expect(ticks).toBeGreaterThan(25);
    expect(ticks).toBeLessThanOrEqual(52);
    expect(Math.abs(gameMs - realMs)).toBeLessThanOrEqual(40);
  });

  test("goes on once a second where frames stop and the page is not told why", async () => {
    const { broadcast, end } = page(false, false);
    await vi.advanceTimersByTimeAsync(1);
    broadcast("update");
    await vi.advanceTimersByTimeAsync(3_500);
    const { ticks, received, gameMs } = await end();
    expect([ticks, received]).toEqual([4, 1]);
    expect(gameMs).toBeGreaterThanOrEqual(3_000);
  });
});

describe("waitForActivity", () => {
  test("resolves at once when something waits already", async () => {
    const wire = memory();
    const server = new Poller();
    server.listen(wire, lines());
    expect(await waitForActivity(server)).toBe(true);
  });

  test("leaves no timer behind that would keep the process alive", async () => {
    fakeTime();
    const poller = new Poller();
    poller.listen(memory(), lines());
    const wait = waitForActivity(poller, 60_000);
    await vi.advanceTimersByTimeAsync(0);
    expect(await wait).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("resolves when something comes, for everyone who waits", async () => {
    const wire = memory();
    const server = new Poller();
    server.listen(wire, lines());
    server.poll();
    const waits = [waitForActivity(server), waitForActivity(server, 60_000)];
    new Poller().connect(wire, lines());
    expect(await Promise.all(waits)).toEqual([true, true]);
  });

  test("says false when the time was up, and leaves nothing behind", async () => {
    fakeTime();
    const poller = new Poller();
    const wait = waitForActivity(poller, 100);
    await vi.advanceTimersByTimeAsync(100);
    expect(await wait).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("wakes in time for the poller's own deadlines", async () => {
    fakeTime();
    const poller = new Poller({ timeoutMs: 2_500, clock: () => performance.now() });
    const silent: Link = {
      localAddress: undefined,
      remoteAddress: undefined,
      allowHalfOpen: false,
      attach() {},
      write: () => true,
      pause() {},
      resume() {},
      end() {},
      endSending() {},
      abort() {},
    };
    poller.poll();
    const connection = poller.connect({ connect: () => silent }, lines());
    for (const passMs of [1, 1_000, 1_000, 500]) {
      expect(connection.state).toBe("connecting");
      const wait = waitForActivity(poller);
      await vi.advanceTimersByTimeAsync(passMs);
      expect(await wait).toBe(true);
      poller.poll();
    }
    expect(connection.closeReason?.kind).toBe("timeout");
  });

  test("can be taken back by a signal, and leaves nothing behind", async () => {
    fakeTime();
    const poller = new Poller();
    const controller = new AbortController();
    const wait = waitForActivity(poller, 60_000, controller.signal);
    controller.abort();
    expect(await wait).toBe(false);
    expect(await waitForActivity(poller, 60_000, controller.signal)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("refuses a time below 0", () => {
    expect(() => waitForActivity(new Poller(), -1)).toThrow("timeoutMs: expected milliseconds from 0 up");
  });
});
