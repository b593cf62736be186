/**
 * The options of UDP: each at its smallest and its largest, one beyond, of a wrong
 * kind, and what it does, as the system or another socket sees it.
 */
import { spawn } from "node:child_process";
import { Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  type Address,
  type DatagramSocket,
  lines,
  Poller,
  type Transport,
  type UdpOptions,
  udp,
} from "../../../src/index.ts";
import { nativeUdp } from "../../../src/native.ts";
import { needs } from "../../machine.ts";
import { describeRows, type Needing } from "../../rows.ts";
import { until } from "../poll-until.ts";

/** Every socket that was made, so that the system can be asked about it. */
const made = vi.hoisted((): Socket[] => []);

vi.mock("node:dgram", async (original) => {
  const real = await original<typeof import("node:dgram")>();
  const createSocket = (...given: Parameters<typeof real.createSocket>) => {
    const socket = real.createSocket(...given);
    made.push(socket);
    return socket;
  };
  return { ...real, createSocket };
});

const pollers: Poller[] = [];

afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}

type Bound = DatagramSocket<string> & { readonly address: Address };

/** Binds sockets of one kind. */
function boundBy(make: (options: UdpOptions) => Transport) {
  return (poller: Poller, options: UdpOptions): Promise<Bound> => boundTo(poller, make(options));
}

async function boundTo(poller: Poller, transport: Transport): Promise<Bound> {
  const socket = poller.bind(transport, lines());
  await until(poller, () => socket.state !== "starting");
  expect(socket.closeReason).toBeUndefined();
  return socket as Bound;
}

/** The socket of Node that was made last. */
const lastMade = (): Socket => made.at(-1) as Socket;

interface Kind extends Needing {
  readonly name: string;
  readonly udp: (options: UdpOptions) => Transport;
}

/** Node's sockets, and those that the system is asked for without Node. */
const kinds: readonly Kind[] = [
  { name: "udp", udp },
  { name: "nativeUdp", udp: nativeUdp, needs: ["native sockets"] },
];

