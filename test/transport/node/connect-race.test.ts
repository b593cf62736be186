/**
 * Which address of a name is connected to, and when the next one is tried. Addresses
 * that do not answer are sockets that the test connects later, or never.
 */
import dns from "node:dns";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import net, { type AddressInfo, type Server, type Socket, type TcpNetConnectOpts } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type CloseReason,
  type Connection,
  lines,
  Poller,
  type Transport,
  tcp,
  tls,
} from "../../../src/index.ts";
import { ConnectRace, type ConnectTarget } from "../../../src/transport/node/connect-race.ts";
import { NODE_SOCKETS } from "../../../src/transport/node/node-dialler.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { needs } from "../../machine.ts";
import { heldSockets, until } from "../link-pair.ts";
import { certificates, NO_CERTIFICATES } from "./certificates.ts";

/** The sockets that were asked for, with their options; those to a silent host wait for the test. */
const asked: { readonly options: TcpNetConnectOpts; readonly socket: Socket }[] = [];
const silent = new Set<string>();
/** Hosts to which a socket is connected from the very port that it connects to. */
const mirrors = new Set<string>();
/** Hosts to which the call itself throws. */
const refused = new Set<string>();

vi.mock("node:net", async (original) => {
  const real = await original<typeof net & { readonly default: typeof net }>();
  const connect = (options: TcpNetConnectOpts): Socket => {
    const host = options.host ?? "";
    if (refused.has(host)) throw Object.assign(new Error("no such call"), { code: "EBROKEN" });
    const mirrored = mirrors.has(host) ? { localAddress: host, localPort: options.port } : {};
    const socket = silent.has(host) ? new real.Socket() : real.connect({ ...options, ...mirrored });
    asked.push({ options, socket });
    return socket;
  };
  return { ...real, connect, default: { ...real.default, connect } };
});

const NAME = "name.example";

let server: Server;
let port: number;
let before: ReturnType<typeof heldSockets>;

