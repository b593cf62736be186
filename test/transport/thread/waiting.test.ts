/** Who waits for what comes from the network thread: what wakes it, and what does not. */
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Connection,
  conditioned,
  lines,
  memory,
  Poller,
  Recording,
  recorded,
  runLoopSync,
  session,
  type TcpOptions,
  type Transport,
  tcp,
  threaded,
  waitForActivity,
} from "../../../src/index.ts";
import { nativeTcp } from "../../../src/native.ts";
import { needs } from "../../machine.ts";
import { describeRows } from "../../rows.ts";
import { until } from "../poll-until.ts";

const host = "127.0.0.1";
let pollers: Poller[] = [];
function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}
afterEach(async () => {
  for (const poller of pollers) await poller[Symbol.asyncDispose]();
  pollers = [];
});

/** Waits, as a program does that has nothing else to do. Returns how often it was woken. */
async function waitUntil(poller: Poller, isThere: () => boolean): Promise<number> {
  for (let rounds = 0; ; rounds++) {
    poller.poll();
    if (isThere()) return rounds;
    poller.flush();
    expect(await waitForActivity(poller, 20_000)).toBe(true);
  }
}

/** Both ends of a connection over one transport. */
async function pair(poller: Poller, make: (options: TcpOptions) => Transport) {
  const listener = poller.listen(make({ host, port: 0 }), lines());
  await waitUntil(poller, () => listener.state === "listening");
  const near = poller.connect(make({ host, port: listener.address?.port ?? 0 }), lines());
  let far: Connection<string> | undefined;
  await waitUntil(poller, () => (far ??= listener.tryAccept()) !== undefined && near.state === "open");
  return { near, far: far as Connection<string> };
}

/** A connection to a socket of Node's. */
async function raw(poller: Poller, make: (options: TcpOptions) => Transport) {
  const server = net.createServer().listen(0, host);
  await once(server, "listening");
  const accepted = once(server, "connection");
  const near = poller.connect(make({ host, port: (server.address() as AddressInfo).port }), lines());
  await waitUntil(poller, () => near.state === "open");
  const [peer] = (await accepted) as [net.Socket];
  server.close();
  return { near, peer: peer.on("error", () => {}) };
}

const WAYS = [
  { name: "threaded(tcp())", make: (options: TcpOptions) => threaded(tcp(options)) },
  {
    name: "threaded(nativeTcp())",
    make: (options: TcpOptions) => threaded(nativeTcp(options)),
    needs: ["native sockets"] as const,
  },
  {
    name: "nativeTcp()",
    make: (options: TcpOptions) => nativeTcp(options),
    needs: ["native sockets"] as const,
  },
];

const WRAPPERS: [string, (transport: Transport) => Transport][] = [
  ["conditioned()", (transport) => conditioned(transport)],
  ["recorded()", (transport) => recorded(transport, new Recording())],
  ["session()", (transport) => session(transport, { pingIntervalMs: 30_000, deadPeerMs: 60_000 })],
];

test.each(WRAPPERS)("%s passes on how those who wait are told to look sooner", (_, wrap) => {
  const poller = newPoller();
  const pump = vi.fn(() => Infinity);
  const connection = poller.connect(wrap({ connect: () => memory().connect(), pump }), lines());
  poller.poll();
  poller.dueInMs();
  expect(pump).toHaveBeenLastCalledWith(expect.any(Number), poller, false, expect.any(Function));
  connection.abort();
});

describeRows(WAYS)("a game that waits for activity over $name", ({ make }) => {
  test("is woken by what comes, and by nothing else, from the poll on that shows a connection as open", async () => {
    const poller = newPoller();
    const { near, peer } = await raw(poller, make);
    expect(await waitForActivity(poller, 700)).toBe(false);
    setTimeout(() => peer.write("now\n"), 20);
    expect(await waitUntil(poller, () => near.tryRecv() === "now")).toBe(1);
  });

  test("is woken while another poller of its thread goes on polling", async () => {
    const [one, two] = [newPoller(), newPoller()];
    const [{ near, peer }] = [await raw(one, make), await pair(two, make)];
    const busy = setInterval(() => two.poll(), 1);
    setTimeout(() => peer.write("now\n"), 50);
    await waitUntil(one, () => near.tryRecv() === "now");
    clearInterval(busy);
  });

  test.each(WRAPPERS)("is woken through %s", async (_, wrap) => {
    const poller = newPoller();
    const { near, far } = await pair(poller, (options) => wrap(make(options)));
    setTimeout(() => {
      near.trySend("now");
      poller.flush();
    }, 20);
    await waitUntil(poller, () => far.tryRecv() === "now");
  });
});

test(
  "a game that waits is woken for the next address of a name, of which the network thread tells it later",
  needs("native sockets", "IPv6"),
  async () => {
    const poller = newPoller();
    const listener = poller.listen(threaded(tcp({ host, port: 0 })), lines());
    await until(poller, () => listener.state === "listening");
    const port = listener.address?.port ?? 0;
    // Nobody accepts here, as its poller does not poll: when the queue is full, the system does not answer.
    const silent = newPoller().listen(nativeTcp({ host: "::1", port, backlog: 1 }), lines());
    const fillers = Array.from({ length: 4 }, () => net.connect(port, "::1").on("error", () => {}));
    await until(poller, () => fillers.filter(({ connecting }) => !connecting).length >= 2);
    const options = { host: "localhost", port, attemptTimeoutMs: 300 };
    const near = poller.connect(threaded(nativeTcp(options)), lines(), { timeoutMs: 60_000 });
    await waitUntil(poller, () => near.state === "open");
    expect(near.failedAttempts.map(({ address }) => address.host)).toEqual(["::1"]);
    for (const filler of fillers) filler.destroy();
    silent.close();
  },
);

describe("a loop that never yields", () => {
  test("sleeps, though something has come for a poller that is not polled", async () => {
    const [one, two] = [newPoller(), newPoller()];
    const make = (options: TcpOptions) => threaded(tcp(options));
    await pair(one, make);
    const { near } = await pair(two, make);
    near.trySend("for two");
    two.flush();
    const asked = vi.spyOn(one, "dueInMs");
    const immediates = vi.spyOn(globalThis, "setImmediate");
    const controller = new AbortController();
    let ticks = 0;
    const tick = () => void (++ticks === 4 && controller.abort());
    runLoopSync({ rateHz: 20, poller: one, wakeOnActivity: true, signal: controller.signal, tick });
    expect(asked.mock.calls.length).toBeLessThan(40);
    expect(immediates.mock.calls.length).toBeLessThan(5);
    vi.restoreAllMocks();
  });
});
