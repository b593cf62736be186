/** WebSocket in Node against what else is on the net: curl's requests, raw frames, garbage, and ws as it is. */
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Connection, lines, Poller } from "../../../src/index.ts";
import { type WebSocketServerOptions, websocket, websocketServer } from "../../../src/websocket.ts";
import {
  acceptOf,
  endings,
  frame,
  HANDSHAKE,
  openServer,
  rawClient,
  rawPeer,
  rawServer,
  ServerRig,
  site,
} from "./rig.ts";

describe("who is let in", () => {
  test.each([
    { title: "no origin, as programs have none", headers: {}, status: undefined },
    {
      title: "the same host, with the port that the scheme has anyway",
      headers: { host: "Game.example:80", origin: "http://game.example" },
      status: undefined,
    },
    {
      title: "the same host at another port",
      headers: { host: "game.example:80", origin: "https://game.example" },
      status: 403,
    },
    {
      title: "the same host and port",
      headers: { host: "game.example:8080", origin: "https://game.example:8080" },
      status: undefined,
    },
    {
      title: "the same name in other letters",
      headers: { host: "GAME.example", origin: "https://game.example" },
      status: undefined,
    },
    { title: "another host", headers: { origin: "https://evil.example" }, status: 403 },
    { title: "no page at all", headers: { origin: "null" }, status: 403 },
  ])("by default, $title", async ({ headers, status }) => {
    const server = await openServer();
    const peer = rawPeer(server, "/", { headers });
    await server.until(() => peer.ws.readyState === WebSocket.OPEN || peer.ending() !== undefined);
    expect(peer.status()).toBe(status);
    if (status === undefined) return;
    await server.until(() => server.drops.length === 1);
    expect(server.drops[0]).toMatchObject({ kind: "denied", code: "403" });
    expect(server.drops[0]?.message).toContain(`"${(headers as { origin: string }).origin}"`);
  });

  test("a list lets in what is on it, and those without an origin", async () => {
    const server = await openServer({ origins: ["https://game.example", "http://localhost:3000/"] });
    const peers = ["https://game.example", "http://localhost:3000", "https://evil.example", undefined].map(
      (origin) => rawPeer(server, "/", origin === undefined ? {} : { origin }),
    );
    await server.until(() =>
      peers.every(({ ws, ending }) => ws.readyState === WebSocket.OPEN || ending() !== undefined),
    );
    expect(peers.map(({ status }) => status())).toEqual([undefined, undefined, 403, undefined]);
  });

  test("any origin, when that is asked for", async () => {
    const server = await openServer({ origins: "any" });
    const peer = rawPeer(server, "/", { origin: "https://evil.example" });
    await server.until(() => peer.ws.readyState === WebSocket.OPEN);
  });

  test("a client's origin is shown in bounds, and without control characters", async () => {
    const server = await openServer();
    rawPeer(server, "/", { origin: `https://${"x".repeat(5_000)}.example` });
    await server.until(() => server.drops.length === 1);
    expect(server.drops[0]?.message.length).toBeLessThan(200);
  });

  test("a path of its own: others are answered 404, and our client is told so", async () => {
    const server = await openServer({ path: "/play" });
    const peer = rawPeer(server, "/play?name=x");
    const other = server.net.connect(websocket(`ws://127.0.0.1:${server.port}/other`), lines());
    await server.until(() => peer.ws.readyState === WebSocket.OPEN && other.state === "closed");
    expect(other.closeReason).toMatchObject({ kind: "refused", code: "404" });
  });

  test("a client that is denied says so, with the status", async () => {
    const server = await openServer();
    const headers = { origin: "https://evil.example" };
    const client = server.net.connect(websocket(`ws://127.0.0.1:${server.port}`, { headers }), lines());
    await server.until(() => client.state === "closed");
    expect(client.closeReason).toMatchObject({ kind: "denied", code: "403" });
    expect(client.closeReason?.message).toContain("403 Forbidden");
  });

  test("the first of the server's protocols that a client offers is agreed on", async () => {
    const server = await openServer({ protocols: ["cube.2", "cube.1"] });
    const url = `ws://127.0.0.1:${server.port}`;
    const [good, bad] = [["cube.0", "cube.1"], ["chess"]].map((protocols) =>
      server.net.connect(websocket(url, { protocols }), lines()),
    );
    await server.until(() => good?.state === "open" && bad?.state === "closed");
    expect(bad?.closeReason?.message).toContain("subprotocol");
  });
});

