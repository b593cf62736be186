/**
 * Peers that are shaking hands: they count under the limits of the listener from
 * their first packet, and each handshake ends once, as a connection or as a rejection
 * with a reason.
 */
import { once } from "node:events";
import net, { BlockList } from "node:net";
import type { TLSSocket } from "node:tls";
import nodeTls from "node:tls";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { AcceptorEvents, CloseReason, Link, ListenOptions } from "../../../src/index.ts";
import { tls } from "../../../src/index.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "./certificates.ts";
import { client, nextAccepted, nodeClient, owned, server, type TlsServer, until } from "./tls-rig.ts";

const { ca, localhost, otherCa, player } = certificates() ?? NO_CERTIFICATES;

afterEach(() => vi.restoreAllMocks());

describe("a peer that shakes hands", needs("openssl"), () => {
  test.each<[keyof ListenOptions, ListenOptions]>([
    ["maxConnections", { maxConnections: 2 }],
    ["maxConnectionsPerAddress", { maxConnectionsPerAddress: 2 }],
    ["acceptRateHz", { acceptRateHz: 2 }],
  ])("counts under %s before it has sent a byte, and until it leaves", async (name, limits) => {
    const there = await server(localhost, limits);
    const silent = strangers(there, 5);
    await until(there.poller, () => there.listener.stats.dropped === 3);
    expect(there.listener.stats.droppedBy).toEqual({ [name]: 3 });
    await until(there.poller, () => silent.filter(({ destroyed }) => destroyed).length === 3);
    for (const socket of silent) socket.destroy();
    await until(there.poller, () => there.listener.stats.dropped === 5);
    expect(there.listener.stats.droppedBy).toEqual({ [name]: 3, ECONNRESET: 2 });
    if (name === "acceptRateHz") return; // for which those who have left count on
    const near = client(there.poller, there.port, { ca });
    await until(there.poller, () => near.state === "open");
  });

  test("is refused by a list with a reset, before anything is spent on it", async () => {
    const denyList = new BlockList();
    denyList.addAddress("127.0.0.1");
    const there = await server(localhost, { denyList });
    let begun = 0;
    onEmit("connection", () => begun++);
    const silent = strangers(there, 20);
    await until(there.poller, () => silent.every(({ destroyed }) => destroyed));
    expect(there.listener.stats.droppedBy).toEqual({ denyList: 20 });
    expect(begun).toBe(0);
  });

  test("gives way to a new one beyond acceptLimit, when it has been silent longest", async () => {
    const there = await server(localhost, { acceptLimit: 2 });
    const silent = strangers(there, 2);
    const near = client(there.poller, there.port, { ca });
    await until(there.poller, () => near.state === "open" && silent.some(({ destroyed }) => destroyed));
    expect(there.listener.stats.droppedBy).toEqual({ acceptLimit: 1 });
    expect(silent.map(({ destroyed }) => destroyed).sort()).toEqual([false, true]);
  });

  test("may end its stream first, and still has the answer", async () => {
    const there = await server(localhost);
    let heard = "";
    const near = nodeClient(there.port, { ca, servername: "localhost", ...HALF_OPEN });
    near.on("data", (data) => (heard += data)).end("question\n");
    const far = await nextAccepted(there);
    await until(there.poller, () => far.tryRecv() === "question" && near.writableFinished);
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
    far.trySend("answer");
    await until(there.poller, () => far.state === "closed");
    expect(heard).toBe("answer\n");
  });

  test("is sent to at once from its first packet on, unless the listener is told to wait", async () => {
    const prompt = await server(localhost);
    const patient = await server({ ...localhost, noDelay: false });
    const [first] = strangers(prompt, 1) as [net.Socket];
    const handle = Object.getPrototypeOf((first as unknown as { readonly _handle: object })._handle);
    const setNoDelay = vi.spyOn(handle as { setNoDelay(isOn: boolean): void }, "setNoDelay");
    let begun = 0;
    onEmit("connection", () => begun++);
    await until(prompt.poller, () => begun === 1);
    expect(setNoDelay.mock.calls).toEqual([[true]]);
    strangers(patient, 1);
    await until(patient.poller, () => begun === 2);
    expect(setNoDelay.mock.calls).toEqual([[true]]);
  });

  test("becomes one connection, which counts once", async () => {
    const there = await server(localhost, { maxConnections: 1 });
    const near = client(there.poller, there.port, { ca });
    const far = await nextAccepted(there);
    client(there.poller, there.port, { ca });
    await until(there.poller, () => there.listener.stats.dropped === 1);
    expect(there.listener.stats.droppedBy).toEqual({ maxConnections: 1 });
    far.close();
    await until(there.poller, () => near.state === "closed");
    const next = client(there.poller, there.port, { ca });
    await until(there.poller, () => next.state === "open");
  });
});