beforeAll(async () => {
  server = net.createServer((socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});

afterAll(() => server.close());

beforeEach(() => {
  before = heldSockets();
});

afterEach(async () => {
  for (const { socket } of asked.splice(0)) socket.destroy();
  vi.restoreAllMocks();
  silent.clear();
  mirrors.clear();
  refused.clear();
  await until(() => JSON.stringify(heldSockets()) === JSON.stringify(before)).catch(() => {});
  expect(heldSockets()).toEqual(before);
});

type LookedUp = (error: Error | null, found?: readonly object[]) => void;

const realLookup = dns.lookup;

/** What the resolver says of NAME. */
function resolve(ask: (done: LookedUp) => void): void {
  vi.spyOn(dns, "lookup").mockImplementation(((host: string, options: object, done: LookedUp) => {
    if (host === NAME) ask(done);
    else realLookup(host, options, done as never);
  }) as never);
}

/** NAME has these addresses, in the order of the resolver. */
function named(...addresses: readonly string[]): void {
  const found = addresses.map((address) => ({ address, family: net.isIP(address) }));
  resolve((done) => process.nextTick(done, null, found));
}

/** The options of all look-ups of NAME. */
function lookups(): unknown[] {
  return vi
    .mocked(dns.lookup)
    .mock.calls.flatMap(([host, options]) => ((host as string) === NAME ? [options] : []));
}

function race(options: Partial<ConnectTarget> = {}) {
  const target = { host: NAME, port, attemptTimeoutMs: 1_000, socketOptions: {}, ...options };
  const attempts = new ConnectRace(target, NODE_SOCKETS);
  const seen: { socket?: Socket; reason?: CloseReason } = {};
  attempts.start({
    connected: (socket) => {
      seen.socket = socket;
    },
    failed: (reason) => {
      seen.reason = reason;
    },
  });
  return { attempts, seen, hosts: () => asked.map(({ options: { host } }) => host) };
}

/** A silent address answers at last. */
function answer(index: number): void {
  asked[index]?.socket.connect(port, "127.0.0.1");
}

describe("the addresses of a name", () => {
  test("are tried one beside the other, each after its time, the families in turns", async () => {
    for (const host of ["::a", "::b", "::c", "192.0.2.1"]) silent.add(host);
    named("::a", "::b", "::c", "192.0.2.1");
    const { attempts, hosts } = race();
    expect(attempts.pump(0)).toBe(1_000); // the look-up is under way
    await until(() => hosts().length === 1);
    expect(attempts.pump(500)).toBe(500);
    expect(attempts.pump(999)).toBe(1);
    expect(hosts()).toEqual(["::a"]);
    expect(attempts.pump(1_000)).toBe(1_000);
    expect(attempts.pump(1_500)).toBe(500);
    attempts.pump(2_000);
    expect(attempts.pump(3_000)).toBe(undefined);
    expect(hosts()).toEqual(["::a", "192.0.2.1", "::b", "::c"]);
    expect(asked.map(({ socket }) => socket.destroyed)).toEqual([false, false, false, false]);
    attempts.stop();
    expect(asked.map(({ socket }) => socket.destroyed)).toEqual([true, true, true, true]);
  });

  test("lose to the first that answers, which may be an early one; those without an answer are told", async () => {
    for (const host of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) silent.add(host);
    named("192.0.2.1", "192.0.2.2", "192.0.2.3");
    const { attempts, seen } = race();
    await until(() => asked.length === 1);
    for (const nowMs of [0, 1_000, 2_000]) attempts.pump(nowMs);
    answer(0);
    await until(() => seen.socket !== undefined);
    expect(seen.socket).toBe(asked[0]?.socket);
    expect(asked.map(({ socket }) => socket.destroyed)).toEqual([false, true, true]);
    // The third had not had its time.
    expect(attempts.failedAttempts.map(({ address, reason }) => [address.host, reason.kind])).toEqual([
      ["192.0.2.2", "timeout"],
    ]);
    expect(attempts.pump(3_000)).toBe(undefined);
    expect(["error", "connect"].map((event) => seen.socket?.listenerCount(event))).toEqual([0, 0]);
  });

  test("are all waited for, though the last one has failed", async () => {
    silent.add("192.0.2.1");
    named("192.0.2.1", "127.0.0.1");
    const quiet = await freePort();
    const { attempts, seen } = race({ port: quiet });
    await until(() => asked.length === 1);
    attempts.pump(0);
    attempts.pump(1_000);
    await until(() => attempts.failedAttempts.length === 1);
    expect(seen).toEqual({});
    answer(0);
    await until(() => seen.socket !== undefined);
    expect(attempts.failedAttempts[0]).toMatchObject({
      address: { family: "IPv4", host: "127.0.0.1", port: quiet },
      reason: { kind: "refused", code: "ECONNREFUSED" },
    });
  });

  test("follow at once when one fails, without a pump", needs("127.0.0.2"), async () => {
    named("127.0.0.2", "127.0.0.1");
    const { attempts, seen } = race();
    await until(() => seen.socket !== undefined);
    expect(attempts.failedAttempts.map(({ address, reason }) => [address.host, reason.kind])).toEqual([
      ["127.0.0.2", "refused"],
    ]);
  });

  test("fail with the reason of the first, and all errors behind it", needs("127.0.0.2"), async () => {
    named("127.0.0.2", "127.0.0.1");
    const { attempts, seen } = race({ port: await freePort() });
    await until(() => seen.reason !== undefined);
    expect(seen.reason).toMatchObject({ kind: "refused", code: "ECONNREFUSED" });
    expect(seen.reason?.cause).toMatchObject({ errors: [expect.any(Error), expect.any(Error)] });
    expect(attempts.failedAttempts.map(({ address }) => address.host)).toEqual(["127.0.0.2", "127.0.0.1"]);
  });

  test("are asked for once, and not at all where the host is one", async () => {
    named("127.0.0.1");
    const byName = race();
    await until(() => byName.seen.socket !== undefined);
    const byAddress = race({ host: "127.0.0.1" });
    await until(() => byAddress.seen.socket !== undefined);
    expect(lookups()).toEqual([{ all: true, family: 0 }]);
  });

  test("are those of the family that one connects from", async () => {
    named("127.0.0.1");
    const { seen } = race({ localAddress: "127.0.0.1" });
    await until(() => seen.socket !== undefined);
    expect(lookups()).toEqual([{ all: true, family: 4 }]);
    expect([asked[0]?.options.localAddress, seen.socket?.localAddress]).toEqual(["127.0.0.1", "127.0.0.1"]);
  });
});

describe("an attempt", () => {
  test("whose call throws is one that failed: the next follows, and the last is the reason", async () => {
    refused.add("192.0.2.1");
    named("192.0.2.1", "127.0.0.1");
    const { attempts, seen } = race();
    await until(() => seen.socket !== undefined);
    expect(attempts.failedAttempts).toMatchObject([
      { address: { host: "192.0.2.1" }, reason: { kind: "failed", code: "EBROKEN" } },
    ]);
    const alone = race({ host: "192.0.2.1" });
    expect(alone.seen.reason).toMatchObject({ kind: "failed", cause: { code: "EBROKEN" } });
    alone.attempts.stop();
  });

  test("that tells of two errors is followed by one other, and not by two", async () => {
    for (const host of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) silent.add(host);
    named("192.0.2.1", "192.0.2.2", "192.0.2.3");
    const { attempts, hosts } = race();
    await until(() => asked.length === 1);
    for (let count = 0; count < 2; count++) asked[0]?.socket.emit("error", new Error("broken"));
    expect(hosts()).toEqual(["192.0.2.1", "192.0.2.2"]);
    attempts.stop();
  });

  test("is the last, whatever the clock and the others say, once one has connected or the race is stopped", async () => {
    for (const host of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) silent.add(host);
    named("192.0.2.1", "192.0.2.2", "192.0.2.3");
    const { attempts, seen } = race();
    await until(() => asked.length === 1);
    for (const nowMs of [0, 1_000]) attempts.pump(nowMs);
    answer(0);
    await until(() => seen.socket !== undefined);
    asked[1]?.socket.emit("error", new Error("late"));
    expect([attempts.pump(9_000), asked.length]).toEqual([undefined, 2]);
    expect([attempts.failedAttempts, seen.reason]).toEqual([[], undefined]);
    const stopped = race();
    await until(() => asked.length === 3);
    stopped.attempts.pump(0);
    stopped.attempts.stop();
    asked[2]?.socket.emit("error", new Error("late"));
    expect([stopped.attempts.pump(9_000), asked.length, stopped.seen]).toEqual([undefined, 3, {}]);
  });
});

describe("a look-up", () => {
  test("without an address is the reason", async () => {
    named();
    const { seen, attempts } = race();
    await until(() => seen.reason !== undefined);
    expect(seen.reason).toEqual({ kind: "unknown-host", message: "that name has no address" });
    expect([attempts.pump(0), asked]).toEqual([undefined, []]);
  });

  test("that fails, or throws, is the reason", async () => {
    const notFound = Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    resolve((done) => process.nextTick(done, notFound));
    const failed = race();
    await until(() => failed.seen.reason !== undefined);
    expect(failed.seen.reason).toMatchObject({ kind: "unknown-host", code: "ENOTFOUND" });
    resolve(() => {
      throw new Error("no look-ups today");
    });
    expect(race().seen.reason).toMatchObject({ kind: "failed", message: "no look-ups today" });
  });

  test("is the last of an attempt that is stopped meanwhile", async () => {
    named("127.0.0.1");
    const { attempts, seen } = race();
    attempts.stop();
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect([asked, seen, attempts.pump(0)]).toEqual([[], {}, undefined]);
  });
});

describe("a connection", () => {
  test("tries the next address in polled time", async () => {
    silent.add("192.0.2.1");
    named("192.0.2.1", "127.0.0.1");
    const poller = new Poller();
    const connection = await connect(poller, tcp({ host: NAME, port }), 250);
    expect([connection.state, connection.remoteAddress?.host]).toEqual(["open", "127.0.0.1"]);
    expect(failures(connection)).toEqual([["192.0.2.1", "timeout"]]);
    poller[Symbol.dispose]();
  });

  test("ends all its attempts at its deadline, and by abort()", async () => {
    for (const host of ["192.0.2.1", "192.0.2.2"]) silent.add(host);
    named("192.0.2.1", "192.0.2.2");
    const poller = new Poller();
    const late = await connect(poller, tcp({ host: NAME, port }), 250);
    expect(late.closeReason).toMatchObject({ kind: "timeout", code: "timeoutMs" });
    expect(asked.map(({ socket }) => socket.destroyed)).toEqual([true, true]);
    const aborted = poller.connect(tcp({ host: NAME, port }), lines());
    await until(() => asked.length === 3);
    aborted.abort();
    expect(asked.map(({ socket }) => socket.destroyed)).toEqual([true, true, true]);
    poller[Symbol.dispose]();
  });

  test("to itself is refused, and frees the port", async () => {
    const host = "127.0.0.1";
    const own = await freePort();
    mirrors.add(host);
    const poller = new Poller();
    const connection = await connect(poller, tcp({ host, port: own }), 1);
    expect(connection.closeReason).toMatchObject({
      kind: "refused",
      message: "nobody listens there: the system has connected the socket to itself",
    });
    const listener = poller.listen(tcp({ host, port: own }), lines());
    await until(() => poller.poll() && listener.state !== "starting");
    expect(listener.state).toBe("listening");
    listener.close();
    await poller[Symbol.asyncDispose]();
  });

  test("from the same port of another address is one to somebody else", needs("127.0.0.2"), async () => {
    const options = { host: "127.0.0.1", localAddress: "127.0.0.2", socketOptions: { localPort: port } };
    const { seen } = race(options);
    await until(() => seen.socket !== undefined || seen.reason !== undefined);
    expect([seen.reason, seen.socket?.localPort]).toEqual([undefined, port]);
    seen.socket?.resetAndDestroy(); // which leaves the port free for a next run
  });

  test("whose ends the system does not name is its close reason", async () => {
    const poller = new Poller();
    const named = net.Socket.prototype as unknown as { _getpeername(): object };
    vi.spyOn(named, "_getpeername").mockImplementation(() => {
      throw Object.assign(new Error("no names today"), { code: "ENOTCONN" });
    });
    const connection = await connect(poller, tcp({ host: "127.0.0.1", port }), 1);
    expect(connection.closeReason).toMatchObject({ kind: "reset", code: "ENOTCONN" });
    const { seen } = race({ host: "127.0.0.1" });
    await until(() => seen.socket !== undefined || seen.reason !== undefined);
    expect([seen.socket, seen.reason?.code]).toEqual([undefined, "ENOTCONN"]);
    poller[Symbol.dispose]();
  });

  test("with TLS over it shakes hands with the address that answers", needs("openssl"), async () => {
    const { ca, localhost } = certificates() ?? NO_CERTIFICATES;
    silent.add("192.0.2.1");
    named("192.0.2.1", "127.0.0.1");
    const poller = new Poller();
    const listener = poller.listen(tls({ host: "127.0.0.1", port: 0, ...localhost }), lines());
    await until(() => poller.poll() && listener.state === "listening");
    const transport = tls({ host: NAME, port: listener.address?.port ?? 0, ca, servername: "localhost" });
    const connection = await connect(poller, transport, 250);
    expect([connection.state, failures(connection)]).toEqual(["open", [["192.0.2.1", "timeout"]]]);
    await poller[Symbol.asyncDispose]();
  });
});

describe.each([
  ["ws", {}],
  ["wss", needs("openssl")],
] as const)("a WebSocket of %s:", (scheme, needed) => {
  /** A server, and a client's transport to NAME at its port. */
  const place = async (poller: Poller) => {
    const { ca = "", localhost } = scheme === "wss" ? (certificates() ?? NO_CERTIFICATES) : {};
    const http =
      localhost === undefined ? createServer() : createSecureServer({ ...localhost } as ServerOptions);
    await once(http.listen(0, "127.0.0.1"), "listening");
    const listener = poller.listen(websocketServer({ server: http }), lines());
    await until(() => poller.poll() && listener.state === "listening");
    const url = `${scheme}://${NAME}:${(http.address() as AddressInfo).port}`;
    const transport = websocket(url, {
      pingIntervalMs: 10_000,
      ...(scheme === "wss" && { ca, servername: "localhost" }),
    });
    const close = async () => {
      await poller[Symbol.asyncDispose]();
      await new Promise((resolve) => http.close(resolve));
    };
    return { transport, port: Number(new URL(url).port), close };
  };

  test(
    "is tried at the next address beside a slow one, which wins when it answers first",
    needed,
    async () => {
      for (const host of ["192.0.2.1", "192.0.2.2"]) silent.add(host);
      named("192.0.2.1", "192.0.2.2");
      const poller = new Poller();
      const { transport, port, close } = await place(poller);
      const connection = poller.connect(transport, lines(), { timeoutMs: 5_000 });
      await until(() => asked.length === 1);
      for (const nowMs of [0, 500, 999]) poller.poll(nowMs);
      expect(asked).toHaveLength(1);
      poller.poll(1_000);
      expect(asked.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
      asked[0]?.socket.connect(port, "127.0.0.1");
      await until(() => poller.poll(1_200) && connection.state === "open");
      expect([asked[0]?.socket.destroyed, asked[1]?.socket.destroyed]).toEqual([false, true]);
      expect(connection.remoteAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port });
      expect(poller.dueInMs()).toBeLessThanOrEqual(10_000); // the heartbeat has begun
      await close();
    },
  );

  test("takes the address that answers, and tells which did not", needed, async () => {
    silent.add("192.0.2.1");
    named("192.0.2.1", "127.0.0.1");
    const poller = new Poller();
    const { transport, close } = await place(poller);
    const connection = await connect(poller, transport, 250);
    expect([connection.state, connection.security !== undefined]).toEqual(["open", scheme === "wss"]);
    expect(failures(connection)).toEqual([["192.0.2.1", "timeout"]]);
    await close();
  });

  test("ends all its attempts at its deadline, and by abort()", needed, async () => {
    for (const host of ["192.0.2.1", "192.0.2.2"]) silent.add(host);
    named("192.0.2.1", "192.0.2.2");
    const poller = new Poller();
    const { transport, close } = await place(poller);
    const late = await connect(poller, transport, 250);
    expect(late.closeReason).toMatchObject({ kind: "timeout", code: "timeoutMs" });
    const aborted = poller.connect(transport, lines());
    await until(() => asked.length === 3);
    aborted.abort();
    expect(asked.map(({ socket }) => socket.destroyed)).toEqual([true, true, true]);
    await close();
  });

  test("that nobody answers has the reason of the first address", needed, async () => {
    named("127.0.0.1");
    const poller = new Poller();
    const { transport, close } = await place(poller);
    await close();
    const another = new Poller();
    const connection = await connect(another, transport, 1);
    expect(connection.closeReason).toMatchObject({ kind: "refused", code: "ECONNREFUSED" });
    expect(failures(connection)).toEqual([["127.0.0.1", "refused"]]);
    await another[Symbol.asyncDispose]();
  });

  test("has attemptTimeoutMs as its option", () => {
    named("127.0.0.1");
    for (const [options, waitMs] of [
      [{}, 1_000],
      [{ attemptTimeoutMs: 10 }, 10],
    ] as const) {
      expect(websocket(`${scheme}://${NAME}`, options).connect?.().pump?.(0)).toBe(waitMs);
    }
  });
});

/** A connection in frames of this length, once it is open or closed. */
async function connect(poller: Poller, transport: Transport, frameMs: number): Promise<Connection<string>> {
  const connection = poller.connect(transport, lines(), { timeoutMs: 5_000 });
  for (let frame = 0; frame < 1_000 && connection.state === "connecting"; frame++) {
    poller.poll(frame * frameMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return connection;
}

function failures({ failedAttempts }: Connection<string>): unknown[] {
  return failedAttempts.map(({ address, reason }) => [address.host, reason.kind]);
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const other = net.createServer();
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port: free } = other.address() as AddressInfo;
  other.close();
  await once(other, "close");
  return free;
}