describe("a server that is there", () => {
  test("serves several listeners at their paths, pages beside them, and 404 for the rest", async () => {
    const server = await site();
    const [one, two] = [
      await openServer({ server, path: "/one" }),
      await openServer({ server, path: "/two" }),
    ];
    const peers = ["/one", "/two", "/three"].map((path) => rawPeer(one, path));
    await one.until(() => peers[0]?.ws.readyState === WebSocket.OPEN && peers[2]?.status() === 404);
    await two.until(() => two.accepted.length === 1);
    expect(one.accepted).toHaveLength(1);
    const [page] = await once(get(`http://127.0.0.1:${one.port}/`), "response");
    expect((page as IncomingMessage).statusCode).toBe(200);
    (page as IncomingMessage).resume();
  });

  test("lives on when a listener closes, and forgets it", async () => {
    const server = await site();
    const first = await openServer({ server, path: "/play" });
    const peer = rawPeer(first, "/play");
    await first.until(() => first.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
    first.listener.close();
    expect(server.listening).toBe(true);
    expect(server.listenerCount("upgrade")).toBe(0);
    peer.ws.send("still here\n");
    await first.until(() => first.accepted[0]?.tryRecv() === "still here");
    const again = await openServer({ server, path: "/play" });
    expect(again.listener.state).toBe("listening");
  });

  test("refuses a second listener on the same path, as a state with a reason", async () => {
    const server = await site();
    await openServer({ server, path: "/play" });
    const second = await openServer({ server, path: "/play" });
    expect(second.listener.closeReason?.kind).toBe("address-in-use");
  });

  test("leaves paths that it does not know to other listeners", async () => {
    const server = await site();
    const ours = await openServer({ server, path: "/play" });
    const theirs = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      if (request.url === "/theirs") theirs.handleUpgrade(request, socket, head, (ws) => ws.send("theirs"));
    });
    const peer = rawPeer(ours, "/theirs");
    await ours.until(() => peer.received.includes("theirs"));
  });

  test("is waited for when it does not listen yet, and its errors stay its owner's", async () => {
    const taken = await site();
    const server = createServer();
    const net = new Poller();
    const listener = net.listen(websocketServer({ server }), lines());
    net.poll();
    expect(listener.state).toBe("starting");
    const failed = once(server, "error");
    server.listen((taken.address() as AddressInfo).port, "127.0.0.1");
    await failed;
    net.poll();
    expect(listener.closeReason?.kind).toBe("address-in-use");
    expect(server.listenerCount("upgrade")).toBe(0);
  });

  test("may be listened with again, on the same path, after it failed or was closed", async () => {
    const taken = await site();
    const server = createServer().on("error", () => {});
    endings.push(() => server.close());
    const first = new ServerRig({ server, path: "/play" });
    server.listen((taken.address() as AddressInfo).port, "127.0.0.1");
    await first.until(() => first.listener.state === "closed");
    await once(server.listen(0, "127.0.0.1"), "listening");
    const second = await openServer({ server, path: "/play" });
    expect(second.listener.state).toBe("listening");
    server.close();
    await second.until(() => second.listener.state === "closed");
    await once(server.listen(0, "127.0.0.1"), "listening");
    const third = await openServer({ server, path: "/play" });
    rawPeer(third, "/play");
    await third.until(() => third.accepted.length === 1);
    expect(server.listenerCount("upgrade")).toBe(1);
  });

  test("closes the listener when its owner closes it", async () => {
    const server = await site();
    const ours = await openServer({ server });
    server.close();
    await ours.until(() => ours.listener.state === "closed");
    expect(ours.listener.closeReason?.message).toContain("HTTP server was closed");
  });
});