describe("a handshake that fails is dropped with a reason:", needs("openssl"), () => {
  const LEFT =
    "handshake: the peer left during the handshake, as one does that does not trust this side's certificate";

  test("the client does not trust the listener, and just leaves", async () => {
    const there = await server(localhost);
    const near = client(there.poller, there.port, { ca: otherCa });
    await until(there.poller, () => near.state === "closed" && there.drops.length > 0);
    expect(there.drops).toEqual([LEFT]);
    expect(there.listener.stats).toMatchObject({ accepted: 0, dropped: 1 });
  });

  test.each<[string, (socket: net.Socket) => unknown]>([
    ["by an end", (socket) => socket.end()],
    ["by a reset", (socket) => socket.resetAndDestroy()],
    ["by an end in the middle of its hello", (socket) => socket.end(Buffer.from("160301020001", "hex"))],
  ])("the client leaves %s", async (_, leave) => {
    const there = await server(localhost);
    const [socket] = strangers(there, 1);
    await once(socket as net.Socket, "connect");
    leave(socket as net.Socket);
    await until(there.poller, () => there.drops.length > 0);
    expect(there.drops).toEqual([LEFT]);
  });

  test("the client says that it does not trust the listener", needs("python3 with ssl"), async () => {
    // OpenSSL's other users verify inside of the handshake, and send an alert.
    const there = await server(localhost);
    const { spawn } = await import("node:child_process");
    const child = spawn("python3", ["-c", DISTRUSTING, String(there.port)]);
    await until(there.poller, () => there.drops.length > 0);
    expect(there.drops).toEqual([
      "handshake: the peer does not trust the authority of this side's certificate",
    ]);
    await once(child, "exit");
  });

  test("counts under the code of its own reason: a late one under its limit, plain text under OpenSSL's", async () => {
    const there = await server({ ...localhost, handshakeTimeoutMs: 100 });
    const [, plain] = strangers(there, 2);
    plain?.write("GET / HTTP/1.1\r\n\r\n");
    await until(there.poller, () => there.listener.stats.dropped === 2);
    expect(there.listener.stats.droppedBy).toEqual({ handshakeTimeoutMs: 1, ERR_SSL_HTTP_REQUEST: 1 });
  });

  test("nothing is left of it when the listener closes, and it is not reported", async () => {
    const there = await server(localhost);
    const silent = strangers(there, 3);
    await Promise.all(silent.map((socket) => once(socket, "connect")));
    await new Promise((resolve) => setImmediate(resolve));
    there.listener.close();
    for (const socket of silent) socket.resume();
    await until(there.poller, () => silent.every(({ destroyed }) => destroyed));
    expect(there.drops).toEqual([]);
  });
});

describe("every handshake ends once, at the acceptor:", needs("openssl"), () => {
  test.each<[string, string[], (port: number, close: () => void) => unknown]>([
    ["by success", ["incoming"], (port) => nodeClient(port, { ca, servername: "localhost" })],
    [
      "by plain text",
      ["rejected"],
      (port) => owned(net.connect(port, "127.0.0.1")).end("GET / HTTP/1.1\r\n\r\n"),
    ],
    ["by leaving", ["rejected"], (port) => owned(net.connect(port, "127.0.0.1")).end()],
    ["by silence", ["rejected"], (port) => owned(net.connect(port, "127.0.0.1"))],
    [
      "by the close of the acceptor",
      ["rejected"],
      (port, close) => owned(net.connect(port, "127.0.0.1")).on("connect", () => setImmediate(close)),
    ],
    ["by distrust", ["rejected"], (port) => nodeClient(port, { ca: otherCa, servername: "localhost" })],
  ])("%s", async (_, expected, come) => {
    const acceptor = tls({ host: "127.0.0.1", port: 0, ...localhost, handshakeTimeoutMs: 100 }).listen?.();
    const ends: string[] = [];
    let isClosed = false;
    const port = await new Promise<number>((resolve) => {
      acceptor?.attach({
        ...SILENT,
        listening: (address) => resolve(address?.port ?? 0),
        handshaking: () => ({
          refusal: undefined,
          identified: () => undefined,
          incoming: (link) => {
            ends.push("incoming");
            link.attach({ ...NO_LINK_EVENTS, closed: () => (isClosed = true) });
            link.abort();
          },
          rejected: () => {
            ends.push("rejected");
            isClosed = true;
          },
        }),
      });
    });
    come(port, () => acceptor?.close());
    while (!isClosed) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(expected);
    acceptor?.close();
  });
});