describeRows(kinds)("options of $name", ({ udp }) => {
  const bound = boundBy(udp);

  test.each([
    {},
    { port: 0, host: "127.0.0.1", family: "IPv4", remote: undefined },
    { port: 65_535, host: "::1", family: "IPv6", ipv6Only: true },
    { remote: { host: "game.example", port: 1 } },
    { remote: { family: "IPv4", host: "127.0.0.1", port: 65_535 } },
    { family: "IPv6", remote: { host: "127.0.0.1", port: 1 } },
    { reuseAddress: false, broadcast: false, multicastLoopback: false, multicastInterface: "127.0.0.1" },
    { ttl: 1, multicastTtl: 0, receiveBufferBytes: 1, sendBufferBytes: 1 },
    { ttl: 255, multicastTtl: 255, receiveBufferBytes: 2 ** 31 - 1, sendBufferBytes: 2 ** 31 - 1 },
  ])("may be %o", (options) => {
    expect(udp(options as UdpOptions).bind).toBeTypeOf("function");
  });

  test.each([
    ["udp", TypeError, "options: expected an object, got string"],
    [{ port: -1 }, RangeError, "port: expected a whole number from 0 to 65535, got -1"],
    [{ port: 65_536 }, RangeError, "port: expected"],
    [{ port: "80" }, TypeError, "port: expected a number, got string"],
    [{ host: "" }, RangeError, "host: expected a string, got an empty one"],
    [{ host: "127.0.0.1\0" }, RangeError, "host: expected a string without NUL"],
    [{ host: 5 }, TypeError, "host: expected a string, got number"],
    [{ family: "IPv5" }, TypeError, "family: expected one of IPv4, IPv6"],
    [{ family: "IPv4", host: "::1" }, RangeError, "family: expected IPv6, the family of host, got IPv4"],
    [{ ipv6Only: "yes" }, TypeError, "ipv6Only: expected true or false, got string"],
    [{ ipv6Only: true }, RangeError, "ipv6Only: expected only with an IPv6 socket"],
    [{ reuseAddress: 1 }, TypeError, "reuseAddress: expected true or false, got number"],
    [{ broadcast: 1 }, TypeError, "broadcast: expected true or false, got number"],
    [{ ttl: 0 }, RangeError, "ttl: expected a whole number from 1 to 255, got 0"],
    [{ ttl: 256 }, RangeError, "ttl: expected"],
    [{ ttl: "8" }, TypeError, "ttl: expected a number, got string"],
    [{ multicastTtl: -1 }, RangeError, "multicastTtl: expected a whole number from 0 to 255, got -1"],
    [{ multicastTtl: 256 }, RangeError, "multicastTtl: expected"],
    [{ multicastTtl: true }, TypeError, "multicastTtl: expected a number, got boolean"],
    [{ multicastLoopback: 0 }, TypeError, "multicastLoopback: expected true or false, got number"],
    [{ multicastInterface: "" }, RangeError, "multicastInterface: expected a string, got an empty one"],
    [{ multicastInterface: 4 }, TypeError, "multicastInterface: expected a string, got number"],
    [
      { receiveBufferBytes: 0 },
      RangeError,
      "receiveBufferBytes: expected a whole number from 1 to 2147483647",
    ],
    [{ receiveBufferBytes: 2 ** 31 }, RangeError, "receiveBufferBytes: expected"],
    [{ receiveBufferBytes: "1" }, TypeError, "receiveBufferBytes: expected a number, got string"],
    [{ sendBufferBytes: 0 }, RangeError, "sendBufferBytes: expected a whole number from 1 to 2147483647"],
    [{ sendBufferBytes: 2 ** 31 }, RangeError, "sendBufferBytes: expected"],
    [{ sendBufferBytes: "1" }, TypeError, "sendBufferBytes: expected a number, got string"],
    [{ remote: "127.0.0.1:9" }, TypeError, "remote: expected an object, got string"],
    [{ remote: { port: 9 } }, TypeError, "remote.host: expected a string, got undefined"],
    [{ remote: { host: "", port: 9 } }, RangeError, "remote.host: expected a string, got an empty one"],
    [{ remote: { host: "a\0", port: 9 } }, RangeError, "remote.host: expected a string without NUL"],
    [{ remote: { host: "127.0.0.1" } }, TypeError, "remote.port: expected a number, got undefined"],
    [
      { remote: { host: "127.0.0.1", port: 0 } },
      RangeError,
      "remote.port: expected a whole number from 1 to",
    ],
    [{ remote: { host: "127.0.0.1", port: 65_536 } }, RangeError, "remote.port: expected"],
    [{ remote: { host: "127.0.0.1", port: 9, ttl: 1 } }, TypeError, "remote.ttl: there is no such option"],
    [{ host: "127.0.0.1", remote: { host: "::1", port: 9 } }, RangeError, "remote.host: expected IPv4"],
    [{ family: "IPv6", ipv6Only: true, remote: { host: "127.0.0.1", port: 9 } }, RangeError, "remote.host"],
    [{ recieveBufferBytes: 1 }, TypeError, "there is no such option; the nearest one is receiveBufferBytes"],
  ])("may not be %o", (options, kind, message) => {
    expect(() => udp(options as never)).toThrow(kind);
    expect(() => udp(options as never)).toThrow(message);
  });

  test("are those of the call, whatever becomes of the object", async () => {
    const options = { host: "127.0.0.1", remote: { host: "127.0.0.1", port: 9 } };
    const transport = udp(options);
    Object.assign(options, { host: "no-such-host.invalid" });
    Object.assign(options.remote, { port: 10 });
    const poller = newPoller();
    const socket = poller.bind(transport, lines());
    await until(poller, () => socket.state !== "starting");
    expect(socket.remoteAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port: 9 });
  });

  test("let two sockets share a port with reuseAddress, and not without", async () => {
    const poller = newPoller();
    const first = await bound(poller, { reuseAddress: true });
    const { port } = first.address;
    const second = await bound(poller, { port, reuseAddress: true });
    expect(second.address.port).toBe(port);
    const third = poller.bind(udp({ port }), lines());
    await until(poller, () => third.state === "closed");
    expect(third.closeReason?.kind).toBe("address-in-use");
  });

  test("leave IPv4 to others with ipv6Only, and not without", needs("IPv6"), async () => {
    const poller = newPoller();
    const only = await bound(poller, { family: "IPv6", ipv6Only: true });
    expect((await bound(poller, { port: only.address.port })).address.port).toBe(only.address.port);
    const both = await bound(poller, { family: "IPv6" });
    const refused = poller.bind(udp({ port: both.address.port }), lines());
    await until(poller, () => refused.state === "closed");
    expect(refused.closeReason?.kind).toBe("address-in-use");
  });

  test("allow broadcast, which is denied without", async () => {
    const poller = newPoller();
    const to = { host: "255.255.255.255", port: 9 };
    const without = await bound(poller, {});
    without.trySendTo("x", to);
    await until(poller, () => without.stats.failed === 1);
    expect(without.lastFailure?.kind).toBe("denied");
    const allowed = await bound(poller, { broadcast: true });
    allowed.trySendTo("x", to);
    await until(poller, () => allowed.pendingBytes === 0);
    expect(allowed.lastFailure?.kind).not.toBe("denied");
  });

  test("send multicast by the chosen interface", async () => {
    const poller = newPoller();
    const group = "239.255.77.78";
    const member = await bound(poller, { reuseAddress: true });
    const heard = await bound(poller, { multicastInterface: "127.0.0.1", multicastTtl: 0 });
    member.join(group, "127.0.0.1");
    const to = { host: group, port: member.address.port };
    heard.trySendTo("to all", to);
    const got: string[] = [];
    await until(poller, () => {
      for (let text: string | undefined; (text = member.tryRecv()) !== undefined; ) got.push(text);
      return got.length > 0;
    });
    expect(got).toEqual(["to all"]);
  });

  test("name an interface of this machine, or the socket is closed with a reason", async () => {
    const poller = newPoller();
    const socket = poller.bind(udp({ multicastInterface: "192.0.2.1" }), lines());
    await until(poller, () => socket.state === "closed");
    expect(socket.closeReason).toMatchObject({ kind: "unreachable", code: "EADDRNOTAVAIL" });
  });

  test("set the number of routers, of multicast too", needs("python3"), async () => {
    const group = "239.255.77.79";
    const code = `
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 0))
s.setsockopt(socket.IPPROTO_IP, 12 if not hasattr(socket, "IP_RECVTTL") else socket.IP_RECVTTL, 1)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("${group}") + socket.inet_aton("127.0.0.1"))
print(s.getsockname()[1])
for _ in range(2):
    data, extra, _, _ = s.recvmsg(100, 100)
    print(data.decode(), struct.unpack("i", extra[0][2])[0])
`;
    const python = spawn("python3", ["-u", "-c", code], { stdio: ["ignore", "pipe", "inherit"] });
    python.stdout.setEncoding("utf8");
    const port = Number((await once(python.stdout, "data"))[0]);
    let told = "";
    python.stdout.on("data", (text: string) => (told += text));
    const poller = newPoller();
    const socket = await bound(poller, { ttl: 9, multicastTtl: 3, multicastInterface: "127.0.0.1" });
    socket.trySendTo("alone", { host: "127.0.0.1", port });
    socket.trySendTo("group", { host: group, port });
    await until(poller, () => told.trim().split("\n").length === 2);
    expect(told.trim().split("\n").sort()).toEqual(["alone 9", "group 3"]);
  });
});

