/**
 * What every place for datagrams must do, a row each, and what UDP does beside.
 */
import dgram from "node:dgram";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  type Address,
  type BindOptions,
  bytes,
  type Codec,
  conditioned,
  type DatagramSocket,
  formatAddress,
  json,
  lines,
  memory,
  Poller,
  Recording,
  recorded,
  type Transport,
  threaded,
  udp,
} from "../../src/index.ts";
import { nativeUdp } from "../../src/native.ts";
import { nats } from "../../src/nats.ts";
import { lack } from "../machine.ts";
import { describeRows, type Needing } from "../rows.ts";
import { Broker } from "./nats/broker.ts";
import { until } from "./poll-until.ts";

interface Row extends Needing {
  readonly name: string;
  /** Gives transports that can reach each other. */
  readonly network: () => () => Transport;
}

const rows: Row[] = [
  {
    name: "memory",
    network: () => {
      const wire = memory();
      return () => wire;
    },
  },
  { name: "recorded udp", network: () => () => recorded(udp({ host: "127.0.0.1" }), new Recording()) },
  { name: "udp over IPv4", network: () => () => udp({ host: "127.0.0.1" }) },
  { name: "threaded udp", network: () => () => threaded(udp({ host: "127.0.0.1" })) },
  { name: "udp over IPv6", network: () => () => udp({ host: "::1" }), needs: ["IPv6"] },
  {
    name: "native udp over IPv4",
    network: () => () => nativeUdp({ host: "127.0.0.1" }),
    needs: ["native sockets"],
  },
  {
    name: "native udp over IPv6",
    network: () => () => nativeUdp({ host: "::1" }),
    needs: ["native sockets", "IPv6"],
  },
  {
    name: "recorded native udp",
    network: () => () => recorded(nativeUdp({ host: "127.0.0.1" }), new Recording()),
    needs: ["native sockets"],
  },
  {
    name: "threaded native udp",
    network: () => () => threaded(nativeUdp({ host: "127.0.0.1" })),
    needs: ["native sockets"],
  },
  {
    name: "native udp, which node:dgram answers",
    network: () => {
      let isNative = false;
      return () => ((isNative = !isNative) ? nativeUdp({ host: "127.0.0.1" }) : udp({ host: "127.0.0.1" }));
    },
    needs: ["native sockets"],
  },
  {
    name: "nats",
    network: () => {
      const wire = nats({ servers: broker?.url ?? "" });
      return () => wire;
    },
    needs: ["nats-server"],
  },
  {
    name: "nats, a connection for each",
    network: () => () => nats({ servers: broker?.url ?? "" }),
    needs: ["nats-server"],
  },
];

let broker: Broker | undefined;
beforeAll(async () => {
  if (lack("nats-server") === undefined) broker = await Broker.start();
});
afterAll(async () => broker?.[Symbol.asyncDispose]());

/** Each network as it is, and through a conditioner that does nothing. */
const allRows: readonly Row[] = [
  ...rows,
  ...rows.map((row) => ({
    ...row,
    name: `${row.name}, through a conditioner`,
    network: () => {
      const place = row.network();
      return () => conditioned(place());
    },
  })),
];

const pollers: Poller[] = [];

afterEach(async () => {
  for (const poller of pollers.splice(0)) await poller[Symbol.asyncDispose]();
});

function newPoller(): Poller {
  const poller = new Poller();
  pollers.push(poller);
  return poller;
}

async function bound(poller: Poller, transport: Transport, options?: BindOptions) {
  const socket = poller.bind(transport, lines(), options);
  await until(poller, () => socket.state !== "starting");
  return socket as DatagramSocket<string> & { readonly address: Address };
}