describe("garbage on the port", () => {
  test("a plain request is answered 426", async () => {
    const server = await openServer();
    const response = once(get(`http://127.0.0.1:${server.port}/`), "response");
    await server.until(() => true);
    const [answer] = (await response) as [IncomingMessage];
    answer.resume();
    expect([answer.statusCode, answer.headers.upgrade]).toEqual([426, "websocket"]);
  });

  test.each([
    ["noise", Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7_919 + 13) % 251), "protocol"],
    ["a TLS greeting", Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), "protocol"],
    ["headers without end", `GET / HTTP/1.1\r\n${"X-Long: x\r\n".repeat(10_000)}`, "protocol"],
    [
      "an upgrade to something else",
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
      "protocol",
    ],
    ["a handshake without a key", HANDSHAKE.replace(/Sec-WebSocket-Key.*\r\n/, ""), "protocol"],
    ["a handshake of another version", HANDSHAKE.replace("Version: 13", "Version: 7"), "protocol"],
    ["a handshake by POST", HANDSHAKE.replace("GET", "POST"), "protocol"],
  ])("%s is sent away, reported, and nobody else notices", async (_, bytes, kind) => {
    const server = await openServer();
    const good = rawPeer(server);
    await server.until(() => good.ws.readyState === WebSocket.OPEN);
    const bad = await rawClient(server.port, bytes);
    await server.until(() => bad.isOver() && server.drops.length > 0);
    expect(server.drops[0]?.kind).toBe(kind);
    good.ws.send("fine\n");
    await server.until(() => server.accepted[0]?.tryRecv() === "fine");
  });

  test.each([
    ["nothing", ""],
    ["half a request", "GET / HTTP/1.1\r\nHost: ga"],
  ])("who sends %s is dropped when the handshake deadline is over", async (_, bytes) => {
    const server = await openServer({ handshakeTimeoutMs: 200 });
    const slow = await rawClient(server.port, bytes);
    await server.until(() => slow.isOver() && server.drops.length === 1);
    expect(server.drops[0]?.kind).toBe("timeout");
  });

  test.each([
    ["unmasked frames", frame(0x82, "hi\n", false), "protocol", 1002],
    ["reserved bits", frame(0xf2, "hi\n"), "protocol", 1002],
    ["an unknown opcode", frame(0x83, "hi\n"), "protocol", 1002],
    ["a text that is no UTF-8", frame(0x81, Uint8Array.from([0xc3, 0x28])), "protocol", 1007],
    ["a close code that is none", frame(0x88, Uint8Array.from([0, 1])), "protocol", 1002],
    ["a payload over the limit", frame(0x82, "x".repeat(101)), "overflow", 1009],
  ])("%s end the connection, after what was good", async (_, bytes, kind, code) => {
    const server = await openServer({ maxPayloadBytes: 100 });
    const bad = await rawClient(server.port, HANDSHAKE);
    await server.until(() => bad.received().includes("101 Switching Protocols"));
    bad.socket.write(frame(0x82, "good\n"));
    bad.socket.write(bytes);
    const got: string[] = [];
    await server.until(() => {
      got.push(...(server.accepted[0] ?? []));
      return bad.received().endsWith(String.fromCharCode(0x88, 2, code >> 8, code & 255));
    });
    bad.socket.end();
    await server.until(() => server.accepted[0]?.state === "closed");
    expect(got).toEqual(["good"]);
    expect(server.accepted[0]?.closeReason?.kind).toBe(kind);
  });

  test("a reset in the middle of a frame is a reset", async () => {
    const server = await openServer();
    const bad = await rawClient(server.port, HANDSHAKE);
    await server.until(() => server.accepted.length === 1);
    bad.socket.write(Uint8Array.from([0x82, 0x85, 0, 0, 0, 0, 0x68]));
    bad.socket.resetAndDestroy();
    await server.until(() => server.accepted[0]?.state === "closed");
    expect(server.accepted[0]?.closeReason?.kind).toBe("reset");
  });

  test("what a reset lost on its way out is not counted as gone", async () => {
    const net = new Poller({ sendLimitBytes: 20_000_000 });
    const server = await openServer();
    const listener = net.listen(
      websocketServer({ host: "127.0.0.1", port: 0 }),
      lines({ maxSentLineBytes: 200_000 }),
    );
    endings.push(() => net[Symbol.dispose]());
    let accepted: Connection<string> | undefined;
    const step = (): boolean => {
      net.poll();
      accepted ??= listener.tryAccept();
      net.flush();
      return true;
    };
    await server.until(() => step() && listener.state === "listening");
    const bad = await rawClient(listener.address?.port ?? 0, HANDSHAKE);
    bad.socket.pause();
    await server.until(() => step() && accepted !== undefined);
    for (let count = 0; count < 150; count++) accepted?.trySend("x".repeat(100_000));
    step();
    step();
    expect(accepted?.pendingBytes).toBeGreaterThan(10_000_000);
    accepted?.close();
    step();
    bad.socket.resetAndDestroy();
    await server.until(() => step() && accepted?.state === "closed");
    expect(accepted?.closeReason?.kind).toBe("reset");
    expect(accepted?.pendingBytes).toBeGreaterThan(1_000_000);
  });

  test("an answer that is no HTTP, or another protocol, is the client's close reason", async () => {
    const server = await openServer();
    const fools = [
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 101 OK\r\nUpgrade: chess\r\nConnection: Upgrade\r\n\r\n",
    ];
    for (const text of fools) {
      const url = await rawServer((socket) => socket.end(text));
      const client = server.net.connect(websocket(url), lines());
      await server.until(() => client.state === "closed");
      expect(client.closeReason?.kind).toBe("protocol");
      expect(client.closeReason?.message).toContain("does not speak WebSocket");
    }
  });
});

