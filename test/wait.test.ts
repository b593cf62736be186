/**
 * When `waitForActivity` answers, and `hasActivity` with it: at once while something of
 * this frame waits to be taken, and in time for deadlines that begin during the wait.
 */
import { getEventListeners } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Connection,
  type Link,
  lines,
  memory,
  Poller,
  runLoop,
  type Transport,
  waitForActivity,
} from "../src/index.ts";
import { lineRig } from "./rig.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** Whether a wait ends at once, without its time. */
async function endsAtOnce(poller: Poller): Promise<boolean> {
  const controller = new AbortController();
  const wait = waitForActivity(poller, Infinity, controller.signal);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  return wait;
}

/** Both, as they must agree. */
async function activityOf(poller: Poller): Promise<boolean> {
  const { hasActivity } = poller;
  expect(await endsAtOnce(poller)).toBe(hasActivity);
  return hasActivity;
}

describe("activity", () => {
  test("is there while messages of this frame are not taken, and no longer", async () => {
    const rig = lineRig();
    const { near, far } = rig.pair();
    rig.pollServer();
    expect(await activityOf(rig.server)).toBe(false);
    for (const text of ["one", "two", "three"]) near.trySend(text);
    rig.pollBoth();
    rig.pollServer();
    rig.listener.drain(() => {}, { messages: 1 });
    expect(await activityOf(rig.server)).toBe(true);
    rig.pollServer();
    expect(await activityOf(rig.server)).toBe(true);
    expect([...far]).toEqual(["two", "three"]);
    expect(await activityOf(rig.server)).toBe(false);
  });

  test("is there while connections wait in the accept queue", async () => {
    const rig = lineRig();
    rig.connect();
    rig.connect();
    rig.pollBoth();
    expect(await activityOf(rig.server)).toBe(true);
    rig.listener.tryAccept();
    expect(await activityOf(rig.server)).toBe(true);
    rig.listener.tryAccept();
    rig.pollServer();
    expect(await activityOf(rig.server)).toBe(false);
    rig.connect();
    rig.pollBoth();
    rig.listener.close(); // which resets those that wait
    for (let frame = 0; frame < 3; frame++) rig.pollBoth();
    expect(await activityOf(rig.server)).toBe(false);
  });

  test("is there while datagrams of this frame are not taken", async () => {
    const net = new Poller();
    const wire = memory();
    const socket = net.bind(wire, lines());
    net.poll(0);
    for (const text of ["one", "two"]) socket.trySendTo(text, socket.address ?? { host: "", port: 1 });
    net.flush();
    for (let frame = 1; frame < 4; frame++) net.poll(frame);
    expect(socket.tryRecv()).toBe("one");
    expect(await activityOf(net)).toBe(true);
    expect(socket.tryRecv()).toBe("two");
    expect(await activityOf(net)).toBe(false);
  });

  test("is there while a frame budget lets messages wait", async () => {
    const rig = lineRig({ server: { frameBudget: { messages: 1 } } });
    const { near, far } = rig.pair();
    for (const text of ["one", "two"]) near.trySend(text);
    rig.client.flush();
    const seen: string[] = [];
    for (let frame = 0; frame < 2; frame++) {
      rig.pollServer();
      seen.push(...far);
      expect(await activityOf(rig.server)).toBe(frame === 0);
    }
    expect(seen).toEqual(["one", "two"]);
  });

  test("is not made of messages that are held back, or wait for their rate", async () => {
    const rig = lineRig({ listen: { messageRateHz: 1 } });
    const { near, far } = rig.pair();
    for (const text of ["one", "two"]) near.trySend(text);
    rig.pollBoth();
    rig.pollServer();
    far.hold();
    expect(await activityOf(rig.server)).toBe(false);
    far.release();
    rig.pollServer();
    expect([...far]).toEqual(["one"]);
    expect(await activityOf(rig.server)).toBe(false);
    rig.pollServer(1_000);
    expect([...far]).toEqual(["two"]);
  });
});