describeRows(allRows)("$name", (row) => {
  async function pair(options?: BindOptions) {
    const poller = newPoller();
    const place = row.network();
    const near = await bound(poller, place());
    const far = await bound(poller, place(), options);
    return { poller, near, far };
  }

  test("carries messages, and says where each came from, so that it can be answered", async () => {
    const { poller, near, far } = await pair();
    expect(far.tryRecvFrom()).toBeUndefined();
    expect(near.trySendTo("hello", far.address)).toBe(true);
    let received: ReturnType<typeof far.tryRecvFrom>;
    await until(poller, () => (received = far.tryRecvFrom()) !== undefined);
    expect(received).toMatchObject({ message: "hello", from: near.address });
    if (received !== undefined) far.trySendTo("welcome", received.from);
    await until(poller, () => near.tryRecv() === "welcome");
  });

  test("sends nothing before the flush, and shows nothing before the poll", async () => {
    const { poller, near, far } = await pair();
    near.trySendTo("x", far.address);
    expect(near.pendingBytes).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    poller.poll(); // flushes what was forgotten
    await until(poller, () => near.pendingBytes === 0 && far.stats.receivedMessages === 1);
    expect(far.tryRecv()).toBe("x");
  });

  test("takes several messages from one datagram", async () => {
    const poller = newPoller();
    const place = row.network();
    const raw = poller.bind(place(), bytes());
    const far = await bound(poller, place());
    await until(poller, () => raw.state === "open");
    raw.trySendTo(new TextEncoder().encode("one\ntwo\n"), far.address);
    await until(poller, () => far.stats.receivedMessages === 2);
    expect([far.tryRecv(), far.tryRecv(), far.tryRecv()]).toEqual(["one", "two", undefined]);
  });

  test("drops and counts what does not decode, whole, says why, and goes on", async () => {
    const poller = newPoller();
    const place = row.network();
    const raw = poller.bind(place(), bytes());
    const far = await bound(poller, place());
    await until(poller, () => raw.state === "open");
    const told: { count: number; code: string | undefined; from: Address; isOfFar: boolean }[] = [];
    poller.on("malformed", ({ socket, count, reason, from }) => {
      told.push({ count, code: reason.code, from, isOfFar: socket === far });
    });
    raw.trySendTo(Uint8Array.of(0x67, 0x0a, 0xff), far.address); // a line, and bytes that are none
    raw.trySendTo(Uint8Array.of(0xff, 0x0a), far.address);
    raw.trySendTo(new TextEncoder().encode("fine\n"), far.address);
    await until(poller, () => far.stats.malformed === 2 && far.stats.receivedMessages === 1);
    expect([far.tryRecv(), far.tryRecv(), far.state]).toEqual(["fine", undefined, "open"]);
    const from = raw.address;
    expect(far.lastFailure).toMatchObject({
      kind: "protocol",
      message: `a datagram from ${from && formatAddress(from)} was dropped: line 1 is not valid UTF-8`,
    });
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(2);
    for (const one of told) expect(one).toMatchObject({ code: undefined, from, isOfFar: true });
  });

  test("takes a datagram as a whole message, which needs nothing that marks its end", async () => {
    const poller = newPoller();
    const place = row.network();
    const raw = poller.bind(place(), bytes());
    const [texts, values] = [poller.bind(place(), lines()), poller.bind(place(), json())];
    await until(poller, () => [raw, texts, values].every(({ state }) => state === "open"));
    raw.trySendTo(new TextEncoder().encode("hello"), texts.address as Address);
    raw.trySendTo(new TextEncoder().encode('{"x":1}'), values.address as Address);
    await until(poller, () => texts.tryRecv() === "hello");
    await until(poller, () => (values.tryRecv() as { x?: number } | undefined)?.x === 1);
    texts.trySendTo("welcome", raw.address as Address);
    values.trySendTo({ y: 2 }, raw.address as Address);
    const sent: string[] = [];
    await until(poller, () => {
      for (let one: Uint8Array | undefined; (one = raw.tryRecv()) !== undefined; ) {
        sent.push(new TextDecoder().decode(one));
      }
      return sent.length === 2;
    });
    expect(sent.sort()).toEqual(["welcome", '{"y":2}']);
  });

  test("copies message and destination at the call, so that both may be used again at once", async () => {
    const poller = newPoller();
    const place = row.network();
    const near = poller.bind(place(), bytes());
    const [one, two] = [poller.bind(place(), bytes()), poller.bind(place(), bytes())];
    await until(poller, () => [near, one, two].every(({ state }) => state === "open"));
    const message = Buffer.alloc(1); // whose slice() is a view
    const to = { host: "", port: 0 };
    for (const [index, { address }] of [one, two].entries()) {
      message[0] = index + 1;
      Object.assign(to, { host: address?.host, port: address?.port });
      near.trySendTo(message as Uint8Array, to);
    }
    near.flush();
    message.fill(0xff);
    await until(poller, () => one.stats.receivedMessages + two.stats.receivedMessages === 2);
    expect([one.tryRecv()?.[0], two.tryRecv()?.[0]]).toEqual([1, 2]);
  });

  test("gives decoders plain bytes, and the game addresses that nobody can change", async () => {
    const poller = newPoller();
    const place = row.network();
    const kinds: unknown[] = [];
    const spy: Codec<Uint8Array> = {
      encode: (message) => Buffer.from(message),
      decoder: () => ({
        decode(piece, sink) {
          kinds.push(piece.constructor);
          sink.put(piece.slice(), piece.length);
        },
      }),
    };
    const [near, far] = [poller.bind(place(), spy), poller.bind(place(), spy)];
    await until(poller, () => near.state === "open" && far.state === "open");
    near.trySendTo(Uint8Array.of(1), far.address as Address);
    let received: ReturnType<typeof far.tryRecvFrom>;
    await until(poller, () => (received = far.tryRecvFrom()) !== undefined);
    expect(kinds).toEqual([Uint8Array]);
    for (const address of [received?.from, near.address, far.address]) {
      expect(() => Object.assign(address as Address, { port: 1 })).toThrow(TypeError);
    }
  });

  test("keeps to its receive limit when one long datagram follows many short ones", async () => {
    const { near, far } = await pair({ receiveLimitBytes: 2_000 });
    if (row.name !== "memory") return; // the system may drop some of so many
    for (let count = 0; count < 20; count++) near.trySendTo("", far.address);
    for (const text of ["a", "b", "c"]) near.trySendTo(text.repeat(1_900), far.address);
    pollers[0]?.flush();
    pollers[0]?.poll();
    expect(far.stats).toMatchObject({ receivedMessages: 1, dropped: 22 });
    expect(far.tryRecv()).toBe("c".repeat(1_900));
  });

  test("takes a datagram of no bytes as an empty line, and drops and counts it where it holds no message", async () => {
    const poller = newPoller();
    const place = row.network();
    const raw = poller.bind(place(), bytes());
    const far = await bound(poller, place());
    await until(poller, () => raw.state === "open");
    far.trySendTo("", raw.address as Address);
    raw.trySendTo(new Uint8Array(0), far.address);
    await until(poller, () => far.tryRecv() === "");
    await until(poller, () => raw.stats.malformed === 1); // which may be another frame's
    expect(raw.lastFailure?.message).toMatch(/ was dropped: it holds no message$/);
    expect(raw.stats.receivedMessages).toBe(0);
  });

  test("refuses to send what is over maxDatagramBytes, and drops and counts what comes", async () => {
    const { poller, near, far } = await pair({ maxDatagramBytes: 10 });
    expect(() => far.trySendTo("12345678901", near.address)).toThrow(
      "message: 11 bytes are over maxDatagramBytes, 10",
    );
    near.trySendTo("12345678901", far.address);
    near.trySendTo("1234567890", far.address);
    await until(poller, () => far.tryRecv() === "1234567890");
    expect(far.stats).toMatchObject({ malformed: 1, receivedMessages: 1 });
    expect(far.lastFailure).toMatchObject({ kind: "protocol", code: "maxDatagramBytes" });
  });

  test("loses the oldest first when the game does not take, and counts each", async () => {
    const { poller, near, far } = await pair({ receiveLimitBytes: 5 * 66 });
    for (let frame = 0; frame < 4; frame++) {
      for (let index = 0; index < 3; index++) near.trySendTo(`${frame}${index}`, far.address);
      const { receivedMessages, dropped } = far.stats;
      await until(
        poller,
        () => far.stats.receivedMessages + far.stats.dropped >= receivedMessages + dropped + 3,
      );
    }
    await until(poller, () => far.stats.dropped === 7);
    const left: (string | undefined)[] = [];
    for (let text: string | undefined; (text = far.tryRecv()) !== undefined; ) left.push(text);
    expect(left).toEqual(["21", "22", "30", "31", "32"]);
  });

  test("says false at the send limit, and sends what it took", async () => {
    const poller = newPoller();
    const place = row.network();
    const near = await bound(poller, place(), { sendLimitBytes: 2 * (5 + 64) });
    const far = await bound(poller, place());
    expect(near.trySendTo("12345", far.address)).toBe(true);
    expect(near.trySendTo("", far.address)).toBe(true); // counts too
    expect(near.trySendTo("123456", far.address)).toBe(false);
    expect(near.stats.refusedMessages).toBe(1);
    await until(poller, () => far.stats.receivedMessages === 2 && near.pendingBytes === 0);
  });

  test("sends what was queued before close(), and is closed with a reason", async () => {
    const { poller, near, far } = await pair();
    near.trySendTo("last words", far.address);
    near.close();
    expect(near.trySendTo("more", far.address)).toBe(false);
    await until(poller, () => near.state === "closed" && far.tryRecv() === "last words");
    expect(near.closeReason?.kind).toBe("local");
  });

  test("sends what was queued while it was starting, also when it was closed meanwhile", async () => {
    const poller = newPoller();
    const place = row.network();
    const far = await bound(poller, place());
    const near = poller.bind(place(), lines());
    near.trySendTo("early", far.address);
    near.close();
    let got: unknown;
    await until(poller, () => {
      got ??= far.tryRecv(); // which may be frames before the sender knows that it has left
      return got === "early" && near.state === "closed";
    });
    expect(near.pendingBytes).toBe(0);
  });

  test("sends what was queued while it was starting", async () => {
    const poller = newPoller();
    const place = row.network();
    const far = await bound(poller, place());
    const near = poller.bind(place(), lines());
    near.trySendTo("early", far.address);
    await until(poller, () => far.tryRecv() === "early");
  });
});