describe("a call of Node that throws", needs("openssl"), () => {
  const CALLS = ["getPeerX509Certificate", "getProtocol", "getCipher"] as const;

  test.each(CALLS)("%s, at an incoming handshake, is a rejection", async (call) => {
    const there = await server({ ...localhost, ca, requestCert: true });
    failing(call, (socket) => isServer(socket));
    const near = client(there.poller, there.port, { ca, ...player });
    await until(there.poller, () => there.drops.length > 0 && near.state === "closed");
    expect(there.drops).toEqual(["handshake: what the peer's certificate says cannot be read"]);
    expect(there.listener.stats.accepted).toBe(0);
  });

  test.each(CALLS)("%s, at a client's handshake, is its close reason", async (call) => {
    const there = await server(localhost);
    failing(call, (socket) => !isServer(socket));
    const near = client(there.poller, there.port, { ca });
    await until(there.poller, () => near.state === "closed");
    expect(near.closeReason).toMatchObject({ kind: "handshake", code: "ERR_TLS_UNREADABLE" });
  });

  test("at the start of a handshake is a rejection", async () => {
    const there = await server(localhost);
    onEmit("connection", () => {
      throw new Error("the handle is gone");
    });
    const [socket] = strangers(there, 1);
    await until(there.poller, () => there.drops.length > 0 && socket?.destroyed === true);
    expect(there.drops).toEqual(["failed: the handle is gone"]);
  });

  test("a failure that is told twice is one rejection", async () => {
    const there = await server(localhost);
    const emit = nodeTls.Server.prototype.emit as (...all: unknown[]) => boolean;
    vi.spyOn(nodeTls.Server.prototype, "emit").mockImplementation(function (
      this: unknown,
      ...all: unknown[]
    ) {
      if (all[0] === "tlsClientError") Reflect.apply(emit, this, all);
      return Reflect.apply(emit, this, all);
    } as never);
    const [socket] = strangers(there, 1);
    socket?.write("GET / HTTP/1.1\r\n\r\n");
    await until(there.poller, () => socket?.destroyed === true && there.drops.length > 0);
    expect(there.drops).toHaveLength(1);
  });

  test("a socket that does not say whose it is, is dropped without a word", async () => {
    const there = await server(localhost);
    const names = net.Socket.prototype as unknown as { _getpeername(): object };
    vi.spyOn(names, "_getpeername").mockImplementation(() => {
      throw new Error("no names today");
    });
    const [socket] = strangers(there, 1);
    await until(there.poller, () => socket?.destroyed === true);
    expect([there.drops, there.listener.stats.dropped]).toEqual([[], 0]);
  });

  test("a socket that is not to be found under its TLS socket is dropped", async () => {
    const there = await server(localhost);
    onEmit("secureConnection", (socket) => Object.assign(socket as object, { _parent: null }));
    const near = client(there.poller, there.port, { ca });
    await until(there.poller, () => near.state === "closed" && there.drops.length > 0);
    expect(there.listener.stats).toMatchObject({ accepted: 0, dropped: 1 });
  });
});

/** Calls `first` before the TLS server is told of the event. */
function onEmit(event: string, first: (socket: unknown) => void): void {
  const emit = nodeTls.Server.prototype.emit as (...all: unknown[]) => boolean;
  vi.spyOn(nodeTls.Server.prototype, "emit").mockImplementation(function (this: unknown, ...all: unknown[]) {
    if (all[0] === event) first(all[1]);
    return Reflect.apply(emit, this, all);
  } as never);
}

function failing(
  call: "getPeerX509Certificate" | "getProtocol" | "getCipher",
  where: (socket: TLSSocket) => boolean,
) {
  const original = nodeTls.TLSSocket.prototype[call];
  vi.spyOn(nodeTls.TLSSocket.prototype, call).mockImplementation(function (this: TLSSocket) {
    if (where(this)) throw new Error("no more handle");
    return Reflect.apply(original, this, []);
  } as never);
}

function isServer(socket: TLSSocket): boolean {
  return (socket as unknown as { server?: unknown }).server !== undefined;
}

/** Sockets that connect, and send nothing. */
function strangers({ port }: TlsServer, count: number): net.Socket[] {
  return Array.from({ length: count }, () => owned(net.connect(port, "127.0.0.1")).resume());
}

/** An option of Node's that its types forget (https://nodejs.org/api/tls.html#tlsconnectoptions-callback). */
const HALF_OPEN: object = { allowHalfOpen: true };

/** A client of Python's that trusts nobody but its own list. */
const DISTRUSTING = `
import socket, ssl, sys
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
try:
    ssl.create_default_context(cadata=None).wrap_socket(raw, server_hostname="localhost")
except ssl.SSLError:
    pass
`;
const SILENT: AcceptorEvents = {
  listening() {},
  handshaking: () => ({
    refusal: undefined,
    identified: () => undefined,
    incoming: (link: Link) => link.abort(),
    rejected() {},
  }),
  incoming: (link) => link.abort(),
  rejected(_: CloseReason) {},
  closed() {},
};
const NO_LINK_EVENTS = {
  opened() {},
  received() {},
  partial() {},
  suspended() {},
  resumed() {},
  drained() {},
  ended() {},
  closed() {},
};
