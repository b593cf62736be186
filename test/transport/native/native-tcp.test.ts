/**
 * What native sockets do that Node's cannot, and what only they could do wrong: a loop
 * that never yields, who is woken, descriptors and their owners, memory.
 */
import { spawnSync } from "node:child_process";
import dns from "node:dns";
import { readdirSync } from "node:fs";
import net from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  bytes,
  type Connection,
  conditioned,
  type Listener,
  lines,
  Poller,
  Recording,
  recorded,
  runLoopSync,
  session,
  type Transport,
  waitForActivity,
} from "../../../src/index.ts";
import { nativeTcp, nativeUdp } from "../../../src/native.ts";
import type { Descriptor } from "../../../src/transport/native/descriptor.ts";
import { EPOLLIN } from "../../../src/transport/native/layout.ts";
import { type Shared, shared } from "../../../src/transport/native/support.ts";
import { needs } from "../../machine.ts";
import { until as gone, PairMaker, turn } from "../link-pair.ts";

const HOST = "127.0.0.1";
const NONBLOCK = 0o2004000;
const PATIENCE_MS = 60_000;

/** Polls, and never yields, until `isThere`. */
function spin(isThere: () => boolean, ...pollers: Poller[]): void {
  for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; ) {
    for (const poller of pollers) poller.poll();
    if (isThere()) return;
    for (const poller of pollers) poller.flush();
  }
  throw new Error("it did not come");
}

/** The descriptors of this process. */
const descriptors = (): number => readdirSync("/proc/self/fd").length;

const pollers: Poller[] = [];

function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}