const sockets = [
  { name: "udp", udp },
  { name: "nativeUdp", udp: nativeUdp, needs: ["native sockets"] as const },
];

describeRows(sockets)("$name", ({ udp }) => {
  test("connected, receives from its peer alone, and needs no addresses", async () => {
    const poller = newPoller();
    const server = await bound(poller, udp({ host: "127.0.0.1" }));
    const other = await bound(poller, udp({ host: "127.0.0.1" }));
    const { host, port } = server.address;
    const client = await bound(poller, udp({ remote: { host, port } }));
    expect(client.remoteAddress).toEqual(server.address);
    client.trySend("hello");
    await until(poller, () => server.tryRecv() === "hello");
    other.trySendTo("spam", { host: "127.0.0.1", port: client.address.port });
    server.trySendTo("welcome", { host: "127.0.0.1", port: client.address.port });
    await until(poller, () => client.tryRecv() === "welcome");
    expect(client.stats.receivedMessages).toBe(1);
    expect(() => server.trySend("to nobody")).toThrow("trySend: this socket is not connected");
  });

  test("connected, learns that nobody listens there, and lives on", async () => {
    const poller = newPoller();
    const gone = await bound(poller, udp({ host: "127.0.0.1" }));
    const { host, port } = gone.address;
    gone.close();
    await until(poller, () => gone.state === "closed");
    const client = await bound(poller, udp({ remote: { host, port } }));
    client.trySend("anybody?");
    await until(poller, () => client.lastFailure !== undefined);
    expect(client.lastFailure?.kind).toBe("refused");
    expect(client.state).toBe("open");
    expect(client.stats.failed).toBeGreaterThan(0);
  });

  test("forgets what was queued when its place could not be had", async () => {
    const poller = newPoller();
    const first = await bound(poller, udp({ host: "127.0.0.1" }));
    const busy = poller.bind(udp({ host: "127.0.0.1", port: first.address.port }), lines());
    const nowhere = poller.bind(udp({ remote: { host: "no-such-host.invalid", port: 9 } }), lines());
    busy.trySendTo("x", first.address);
    nowhere.trySend("x");
    await until(poller, () => busy.state === "closed" && nowhere.state === "closed");
    expect([busy.closeReason?.kind, nowhere.closeReason?.kind]).toEqual(["address-in-use", "unknown-host"]);
  });

  test("is closed with a reason when the port is taken", async () => {
    const poller = newPoller();
    const first = await bound(poller, udp({ host: "127.0.0.1" }));
    const second = await bound(poller, udp({ host: "127.0.0.1", port: first.address.port }));
    expect(second.state).toBe("closed");
    expect(second.closeReason?.kind).toBe("address-in-use");
  });

  test("talks with node:dgram, and reports a datagram to a place that is none", async () => {
    const poller = newPoller();
    const plain = dgram.createSocket("udp4");
    plain.bind(0, "127.0.0.1");
    await once(plain, "listening");
    const socket = await bound(poller, udp({ host: "127.0.0.1" }));
    socket.trySendTo("hello", { host: "127.0.0.1", port: plain.address().port });
    const received = once(plain, "message");
    poller.flush();
    expect(String((await received)[0])).toBe("hello");
    plain.close();
    socket.trySendTo("x", { host: "no-such-host.invalid", port: 9 });
    await until(poller, () => socket.lastFailure !== undefined);
    expect(socket.lastFailure?.kind).toBe("unknown-host");
  });

  test("joins a multicast group and receives from it, where the machine has multicast on loopback", async () => {
    const poller = newPoller();
    const group = "239.255.77.77";
    const member = await bound(poller, udp({ host: "0.0.0.0", reuseAddress: true, multicastLoopback: true }));
    try {
      member.join(group, "127.0.0.1");
    } catch (error) {
      console.log(`skipped: this machine has no multicast (${(error as Error).message})`);
      return;
    }
    const plain = dgram.createSocket("udp4");
    plain.bind(0, "127.0.0.1");
    await once(plain, "listening");
    plain.setMulticastInterface("127.0.0.1");
    plain.send("to all\n", member.address.port, group);
    await until(poller, () => member.tryRecv() === "to all");
    member.leave(group, "127.0.0.1");
    plain.close();
  });

  test("sets the options that it is given", async () => {
    const poller = newPoller();
    const socket = await bound(
      poller,
      udp({
        host: "127.0.0.1",
        broadcast: true,
        ttl: 8,
        multicastTtl: 2,
        multicastLoopback: false,
        receiveBufferBytes: 65_536,
        sendBufferBytes: 65_536,
      }),
    );
    expect(socket.state).toBe("open");
  });

  test.each([
    [{ port: 70_000 }, "port: expected"],
    [{ host: 5 as never }, "host: expected a string"],
    [{ ttl: 0 }, "ttl: expected"],
    [{ multicastTtl: 256 }, "multicastTtl: expected"],
    [{ remote: { host: "127.0.0.1", port: 0 } }, "remote.port: expected"],
    [{ receiveBufferBytes: 0 }, "receiveBufferBytes: expected"],
  ])("refuses %o at the call", (options, message) => {
    expect(() => udp(options)).toThrow(message);
  });

  test("refuses a destination without a port, a group for a closed socket, and a codec-less bind, by name", () => {
    const poller = newPoller();
    const socket = poller.bind(udp({ host: "127.0.0.1" }), lines());
    expect(() => socket.trySendTo("x", { host: "127.0.0.1", port: 0 })).toThrow("to.port: expected");
    expect(() => socket.join("")).toThrow("group: expected");
    expect(() => poller.bind({}, lines())).toThrow("transport: this one carries no datagrams");
    expect(() => poller.bind(udp(), lines(), { maxDatagramBytes: 70_000 })).toThrow(
      "maxDatagramBytes: expected",
    );
  });
});

describeRows(sockets)("a datagram of $name that the system refuses at once", ({ udp }) => {
  test("is told as a failure, and the socket lives on and closes", async () => {
    const poller = newPoller();
    const early = poller.bind(udp({ host: "127.0.0.1" }), lines());
    early.trySend("to nobody, as it is not connected");
    await until(poller, () => early.stats.failed === 1);
    expect([early.state, early.pendingBytes]).toEqual(["open", 0]);
    const remote = { host: "127.0.0.1", port: early.address?.port ?? 0 };
    const connected = await bound(poller, udp({ host: "127.0.0.1", remote }));
    connected.trySendTo("to another than its peer", connected.address);
    await until(poller, () => connected.stats.failed === 1);
    early.close();
    connected.close();
    await until(poller, () => early.state === "closed" && connected.state === "closed");
  });
});
