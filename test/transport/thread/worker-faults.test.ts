/**
 * What becomes of connections whose network thread dies or hangs: under a loop that
 * yields, and under one that does not and is told nothing by Node.
 */
import { BroadcastChannel } from "node:worker_threads";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { type Connection, lines, Poller, tcp, threaded, udp } from "../../../src/index.ts";

const workerFile = new URL("./faulty-worker.ts", import.meta.url);
const faults = new BroadcastChannel("tickwire-faults");
const host = "127.0.0.1";
let net = new Poller();

afterEach(async () => {
  await net[Symbol.asyncDispose]();
  net = new Poller();
});
afterAll(() => faults.close());

/** Polls without ever yielding. */
function block(until: () => boolean): void {
  const giveUpMs = performance.now() + 60_000;
  while (!until()) {
    if (performance.now() > giveUpMs) throw new Error("it did not come");
    net.poll();
    net.flush();
  }
}

/** Polls with a turn of the event loop between. */
async function turn(until: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 60_000;
  while (!until()) {
    if (performance.now() > giveUpMs) throw new Error("it did not come");
    net.poll();
    net.flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A listener, both ends of a connection, and a datagram socket, all in the network thread. */
function everything() {
  const listener = net.listen(threaded(tcp({ host, port: 0 }), { workerFile }), lines());
  const socket = net.bind(threaded(udp({ host }), { workerFile }), lines());
  block(() => listener.state === "listening" && socket.state === "open");
  const near = net.connect(
    threaded(tcp({ host, port: listener.address?.port ?? 0 }), { workerFile }),
    lines(),
  );
  let far: Connection<string> | undefined;
  block(() => (far ??= listener.tryAccept()) !== undefined && near.state === "open");
  return { listener, socket, near, far: far as Connection<string> };
}

function reasons({ listener, socket, near, far }: ReturnType<typeof everything>) {
  return [listener, socket, near, far].map(({ state, closeReason }) => [state, closeReason?.code]);
}

const areOver = ({ listener, socket, near, far }: ReturnType<typeof everything>) =>
  [listener, socket, near, far].every(({ state }) => state === "closed");

const STALLED = Array.from({ length: 4 }, () => ["closed", "worker-stalled"]);
const EXITED = Array.from({ length: 4 }, () => ["closed", "worker-exited"]);

describe("a network thread that hangs", () => {
  test("closes everything with a reason, though the loop never yields, and another one takes its place", () => {
    const those = everything();
    const startMs = performance.now();
    faults.postMessage("hang");
    block(() => areOver(those));
    expect(reasons(those)).toEqual(STALLED);
    expect(those.near.closeReason?.kind).toBe("failed");
    expect(performance.now() - startMs).toBeGreaterThan(4_000); // a pause of seconds kills nobody
    const next = everything();
    next.near.trySend("hello");
    block(() => next.far.tryRecv() === "hello");
  });

  test("closes everything with a reason under a loop that yields", async () => {
    const those = everything();
    faults.postMessage("hang");
    await turn(() => areOver(those));
    expect(reasons(those)).toEqual(STALLED);
  });

  test("is given time by the polls alone: a game that does not poll for long loses nothing", async () => {
    const those = everything();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000); // as a debugger would
    those.near.trySend("still here");
    block(() => those.far.tryRecv() === "still here");
    expect(reasons(those).map(([state]) => state)).toEqual(["listening", "open", "open", "open"]);
  });
});

describe("a file that is no network thread", () => {
  test("is told as such to a loop that never yields, and that one that yields is told why", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const other = new URL("./no-worker.ts", import.meta.url);
    const listener = net.listen(threaded(tcp({ host, port: 0 }), { workerFile: other }), lines());
    for (let polls = 0; polls < 200 && listener.state !== "closed"; polls++) {
      vi.advanceTimersByTime(250);
      net.poll();
    }
    vi.useRealTimers();
    expect(listener.closeReason).toMatchObject({
      code: "worker-stalled",
      message: expect.stringContaining("its file cannot be loaded, or is not tickwire/network-worker"),
    });
  });

  test("and uses threaded() itself starts no threads without an end, and is named", async () => {
    const own = new URL("./own-worker.ts", import.meta.url);
    const listener = net.listen(threaded(tcp({ host, port: 0 }), { workerFile: own }), lines());
    await turn(() => listener.state === "closed");
    expect(listener.closeReason).toMatchObject({
      code: "worker-exited",
      message: expect.stringMatching(/own-worker\.ts uses threaded\(\) itself/),
    });
  });
});

describe("a network thread that dies", () => {
  test.each(["throw", "exit"])("by %s, closes everything at once under a loop that yields", async (fault) => {
    const those = everything();
    faults.postMessage(fault);
    await turn(() => areOver(those));
    expect(reasons(those)).toEqual(EXITED);
  });

  test("by an error, says it to a loop that never yields", () => {
    const those = everything();
    faults.postMessage("throw");
    block(() => areOver(those));
    expect(reasons(those)).toEqual(EXITED);
    expect(those.near.closeReason?.message).toContain("a fault on demand");
  });

  test("by an exit, of which nothing is told to a loop that never yields, closes everything as one that hangs", () => {
    const those = everything();
    faults.postMessage("exit");
    block(() => areOver(those));
    expect(reasons(those)).toEqual(STALLED);
  });
});