afterEach(async () => {
  vi.restoreAllMocks();
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

function listening(
  poller: Poller,
  transport: Transport = nativeTcp({ host: HOST, port: 0 }),
): Listener<string> {
  const listener = poller.listen(transport, lines());
  spin(() => listener.state === "listening", poller);
  return listener;
}

/** A connection within this process, both ends open. */
function pair(
  poller: Poller,
  listener = listening(poller),
): { near: Connection<string>; far: Connection<string> } {
  const near = poller.connect(nativeTcp({ host: HOST, port: portOf(listener) }), lines());
  let far: Connection<string> | undefined;
  spin(() => (far ??= listener.tryAccept()) !== undefined && near.state === "open", poller);
  return { near, far: far as Connection<string> };
}

const portOf = ({ address }: Pick<Listener<string>, "address">): number => address?.port ?? 0;

describe("a loop that never yields", needs("native sockets"), () => {
  test("listens, connects, hears, answers and closes", () => {
    const poller = newPoller();
    const { near, far } = pair(poller);
    for (let round = 0; round < 100; round++) {
      near.trySend(`question ${round}`);
      spin(() => far.tryRecv() === `question ${round}`, poller);
      far.trySend(`answer ${round}`);
      spin(() => near.tryRecv() === `answer ${round}`, poller);
    }
    near.close();
    spin(() => near.state === "closed" && far.state === "closed", poller);
    expect([near.closeReason?.kind, far.closeReason?.kind]).toEqual(["local", "remote"]);
  });

  test.each([
    ["as it is", (transport: Transport) => transport],
    ["through a conditioner", (transport: Transport) => conditioned(transport)],
    ["recorded", (transport: Transport) => recorded(transport, new Recording())],
    ["under a session", (transport: Transport) => session(transport)],
  ])("carries more than the buffers hold, %s", (_, wrap) => {
    const poller = newPoller();
    const listener = listening(poller, wrap(nativeTcp({ host: HOST, port: 0 })));
    const near = poller.connect(wrap(nativeTcp({ host: HOST, port: portOf(listener) })), lines());
    let far: Connection<string> | undefined;
    spin(() => (far ??= listener.tryAccept()) !== undefined, poller);
    const text = "x".repeat(60_000);
    let [sent, got] = [0, 0];
    spin(() => {
      while (sent < 400 && near.trySend(text)) sent++;
      for (const line of far ?? []) got += line.length;
      return got === 400 * text.length;
    }, poller);
  });

  test("takes a mebibyte of one connection in a frame, also one in which others connect", () => {
    const poller = newPoller();
    const { epoll } = shared() as Shared;
    const options = { receiveLimitBytes: 2 ** 26 };
    const listener = poller.listen(nativeTcp({ host: HOST, port: 0 }), bytes(), options);
    spin(() => listener.state === "listening", poller);
    const to = nativeTcp({ host: HOST, port: listener.address?.port ?? 0 });
    let accepted = 0;
    const accept = () => {
      while (listener.tryAccept() !== undefined) accepted++;
      return accepted;
    };
    for (let count = 0; count < 3; count++) poller.connect(to, bytes(), options);
    spin(() => accept() === 3, poller);
    const reads = new Map<number, number>();
    vi.spyOn(epoll.libc, "recv").mockImplementation((fd: number, _address: number, size: number) => {
      reads.set(fd, (reads.get(fd) ?? 0) + size); // as much as there is place for
      return size;
    });
    listener.broadcast(Uint8Array.of(1));
    poller.flush();
    for (let count = 0; count < 3; count++) poller.connect(to, bytes(), options);
    poller.poll();
    expect(accept()).toBeGreaterThan(3);
    expect(Math.max(...reads.values())).toBe(2 ** 20);
  });

  test("connects to localhost without asking a resolver, and listens there", () => {
    const lookup = vi.spyOn(dns, "lookup");
    const poller = newPoller();
    const listener = listening(poller, nativeTcp({ port: 0 }));
    const near = poller.connect(nativeTcp({ port: portOf(listener) }), lines());
    spin(() => near.state === "open", poller);
    expect(lookup).not.toHaveBeenCalled();
  });

  test("tells an abort while it connects, and a refusal", () => {
    const poller = newPoller();
    const gone = listening(poller);
    const port = portOf(gone);
    const aborted = poller.connect(nativeTcp({ host: HOST, port }), lines());
    aborted.abort();
    gone.close();
    spin(() => aborted.state === "closed" && gone.state === "closed", poller);
    const refused = poller.connect(nativeTcp({ host: HOST, port }), lines());
    spin(() => refused.state === "closed", poller);
    expect(refused.closeReason).toMatchObject({ kind: "refused", code: "ECONNREFUSED" });
    expect(refused.closeReason?.message).toContain(`connect ECONNREFUSED ${HOST}:${port}`);
  });

  test("hears datagrams", () => {
    const poller = newPoller();
    const [near, far] = [0, 0].map(() => poller.bind(nativeUdp({ host: HOST }), lines()));
    spin(() => near?.state === "open" && far?.state === "open", poller);
    for (let count = 0; count < 200; count++) near?.trySendTo(`${count}`, far?.address as never);
    const got: string[] = [];
    spin(() => {
      for (let text = far?.tryRecv(); text !== undefined; text = far?.tryRecv()) got.push(text);
      return got.length === 200;
    }, poller);
    expect(got).toEqual(Array.from({ length: 200 }, (_, count) => `${count}`));
  });
});

describe("who waits for activity", needs("native sockets"), () => {
  test("is woken by the network, and not by a timer", async () => {
    const poller = newPoller();
    const client = newPoller();
    const listener = listening(poller);
    const peer = net.connect(portOf(listener), HOST);
    let far: Connection<string> | undefined;
    let rounds = 0;
    while (far === undefined) {
      await waitForActivity(poller);
      poller.poll();
      far = listener.tryAccept();
      rounds++;
    }
    for (let count = 0; count < 20; count++) {
      // Long after the wait has begun, so that a timer of a millisecond would have woken it often.
      setTimeout(() => peer.write(`line ${count}\n`), 20);
      let line: string | undefined;
      for (; line === undefined; rounds++) {
        await waitForActivity(poller);
        poller.poll();
        line = far.tryRecv();
      }
      expect(line).toBe(`line ${count}`);
    }
    peer.destroy();
    expect(client.dueInMs()).toBe(Infinity);
    expect(rounds).toBeLessThan(60); // one for each line, and a few more where a piece comes by itself
  });

  test("is woken by each of two pollers' own, while the other goes on polling", async () => {
    const [one, two] = [newPoller(), newPoller()];
    const [first, second] = [pair(one), pair(two)];
    const busy = setInterval(() => two.poll(), 1);
    const woken = waitForActivity(one);
    setTimeout(() => {
      first.near.trySend("hello");
      second.near.trySend("other");
      two.poll();
      one.flush();
    }, 30);
    expect(await woken).toBe(true);
    clearInterval(busy);
    spin(() => first.far.tryRecv() === "hello", one);
  });

  test("is woken to hear of an end that this side made", async () => {
    const poller = newPoller();
    const { near, far } = pair(poller);
    const woken = (async () => {
      while (near.state !== "closed" || far.state !== "closed") {
        await waitForActivity(poller);
        poller.poll();
      }
    })();
    setTimeout(() => near.abort(), 20);
    await woken;
    expect(far.closeReason?.kind).toBe("reset");
  });

  test("asks again in a millisecond where the loop watches no descriptor", () => {
    const { epoll } = shared() as Shared;
    vi.spyOn(epoll.libc, "watch").mockReturnValue(undefined);
    const poller = newPoller();
    listening(poller);
    expect(poller.dueInMs()).toBe(1);
  });

  test("need not ask again in a loop that never yields, which sleeps in the system's epoll", () => {
    const { epoll } = shared() as Shared;
    vi.spyOn(epoll.libc, "watch").mockReturnValue(undefined);
    const poller = newPoller();
    listening(poller);
    const controller = new AbortController();
    const dts: number[] = [];
    const tick = (dtMs: number) => void (dts.push(dtMs) === 3 && controller.abort());
    runLoopSync({ rateHz: 20, poller, wakeOnActivity: true, signal: controller.signal, tick });
    expect(dts).toEqual([0, 50, 50]);
  });
});

describe("descriptors", needs("native sockets"), () => {
  test("are all gone when the last transport is over, epoll's own too", async () => {
    const before = descriptors();
    const poller = new Poller();
    const listener = listening(poller);
    const pairs = Array.from({ length: 20 }, () => pair(poller, listener));
    const socket = poller.bind(nativeUdp({ host: HOST }), lines());
    await waitForActivity(poller);
    spin(() => socket.state === "open", poller);
    expect(descriptors()).toBe(before + 2 + 1 + 2 * pairs.length + 1); // epoll and its spare, the listener
    for (const { near, far } of pairs.slice(0, 5)) {
      near.close();
      far.abort();
    }
    await poller[Symbol.asyncDispose]();
    expect(descriptors()).toBe(before);
  });

  test("are gone at once with a dispose that waits for nothing", () => {
    const before = descriptors();
    const poller = new Poller();
    const listener = listening(poller);
    pair(poller, listener);
    poller.connect(nativeTcp({ host: HOST, port: portOf(listener) }), lines());
    poller.bind(nativeUdp({ host: HOST }), lines());
    poller[Symbol.dispose]();
    expect(descriptors()).toBe(before);
  });

  test("are closed once, and by their owner alone", () => {
    const poller = newPoller();
    const { epoll } = shared() as Shared;
    const close = vi.spyOn(epoll.libc, "close");
    const { near, far } = pair(poller);
    near.abort();
    near.abort();
    far.abort();
    spin(() => near.state === "closed" && far.state === "closed", poller);
    const closed = close.mock.calls.map(([fd]) => fd);
    expect(new Set(closed).size).toBe(closed.length);
  });

  test("with a number that another had take no event of that one", () => {
    const { epoll } = shared() as Shared;
    const readable = () => epoll.libc.eventfd(1, NONBLOCK);
    const told: string[] = [];
    const later: Descriptor[] = [];
    // All are ready in one pump. The first to be told closes the others, whose numbers are given anew.
    const first = Array.from({ length: 8 }, () => {
      const descriptor: Descriptor = epoll.add(readable(), {
        ready() {
          told.push("an old one");
          for (const other of first) other.close();
          for (let count = 1; count < first.length; count++) {
            later.push(epoll.add(readable(), { ready: () => told.push("a new one") }));
          }
        },
      });
      descriptor.watch(EPOLLIN);
      return descriptor;
    });
    const numbers = new Set(first.map(({ fd }) => fd));
    epoll.pump();
    expect(told).toEqual(["an old one"]);
    expect(later.every(({ fd }) => numbers.has(fd))).toBe(true);
    for (const descriptor of later) descriptor.close();
    expect(epoll.count).toBe(0);
  });
});

describe("a link that is paused when its peer resets", needs("native sockets"), () => {
  const broken = async () => {
    const maker = new PairMaker(nativeTcp({ host: HOST, port: 0 }));
    const { port } = await maker.listening();
    const { near, far } = await maker.pair(nativeTcp({ host: HOST, port }));
    maker.acceptor.close();
    far.link.pause();
    near.write(new Uint8Array(1_000));
    near.link.end();
    near.link.abort(); // quietly, as the system has all
    await gone(() => near.has("closed"));
    far.write(new Uint8Array(1)); // which the system of the peer answers by a reset
    for (let turns = 0; turns < 20; turns++) await turn();
    return far;
  };

  test("gives what had come before, when it is resumed, and then closes", async () => {
    const far = await broken();
    expect([far.receivedBytes, far.has("closed")]).toEqual([0, false]);
    far.link.resume();
    await gone(() => far.has("closed"));
    expect([far.receivedBytes, far.closeReason?.kind]).toEqual([1_000, "reset"]);
    far.check();
  });

  test.each(["probe", "end", "endSending"] as const)("closes with the next pump at %s()", async (call) => {
    const far = await broken();
    far.link[call]?.();
    await gone(() => far.has("closed"));
    expect([far.receivedBytes, far.closeReason?.kind]).toEqual([0, "reset"]);
  });
});

/** The memory that collections could take away, and their effect on the system's errors. */
test("a collection before and behind each call changes nothing", needs("native sockets"), () => {
  const program = fileURLToPath(new URL("collected.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", "--import", "tsx", program],
    {
      encoding: "utf8",
    },
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^tcp 60 echoes, udp 60 echoes, [0-9]{3,} calls\n$/);
});