test("what a server writes behind its status is shown in bounds, and without control characters", async () => {
  const server = await openServer();
  const status = `403 No\u001b[2J${"x".repeat(9_000)}`;
  const url = await rawServer((socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`));
  const client = server.net.connect(websocket(url), lines());
  await server.until(() => client.state === "closed");
  expect(client.closeReason).toMatchObject({ kind: "denied", code: "403" });
  expect(client.closeReason?.message).toContain("403 No\uFFFD[2Jxxx");
  expect(client.closeReason?.message.length).toBeLessThan(250);
});

describe("between tickwire and others", () => {
  test("several messages of a frame travel in one WebSocket message, and texts are their bytes", async () => {
    const server = await openServer();
    const peer = rawPeer(server);
    await server.until(() => server.accepted.length === 1);
    for (const text of ["one", "two", "three"]) server.accepted[0]?.trySend(text);
    await server.until(() => peer.received.length > 0);
    expect(peer.received).toEqual(["one\ntwo\nthree\n"]);
    peer.ws.send("ha");
    peer.ws.send(Buffer.from("lf ✓\nand "));
    peer.ws.send("more\n");
    const got: string[] = [];
    await server.until(() => got.push(...(server.accepted[0] ?? [])) > 0 && got.length === 2);
    expect(got).toEqual(["half ✓", "and more"]);
  });

  test("a frame's worth that is long goes out in several messages, and comes whole", async () => {
    const server = await openServer({ maxPayloadBytes: 65_536 });
    const transport = websocket(`ws://127.0.0.1:${server.port}`);
    const client = server.net.connect(transport, lines({ maxLineBytes: 1_000_000 }));
    const peer = rawPeer(server);
    await server.until(() => server.accepted.length === 2 && client.state === "open");
    const long = "x".repeat(60_000);
    for (let count = 0; count < 10; count++) expect(client.trySend(long)).toBe(true);
    for (const accepted of server.accepted) for (let count = 0; count < 10; count++) accepted.trySend(long);
    let got = 0;
    await server.until(() => {
      for (const accepted of server.accepted) for (const line of accepted) got += line.length;
      return got === 600_000 && peer.received.join("").length === 600_010;
    });
    expect(Math.max(...peer.received.map((message) => message.length))).toBe(65_536);
  });

  test.each([
    [1000, "", { kind: "remote", message: "the peer closed the connection" }],
    [1001, "", { kind: "remote", code: "1001" }],
    [1002, "bad", { kind: "protocol", code: "1002" }],
    [1003, "", { kind: "protocol" }],
    [
      1007,
      "line 3",
      {
        kind: "protocol",
        message: 'the peer closed the connection with code 1007 (protocol): "line 3"',
      },
    ],
    [1008, "", { kind: "denied" }],
    [1009, "", { kind: "overflow" }],
    [1011, "", { kind: "failed" }],
    [1012, "", { kind: "remote" }],
    [1013, "", { kind: "overflow" }],
    [3008, "", { kind: "remote", goodbye: { code: 3008 } }],
    [3008, "tickwire: too late", { kind: "timeout", message: expect.stringMatching(/: "too late"$/) }],
    [
      4001,
      "room is full",
      { kind: "remote", code: "4001", message: expect.stringContaining("room is full") },
    ],
    [4006, "", { kind: "remote", code: "4006" }],
    [4007, "kicked", { kind: "remote", code: "4007" }],
    [4013, "", { kind: "remote" }],
    [
      4444,
      "what \u001b[2J\u202Eis this",
      { kind: "remote", code: "4444", message: expect.stringContaining('"what \uFFFD[2J\uFFFDis this"') },
    ],
  ])("a peer's close with %d is understood, at both ends", async (code, text, reason) => {
    const server = await openServer();
    const peer = rawPeer(server);
    await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
    peer.ws.close(code, text);
    await server.until(() => server.accepted[0]?.state === "closed");
    expect(server.accepted[0]?.closeReason).toMatchObject(reason);

    const raw = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    endings.push(() => raw.close());
    raw.on("connection", (ws) => ws.close(code, text));
    await once(raw, "listening");
    const url = `ws://127.0.0.1:${(raw.address() as AddressInfo).port}`;
    const client = server.net.connect(websocket(url), lines());
    await server.until(() => client.state === "closed");
    expect(client.closeReason).toMatchObject(reason);
  });

  test("a peer that ends without a close frame is a reset", async () => {
    const server = await openServer();
    const bad = await rawClient(server.port, HANDSHAKE);
    await server.until(() => server.accepted.length === 1);
    bad.socket.end();
    await server.until(() => server.accepted[0]?.state === "closed");
    expect(server.accepted[0]?.closeReason).toMatchObject({ kind: "reset" });
  });

  test("the peer is told why this side ends, in a text that fits", async () => {
    const server = await openServer();
    const [local, protocol] = [rawPeer(server), rawPeer(server)];
    await server.until(() => server.accepted.length === 2 && protocol.ws.readyState === WebSocket.OPEN);
    const [first, second] = server.accepted;
    protocol.ws.send(Uint8Array.from([0xff, 0x0a]));
    local.ws.send("you are first\n");
    await server.until(() => [first, second].some((accepted) => accepted?.tryRecv() === "you are first"));
    for (const accepted of server.accepted) if (accepted.state === "open") accepted.close();
    await server.until(() => local.ending() !== undefined && protocol.ending() !== undefined);
    expect(local.ending()).toEqual({ code: 1000, text: "" });
    expect(protocol.ending()).toEqual({ code: 1007, text: "line 1 is not valid UTF-8" });
  });

  test.each([
    [4006, "tickwire: ", { kind: "reset", code: "4006" }],
    [
      4007,
      "tickwire: line 3",
      { kind: "protocol", message: expect.stringMatching(/\(protocol\): "line 3"$/) },
    ],
    [4008, "tickwire: gone", { kind: "denied" }],
    [4011, "tickwire: oh", { kind: "failed" }],
    [4013, "tickwire: later", { kind: "overflow" }],
    [4444, "tickwire: mine", { kind: "remote", code: "4444" }],
  ])(
    "%d with the mark of a page of tickwire has its meaning at a server, and none at a client",
    async (code, text, reason) => {
      const server = await openServer();
      const peer = rawPeer(server);
      await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
      peer.ws.close(code, text);
      await server.until(() => server.accepted[0]?.state === "closed");
      expect(server.accepted[0]?.closeReason).toMatchObject(reason);

      const raw = new WebSocketServer({ port: 0, host: "127.0.0.1" });
      endings.push(() => raw.close());
      raw.on("connection", (ws) => ws.close(code, text));
      await once(raw, "listening");
      const client = server.net.connect(
        websocket(`ws://127.0.0.1:${(raw.address() as AddressInfo).port}`),
        lines(),
      );
      await server.until(() => client.state === "closed");
      expect(client.closeReason).toMatchObject({ kind: "remote", code: String(code) });
    },
  );
});