describe("a wait", () => {
  /** A poller whose time is that of the fake timers, and the loop of a program on it. */
  function waitingProgram(transport: Transport) {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
    const poller = new Poller({ clock: () => performance.now() });
    const controller = new AbortController();
    const told = { polls: 0 };
    const loop = async (): Promise<void> => {
      while (!controller.signal.aborted) {
        await waitForActivity(poller, Infinity, controller.signal);
        poller.poll();
        told.polls++;
      }
    };
    const done = loop();
    const connect = (timeoutMs: number): Connection<string> =>
      poller.connect(transport, lines(), { timeoutMs });
    const end = async (): Promise<void> => {
      controller.abort();
      await vi.advanceTimersByTimeAsync(1);
      await done;
      expect(vi.getTimerCount()).toBe(0);
    };
    return { poller, told, connect, end };
  }

  const mute: Link = {
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

  test("ends in time for a deadline that begins during it, by a call from elsewhere", async () => {
    const { told, connect, end } = waitingProgram({ connect: () => mute });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told.polls).toBe(0);
    const slow = connect(60_000);
    await vi.advanceTimersByTimeAsync(100);
    const quick = connect(300); // sooner than what is waited for by now
    await vi.advanceTimersByTimeAsync(1_000);
    expect([quick.closeReason?.code, slow.state]).toEqual(["timeoutMs", "connecting"]);
    expect(told.polls).toBeLessThan(10);
    await end();
  });

  test("ends when a transport with work of its own begins during it", async () => {
    const pumpedMs: number[] = [];
    const { connect, end } = waitingProgram({
      connect: () => mute,
      pump: (nowMs) => {
        pumpedMs.push(nowMs);
        return 50;
      },
    });
    await vi.advanceTimersByTimeAsync(5_000);
    connect(Infinity);
    await vi.advanceTimersByTimeAsync(200);
    expect(pumpedMs.length).toBeGreaterThan(3);
    await end();
  });

  test("may be longer than any timer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
    const days = 86_400_000;
    let ended: boolean | undefined;
    const wait = waitForActivity(new Poller(), 40 * days).then((isTimeToPoll) => {
      ended = isTimeToPoll;
    });
    for (let day = 0; day < 39; day++) await vi.advanceTimersByTimeAsync(days);
    expect(ended).toBeUndefined();
    await vi.advanceTimersByTimeAsync(days);
    await wait;
    expect(ended).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is refused for an argument that is none, at the call", () => {
    const wait = waitForActivity as (...args: readonly unknown[]) => unknown;
    expect(() => wait(3)).toThrow(new TypeError("poller: expected a Poller, got number"));
    expect(() => wait()).toThrow(TypeError);
    expect(() => wait(null)).toThrow("poller: expected a Poller, got null");
    const poller = new Poller();
    expect(() => wait(poller, "3")).toThrow(new TypeError("timeoutMs: expected a number, got string"));
    expect(() => wait(poller, -1)).toThrow(RangeError);
    expect(() => wait(poller, Number.NaN)).toThrow(RangeError);
    expect(() => wait(poller, 1, {})).toThrow("signal: expected an AbortSignal, got an object");
    expect(() => wait(poller, 1, null)).toThrow(TypeError);
  });
});

test("one signal may end any number of waits and loops, and no leak is warned of", async () => {
  const warn = vi.spyOn(process, "emitWarning");
  const controller = new AbortController();
  const { signal } = controller;
  const waits = Array.from({ length: 12 }, () => waitForActivity(new Poller(), Infinity, signal));
  const loops = Array.from({ length: 12 }, () =>
    runLoop({ poller: new Poller(), tick: () => {}, rateHz: 1, signal }),
  );
  expect([getEventListeners(signal, "abort").length, warn.mock.calls]).toEqual([1, []]);
  controller.abort();
  expect(await Promise.all(waits)).toEqual(new Array(12).fill(false));
  expect((await Promise.all(loops)).map(({ ticks }) => ticks)).toEqual(new Array(12).fill(1));
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