describe("a socket of Node", () => {
  const bound = boundBy(udp);

  test("set the system's buffers", async () => {
    const poller = newPoller();
    await bound(poller, { host: "127.0.0.1", receiveBufferBytes: 20_000, sendBufferBytes: 30_000 });
    const doubled = process.platform === "linux" ? 2 : 1; // Linux counts its own needs too (socket(7))
    expect(lastMade().getRecvBufferSize()).toBe(20_000 * doubled);
    expect(lastMade().getSendBufferSize()).toBe(30_000 * doubled);
  });

  test.each([true, false])(
    "tell the system whether this machine receives its own multicast: %s",
    async (isOn) => {
      // The loopback device gives back what is sent by it in either case, so the call is what can be seen.
      const call = vi.spyOn(Socket.prototype, "setMulticastLoopback");
      await bound(newPoller(), { multicastLoopback: isOn });
      expect(call.mock.calls).toEqual([[isOn]]);
      call.mockRestore();
    },
  );
});

describe("a socket with a remote", () => {
  const bound = boundBy(udp);

  test("hears nobody else, also between bind and connect, when the system lets in anybody", async () => {
    const poller = newPoller();
    const peer = await bound(poller, { host: "127.0.0.1" });
    const stranger = await bound(poller, { host: "127.0.0.1" });
    const socket = poller.bind(udp({ host: "127.0.0.1", remote: peer.address }), lines());
    const connect = vi.spyOn(lastMade(), "connect").mockImplementationOnce((...to: unknown[]) => {
      const host = "127.0.0.1";
      const { port } = lastMade().address();
      stranger.trySendTo("from a stranger", { host, port });
      stranger.trySendTo("again", { host, port });
      poller.flush();
      setImmediate(() => (lastMade().connect as (...args: unknown[]) => void)(...to));
    });
    await until(poller, () => socket.state === "open" && stranger.pendingBytes === 0);
    expect(connect).toHaveBeenCalledTimes(2);
    peer.trySendTo("from the peer", socket.address as Address);
    let got: ReturnType<typeof socket.tryRecvFrom>;
    await until(poller, () => (got = socket.tryRecvFrom()) !== undefined);
    expect(got).toEqual({ message: "from the peer", from: peer.address });
  });
});

