/**
 * Every call that a transport makes to Node fails once, from its first time to its
 * last: nothing is thrown at the game, nothing ends the process, and everything
 * closes with a reason.
 */
import dns from "node:dns";
import http from "node:http";
import net from "node:net";
import tlsModule from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import {
  type CloseReason,
  type Connection,
  type Listener,
  lines,
  Poller,
  type Transport,
  tcp,
  tls,
} from "../../src/index.ts";
import { websocket, websocketServer } from "../../src/websocket.ts";
import { describeRows, type Needing } from "../rows.ts";
import { BrokenCalls, INJECTED, type Surface } from "./broken-calls.ts";
import { turn } from "./link-pair.ts";
import { certificates, NO_CERTIFICATES } from "./node/certificates.ts";

interface Row extends Needing {
  readonly name: string;
  readonly surfaces: readonly Surface[];
  readonly listen: () => Transport;
  readonly connect: (listener: Listener<string>) => Transport;
  /** What strangers send, wave by wave, each on a socket of its own, before anybody else comes: it is refused. */
  readonly strangers: readonly (readonly string[])[];
  /** The calls that such a transport makes; a new one must be looked at, and stand here. */
  readonly calls: readonly string[];
}

const SOCKETS: readonly Surface[] = [
  { name: "net", target: net },
  { name: "Server", target: net.Server.prototype },
  { name: "Socket", target: net.Socket.prototype },
];

/** A header may come, and none does: the listener waits for one a moment. */
const BEHIND_A_PROXY = {
  proxyProtocol: "accept",
  trustedProxies: ["loopback"],
  proxyTimeoutMs: 1,
} as const;

const UPGRADE =
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

const { ca, localhost } = certificates() ?? NO_CERTIFICATES;

const rows: Row[] = [
  {
    name: "tcp",
    surfaces: [...SOCKETS, { name: "dns", target: dns }],
    listen: () => tcp({ port: 0, host: "127.0.0.1" }),
    connect: ({ address }) => tcp({ port: address?.port ?? 1, host: "localhost" }),
    strangers: [],
    calls: [
      ...["Server.address", "Server.close", "Server.listen"],
      ...["Socket.destroy", "Socket.end", "Socket.pause", "Socket.resetAndDestroy", "Socket.resume"],
      ...["Socket.write", "dns.lookup", "net.connect"],
    ],
  },
  {
    name: "tcp behind a proxy",
    surfaces: [...SOCKETS, { name: "dns", target: dns }],
    listen: () => tcp({ port: 0, host: "127.0.0.1", ...BEHIND_A_PROXY }),
    connect: ({ address }) => tcp({ port: address?.port ?? 1, host: "localhost" }),
    strangers: [],
    calls: [
      ...["Server.address", "Server.close", "Server.listen"],
      ...["Socket.destroy", "Socket.end", "Socket.pause", "Socket.resetAndDestroy", "Socket.resume"],
      ...["Socket.write", "dns.lookup", "net.connect"],
    ],
  },
  {
    name: "tls",
    needs: ["openssl"],
    surfaces: [
      ...SOCKETS,
      { name: "dns", target: dns },
      { name: "tls", target: tlsModule },
      { name: "TLSSocket", target: tlsModule.TLSSocket.prototype },
    ],
    listen: () => tls({ port: 0, host: "127.0.0.1", ...localhost }),
    connect: ({ address }) => tls({ port: address?.port ?? 1, host: "localhost", ca }),
    strangers: [
      ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x05hello"],
      ["", "", "", ""],
    ],
    calls: [
      ...["Server.address", "Server.close", "Server.listen", "Socket.destroy", "Socket.resetAndDestroy"],
      ...["TLSSocket.destroy", "TLSSocket.end"],
      ...["TLSSocket.getCipher", "TLSSocket.getPeerX509Certificate", "TLSSocket.getProtocol"],
      ...["TLSSocket.localAddress", "TLSSocket.localFamily", "TLSSocket.localPort", "TLSSocket.pause"],
      ...["TLSSocket.remoteAddress", "TLSSocket.remoteFamily", "TLSSocket.remotePort", "TLSSocket.resume"],
      ...["TLSSocket.write", "dns.lookup", "net.connect", "tls.connect"],
    ],
  },
  {
    name: "ws",
    surfaces: [
      ...SOCKETS,
      { name: "dns", target: dns },
      { name: "http.Server", target: http.Server.prototype },
      { name: "WebSocket", target: WebSocket.prototype },
      { name: "WebSocketServer", target: WebSocketServer.prototype },
    ],
    listen: () => websocketServer({ port: 0, host: "127.0.0.1", path: "/play" }),
    connect: ({ address }) => websocket(`ws://localhost:${address?.port ?? 1}/play`),
    strangers: [
      [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        UPGRADE,
        UPGRADE.replace("/", "/play").replace("13", "99"),
        "hello\r\n\r\n",
      ],
      ["", "", "", ""],
    ],
    calls: [
      ...["Socket.destroy", "Socket.end", "Socket.read", "Socket.write"],
      ...[
        "WebSocket.close",
        "WebSocket.pause",
        "WebSocket.ping",
        "WebSocket.pong",
        "WebSocket.resume",
        "WebSocket.send",
        "WebSocket.terminate",
      ],
      ...["WebSocketServer.handleUpgrade", "dns.lookup", "http.Server.address", "http.Server.close"],
      ...["http.Server.closeAllConnections", "http.Server.listen", "net.connect"],
    ],
  },
];

/** What may take long waits as long as it takes, until a call has failed: from then on it may never come. */
const STEPS_AFTER_FAILURE = 1_000;
const FEW_STEPS = 30;
const MANY_STEPS = 300;