describe("a peer that is gone without a word", () => {
  const quick = { pingIntervalMs: 100, deadPeerMs: 300 };

  /** A client that has a socket and never answers a ping. */
  async function mute(
    options: Partial<WebSocketServerOptions> = {},
  ): Promise<{ server: ServerRig; pings: () => number }> {
    const server = await openServer({ ...quick, ...options });
    const bad = await rawClient(server.port, HANDSHAKE);
    await server.until(() => server.accepted.length === 1 && bad.received().includes("\r\n\r\n"));
    const PING = String.fromCharCode(0x89); // and nothing else that comes has that byte
    return { server, pings: () => bad.received().split(PING).length - 1 };
  }

  test("is pinged, and closed with timeout when it stays silent, in polled time", async () => {
    const { server, pings } = await mute();
    for (const now of [0, 99, 100, 199, 200, 299]) {
      server.now = now;
      await server.until(() => pings() === 1 + Math.floor(now / 100));
      expect(server.accepted[0]?.state).toBe("open");
    }
    server.now = 300;
    await server.until(() => server.accepted[0]?.state === "closed");
    expect(server.accepted[0]?.closeReason).toMatchObject({
      kind: "timeout",
      code: "deadPeerMs",
      message: expect.stringContaining("ping"),
    });
  });

  test("is not looked for where that is not wanted, and wakes nobody", async () => {
    const { server } = await mute({ pingIntervalMs: Infinity, deadPeerMs: Infinity });
    expect(server.net.dueInMs()).toBe(Infinity);
  });

  test("is given the time of a late frame", async () => {
    const { server } = await mute({ deadPeerMs: 1_500 });
    server.now = 60_000; // a debugger's pause counts for a second
    await server.until(() => true);
    await server.until(() => true);
    expect(server.accepted[0]?.state).toBe("open");
    server.now = 60_500;
    await server.until(() => server.accepted[0]?.state === "closed");
  });

  test("who answers pings stays, and who speaks is pinged as often, for the round trip", async () => {
    const server = await openServer(quick);
    const peer = rawPeer(server);
    let pings = 0;
    peer.ws.on("ping", () => pings++);
    await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
    for (let round = 1; round <= 5; round++) {
      server.now += 100;
      await server.until(() => pings === 1 + round);
      await server.until(() => (peer.ws as unknown as { bufferedAmount: number }).bufferedAmount === 0);
      for (let turn = 0; turn < 20; turn++) await server.until(() => true);
    }
    expect(server.accepted[0]?.state).toBe("open");
    for (let round = 0; round < 5; round++) {
      server.now += 50;
      peer.ws.send("talk\n");
      await server.until(() => server.accepted[0]?.tryRecv() === "talk");
      server.now += 50;
      await server.until(() => true);
    }
    await server.until(() => pings === 11);
  });

  test("our client finds a dead server the same way, and wakes a program that waits", async () => {
    const server = await openServer();
    const url = await rawServer((socket) => {
      socket.once("data", (request) => socket.write(acceptOf(request)));
    });
    const client = server.net.connect(websocket(url, quick), lines());
    await server.until(() => client.state === "open");
    await server.until(() => true);
    expect(server.net.dueInMs()).toBeLessThanOrEqual(100);
    for (let step = 0; step < 4; step++) {
      server.now += 100;
      await server.until(() => true);
    }
    await server.until(() => client.state === "closed");
    expect(client.closeReason?.kind).toBe("timeout");
  });
});