describeRows(kinds.map((kind) => ({ ...kind, needs: ["IPv6", ...(kind.needs ?? [])] as const })))(
  "an IPv6 socket of $name",
  ({ udp }) => {
    const bound = boundBy(udp);

    test("talks with IPv4 by IPv4 addresses: sent to, received from, and connected to", async () => {
      const poller = newPoller();
      const four = await bound(poller, { host: "127.0.0.1" });
      const both = await bound(poller, { family: "IPv6" });
      const toBoth = { host: "127.0.0.1", port: both.address.port };
      four.trySendTo("to both", toBoth);
      let got: ReturnType<typeof both.tryRecvFrom>;
      await until(poller, () => (got = both.tryRecvFrom()) !== undefined);
      expect(got).toEqual({ message: "to both", from: four.address });
      if (got !== undefined) both.trySendTo("back", got.from);
      await until(poller, () => (got = four.tryRecvFrom()) !== undefined);
      expect(got).toEqual({ message: "back", from: { family: "IPv4", ...toBoth } });
      const { host, port } = four.address;
      const connected = await bound(poller, { family: "IPv6", remote: { host, port } });
      expect(connected.remoteAddress).toEqual(four.address);
      connected.trySend("connected");
      await until(poller, () => four.tryRecv() === "connected");
      expect([both.lastFailure, connected.lastFailure]).toEqual([undefined, undefined]);
    });

    test("talks with IPv6 as ever, and finds names of either family", async () => {
      const poller = newPoller();
      const both = await bound(poller, { family: "IPv6" });
      const six = await bound(poller, { host: "::1" });
      both.trySendTo("six", six.address);
      await until(poller, () => six.tryRecv() === "six");
      const named = await bound(poller, {
        family: "IPv6",
        remote: { host: "localhost", port: both.address.port },
      });
      named.trySend("by name");
      await until(poller, () => both.tryRecv() === "by name");
    });

    test("joins a group that is asked for before it is bound, and says why it could not", async () => {
      const poller = newPoller();
      const group = "239.77.77.78";
      const hearer = poller.bind(udp({ port: 0, reuseAddress: true }), lines());
      const bound: unknown[] = [];
      poller.on("bind", ({ socket }) => bound.push(socket));
      hearer.join(group, "127.0.0.1");
      const mistaken = poller.bind(udp({ port: 0 }), lines());
      mistaken.join("239.77.77.79", "192.0.2.1"); // no interface of this machine
      const speaker = poller.bind(udp({ host: "127.0.0.1", multicastInterface: "127.0.0.1" }), lines());
      await until(poller, () => [hearer, mistaken, speaker].every(({ state }) => state === "open"));
      expect(bound).toHaveLength(3);
      expect(mistaken.lastFailure).toMatchObject({ kind: "failed", code: expect.stringMatching(/^E/) });
      expect(hearer.lastFailure).toBeUndefined();
      speaker.trySendTo("hello", { host: group, port: hearer.address?.port ?? 0 });
      await until(poller, () => hearer.stats.receivedMessages > 0);
      expect(hearer.tryRecv()).toBe("hello");
    });

    test("joins IPv4 groups too", async () => {
      const poller = newPoller();
      const group = "239.255.77.80";
      const both = await bound(poller, { family: "IPv6" });
      both.join(group, "127.0.0.1");
      const sender = await bound(poller, { multicastInterface: "127.0.0.1" });
      sender.trySendTo("to all", { host: group, port: both.address.port });
      await until(poller, () => both.tryRecv() === "to all");
      both.leave(group, "127.0.0.1");
    });

    test("with ipv6Only says in a reason that IPv4 cannot be reached", async () => {
      const poller = newPoller();
      const only = await bound(poller, { family: "IPv6", ipv6Only: true });
      only.trySendTo("x", { host: "127.0.0.1", port: 9 });
      await until(poller, () => only.stats.failed === 1);
      expect(only.lastFailure?.message).not.toBe("");
    });
  },
);