/** Those that come when the reason is known already. */
const UNTOLD = /\.(end|destroy|resetAndDestroy|close|terminate|closeAllConnections)$/;

const uncaught: unknown[] = [];
const note = (error: unknown) => uncaught.push(error);
let before: ReadonlySet<unknown>;

beforeEach(() => {
  before = new Set(openSockets());
  process.on("uncaughtException", note);
});

afterEach(() => {
  process.off("uncaughtException", note);
  for (const left of openSockets()) if (!before.has(left)) close(left);
  expect(uncaught.splice(0)).toEqual([]);
});

describeRows(rows)("where calls of $name fail", (row) => {
  test("each call that it makes stands here", async () => {
    const calls = new BrokenCalls(row.surfaces, () => false);
    try {
      const { reasons } = await play(row, calls);
      expect(reasons.map(({ kind }) => kind)).not.toContain("failed");
    } finally {
      calls.restore();
    }
    // Which socket an attempt is destroyed with, only the system knows.
    const known = (call: string) => !call.endsWith(".destroy");
    expect([...calls.made.keys()].filter(known).sort()).toEqual(row.calls.filter(known));
  });

  describe.each(row.calls.map((call) => ({ call })))("$call", ({ call }) => {
    test.each(["the first time", "the second time", "always"])("fails %s", async (when) => {
      const isDue = (count: number) => when === "always" || count === (when === "the first time" ? 1 : 2);
      const calls = new BrokenCalls(row.surfaces, (made, count) => made === call && isDue(count));
      const { reasons, thrown } = await play(row, calls).finally(() => calls.restore());
      expect(thrown).toEqual([]);
      expect(reasons).not.toContain(undefined);
      const isTold = reasons.some(({ message, cause }) => `${message} ${cause}`.includes(INJECTED));
      if (calls.thrown > 0 && !UNTOLD.test(call)) expect(isTold).toBe(true);
    });
  });
});

/** A little of everything, as far as it goes. Returns the reason of each listener and connection that there was. */
async function play(row: Row, calls: BrokenCalls): Promise<{ reasons: CloseReason[]; thrown: unknown[] }> {
  const limits = { closeTimeoutMs: 1_000, timeoutMs: 1_000, receiveLimitBytes: 2_000 };
  const [server, client] = [new Poller(limits), new Poller(limits)];
  const thrown: unknown[] = [];
  let nowMs = 0;
  const steps = async (isOver: () => boolean, atMost = Infinity) => {
    let failedSteps = 0;
    for (let count = 0; count < atMost && failedSteps < STEPS_AFTER_FAILURE && !isOver(); count++) {
      if (calls.thrown > 0) failedSteps++;
      await turn();
      server.poll(nowMs);
      client.poll(nowMs);
      server.flush();
      client.flush();
    }
  };
  const dropped: CloseReason[] = [];
  server.on("drop", ({ reason }) => dropped.push(reason));
  const connections: Connection<string>[] = [];
  const accept = () => {
    const accepted = listener.tryAccept();
    if (accepted !== undefined) connections.push(accepted);
    return accepted;
  };
  const listener = server.listen(row.listen(), lines(), { maxConnections: 3 });
  const strangers: net.Socket[] = [];
  try {
    await steps(() => listener.state !== "starting");
    for (const wave of row.strangers) {
      const sockets = wave.map((bytes) => stranger(listener, bytes));
      strangers.push(...sockets);
      await steps(() => sockets.every(({ destroyed }) => destroyed), MANY_STEPS);
      for (const socket of sockets) socket.destroy();
      await steps(() => false, FEW_STEPS);
    }
    for (const ending of ["end", "close", "abort"] as const) {
      const near = client.connect(row.connect(listener), lines());
      let far: Connection<string> | undefined;
      connections.push(near);
      await steps(() => near.state === "closed" || (far = accept()) !== undefined);
      far ??= accept();
      for (let count = 0; count < 40; count++) near.trySend("x".repeat(100)); // over the receive limit
      far?.trySend("hello");
      await steps(() => far === undefined || far.stats.pauses > 0 || far.state === "closed");
      await steps(() => false, FEW_STEPS);
      for (const connection of connections) while (connection.tryRecv() !== undefined);
      await steps(() => far === undefined || far.tryRecv() === undefined, FEW_STEPS);
      near[ending]();
      const takeRest = () => connections.every((connection) => connection.tryRecv() === undefined);
      await steps(() => takeRest() && near.state === "closed" && far?.state === "closed");
    }
    const late = client.connect(row.connect(listener), lines());
    await turn(); // the system has been asked
    late.abort();
    connections.push(late);
    listener.close();
    server.close();
    client.close();
    for (let late = 0; late < 5; late++) {
      nowMs += 500;
      await steps(
        () => accept() === undefined && connections.every(({ state }) => state === "closed"),
        FEW_STEPS,
      );
    }
  } catch (error) {
    thrown.push(error);
  }
  for (const socket of strangers) socket.destroy();
  const reasons = [listener, ...connections].map(({ closeReason }) => closeReason as CloseReason);
  return { reasons: [...reasons, ...dropped], thrown };
}

/** A peer that says this, and nothing else. */
function stranger({ address }: Listener<string>, bytes: string): net.Socket {
  const socket = net.connect(address?.port ?? 1, "127.0.0.1").on("error", () => {});
  socket.resume().write(bytes, "latin1");
  return socket;
}

/** Sockets and servers that the process holds; a broken call may leave one. */
function openSockets(): unknown[] {
  const { _getActiveHandles } = process as unknown as { _getActiveHandles(): unknown[] };
  return _getActiveHandles().filter((handle) => handle instanceof net.Socket || handle instanceof net.Server);
}

function close(left: unknown): void {
  if (left instanceof net.Server) left.close();
  else if (left instanceof net.Socket) left.destroy();
}
