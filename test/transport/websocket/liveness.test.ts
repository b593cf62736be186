/** Who counts as alive over WebSocket, and for how long: bytes below the codec, paused ends, and ends that do not end. */
import { once } from "node:events";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Connection, lines, type PollerOptions } from "../../../src/index.ts";
import { type LivenessOptions, websocket } from "../../../src/websocket.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "../node/certificates.ts";
import {
  acceptOf,
  endings,
  frame,
  HANDSHAKE,
  openServer,
  rawClient,
  rawPeer,
  rawServer,
  type ServerRig,
  site,
} from "./rig.ts";

const QUICK = { pingIntervalMs: 100, deadPeerMs: 300 };
const NEVER = { pingIntervalMs: Infinity, deadPeerMs: Infinity };

interface Watched {
  readonly server: ServerRig;
  readonly connection: Connection<string>;
  readonly peer: Socket;
  readonly received: () => string;
  /** The peer sends bytes; they are at the server when this is over. */
  send(bytes: Uint8Array): Promise<void>;
  /** Time passes at the server, and nothing comes. */
  pass(ms: number): Promise<void>;
}

/** A bare peer with a WebSocket, at a server whose socket can be watched. */
async function watched(liveness: LivenessOptions, limits: PollerOptions = {}): Promise<Watched> {
  const http = await site();
  const sockets: Socket[] = [];
  http.on("connection", (socket) => sockets.push(socket));
  const server = await openServer({ server: http, ...liveness }, limits);
  const { socket: peer, received } = await rawClient((http.address() as AddressInfo).port, HANDSHAKE);
  await server.until(() => server.accepted.length === 1 && received().includes("\r\n\r\n"));
  const far = sockets[0] as Socket;
  return {
    server,
    connection: server.accepted[0] as Connection<string>,
    peer,
    received,
    async send(bytes) {
      const total = far.bytesRead + bytes.length;
      peer.write(bytes);
      await server.until(() => far.bytesRead >= total);
      await server.until(() => true);
    },
    async pass(ms) {
      server.now += ms;
      await server.until(() => true);
      await server.until(() => true);
    },
  };
}

/** The head of a frame of 126 bytes or more, masked with zeros. */
function headOf(firstByte: number, sizeBytes: number): Uint8Array {
  return Uint8Array.of(firstByte, 0x80 | 126, sizeBytes >> 8, sizeBytes & 255, 0, 0, 0, 0);
}

describe("the bytes of a message that is not whole", () => {
  test.each([
    ["the heartbeat", QUICK, {}],
    ["the idle deadline", NEVER, { idleTimeoutMs: 300 }],
  ])("are life for %s, and the message comes whole", async (_, liveness, limits) => {
    const { connection, send, pass } = await watched(liveness, limits);
    await send(headOf(0x82, 2_001));
    for (let part = 0; part < 10; part++) {
      await pass(290);
      expect(connection.state).toBe("open");
      await send(new Uint8Array(200).fill(65));
    }
    await send(Uint8Array.of(10));
    expect(connection.tryRecv()).toHaveLength(2_000);
  });

  test.each([
    ["one frame", [headOf(0x82, 2_000)], false],
    [
      "fragments",
      [frame(0x02, "some"), frame(0x00, "more"), frame(0x89, "ping"), frame(0x00, "of it")],
      true,
    ],
    [
      "two bytes behind a whole one",
      [Buffer.concat([frame(0x82, "one\n"), Uint8Array.of(0x82, 0xff)])],
      false,
    ],
  ])("has to come whole within the deadline of a partial message: %s", async (_, pieces, answersPings) => {
    const liveness = answersPings ? QUICK : NEVER;
    const { connection, send, pass } = await watched(liveness, { partialMessageTimeoutMs: 500 });
    for (const piece of pieces) await send(piece);
    for (let step = 0; step < 5; step++) {
      if (answersPings) await send(frame(0x8a, ""));
      await pass(99);
      expect(connection.state).toBe("open");
    }
    await pass(4);
    expect(connection.state).toBe("open");
    await pass(1);
    for (const line of connection) expect(line).toBe("one");
    await pass(0);
    expect(connection.closeReason).toMatchObject({ kind: "timeout", code: "partialMessageTimeoutMs" });
  });

  test("bound by maxPayloadBytes are an overflow with that code, however small their pieces are", async () => {
    const { connection, peer, server } = await watched({ ...NEVER, maxPayloadBytes: 1_000 });
    const piece = frame(0x00, "");
    peer.write(Buffer.concat([frame(0x02, "a"), ...Array.from({ length: 1_100 }, () => piece)]));
    await server.until(() => connection.state !== "open");
    server.now += 10_000;
    await server.until(() => connection.state === "closed");
    expect(connection.closeReason).toMatchObject({ kind: "overflow", code: "maxPayloadBytes" });
  });
});

describe("the bytes of a TLS record that is not whole", needs("openssl"), () => {
  test.each([
    ["the heartbeat", "server", QUICK, {}],
    ["the heartbeat", "client", QUICK, {}],
    ["the idle deadline", "server", NEVER, { idleTimeoutMs: 300 }],
    ["the idle deadline", "client", NEVER, { idleTimeoutMs: 300 }],
  ] as const)(
    "are life for %s of a %s, and a silence behind them is none",
    async (_, side, liveness, limits) => {
      const isServer = side === "server";
      const { ca, localhost } = certificates() ?? NO_CERTIFICATES;
      const http = createSecureServer({ ...localhost } as ServerOptions);
      await once(http.listen(0, "127.0.0.1"), "listening");
      endings.push(() => http.close());
      const options = { server: http, ...(isServer ? liveness : NEVER) };
      const server = await openServer(options, isServer ? limits : {});
      const way = await slowWay((http.address() as AddressInfo).port, side);
      const secure = { ca, servername: "localhost", ...(isServer ? NEVER : liveness) };
      const transport = websocket(`wss://127.0.0.1:${way.port}`, secure);
      const client = server.net.connect(transport, lines(), isServer ? { idleTimeoutMs: Infinity } : limits);
      await server.until(() => server.accepted.length === 1 && client.state === "open");
      const [watched, other] = isServer ? [server.accepted[0], client] : [client, server.accepted[0]];
      const pass = async (ms: number) => {
        let turns = 0;
        await server.until(() => turns++ === 20);
        server.now += ms;
        await server.until(() => turns++ === 25);
      };
      way.hold();
      other?.trySend("x".repeat(200));
      await server.until(() => way.heldBytes() > 200);
      for (let part = 0; part < 8; part++) {
        way.release(20);
        await pass(290);
        expect([part, watched?.closeReason]).toEqual([part, undefined]);
      }
      for (let step = 0; step < 3; step++) await pass(290);
      const code = liveness === QUICK ? "deadPeerMs" : "idleTimeoutMs";
      await server.until(() => watched?.state === "closed");
      expect(watched?.closeReason).toMatchObject({ kind: "timeout", code });
    },
  );

  /** A way to a port that can hold what goes to one side, and let go of so many bytes of it. */
  async function slowWay(port: number, side: "client" | "server") {
    let held: Buffer | undefined;
    let onwards: Socket | undefined;
    const proxy = createTcpServer((near) => {
      const far = connect(port, "127.0.0.1");
      endings.push(
        () => near.destroy(),
        () => far.destroy(),
      );
      const [from, to] = side === "server" ? [near, far] : [far, near];
      for (const socket of [near, far]) socket.on("error", () => {}).setNoDelay();
      onwards = to.on("data", (piece) => from.write(piece));
      from.on("data", (piece: Buffer) => {
        if (held === undefined) to.write(piece);
        else held = Buffer.concat([held, piece]);
      });
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    endings.push(() => proxy.close());
    return {
      port: (proxy.address() as AddressInfo).port,
      hold: () => {
        held = Buffer.alloc(0);
      },
      heldBytes: () => held?.length ?? 0,
      release: (sizeBytes: number) => {
        onwards?.write(held?.subarray(0, sizeBytes) ?? "");
        held = held?.subarray(sizeBytes);
      },
    };
  }
});

test("a message over maxPayloadBytes has that name as its code, and ws' own in its cause", async () => {
  const server = await openServer({ maxPayloadBytes: 100 });
  const peer = rawPeer(server);
  await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
  peer.ws.send("x".repeat(101));
  await server.until(() => server.accepted[0]?.state === "closed");
  expect(server.accepted[0]?.closeReason).toMatchObject({
    kind: "overflow",
    code: "maxPayloadBytes",
    cause: { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" },
  });
  await server.until(() => peer.ending()?.code === 1009);
});

test("answers to pings are no life for the idle deadline: a browser gives them without its game", async () => {
  const { connection, send, pass } = await watched(QUICK, { idleTimeoutMs: 500 });
  for (let step = 0; step < 5; step++) {
    await pass(90);
    await send(frame(0x8a, ""));
    expect(connection.state).toBe("open");
  }
  await pass(50);
  await pass(0);
  expect(connection.closeReason).toMatchObject({ kind: "timeout", code: "idleTimeoutMs" });
});

describe("an end that its own receive limit has paused", () => {
  test("shows the other that it lives, without reading its pings", async () => {
    const server = await openServer(QUICK, { receiveLimitBytes: 1_000 });
    const client = server.net.connect(websocket(`ws://127.0.0.1:${server.port}`, QUICK), lines());
    await server.until(() => server.accepted.length === 1 && client.state === "open");
    const far = server.accepted[0] as Connection<string>;
    for (let line = 0; line < 50; line++) far.trySend("x".repeat(100));
    await server.until(() => client.stats.pauses === 1);
    for (let step = 0; step < 30; step++) {
      server.now += 100;
      for (let turn = 0; turn < 10; turn++) await server.until(() => true);
    }
    expect([far.state, client.state]).toEqual(["open", "open"]);
    let got = 0;
    await server.until(() => {
      for (const _ of client) got++;
      return got === 50;
    });
  });

  test("shows it by pongs, which others' servers wait for", async () => {
    const raw = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    endings.push(() => raw.close());
    await once(raw, "listening");
    let pongs = 0;
    raw.on("connection", (ws) => {
      ws.on("pong", () => pongs++);
      ws.send("x\n".repeat(1_000));
    });
    const server = await openServer();
    const url = `ws://127.0.0.1:${(raw.address() as AddressInfo).port}`;
    const client = server.net.connect(websocket(url, QUICK), lines(), { receiveLimitBytes: 1_000 });
    await server.until(() => client.stats.pauses === 1);
    for (let step = 1; step <= 5; step++) {
      server.now += 100;
      await server.until(() => pongs >= step);
    }
    expect(client.state).toBe("open");
  });
});

describe("a peer that has said goodbye and keeps its socket", () => {
  test("has ended for the game at once, and is cut at the close deadline", async () => {
    const { connection, peer, send, pass } = await watched(NEVER, { closeTimeoutMs: 500 });
    let isOver = false;
    peer.on("close", () => {
      isOver = true;
    });
    await send(frame(0x82, "last words\n"));
    await send(frame(0x88, Uint8Array.of(0x03, 0xf0, 0x6e, 0x6f)));
    expect(connection.tryRecv()).toBe("last words");
    await pass(1);
    expect(connection.state).toBe("closing");
    expect(connection.recvEnded).toBe(true);
    await pass(501);
    await pass(1);
    expect(connection.closeReason).toMatchObject({
      kind: "denied",
      code: "1008",
      message: expect.stringContaining('"no"'),
    });
    peer.destroy();
    expect(isOver || peer.destroyed).toBe(true);
  });

  test("that ends in the middle of a message has broken it off", async () => {
    const { connection, server, send, peer } = await watched(NEVER);
    await send(frame(0x02, "half"));
    await send(frame(0x88, Uint8Array.of(0x03, 0xe8)));
    peer.end();
    await server.until(() => connection.state === "closed");
    expect(connection.closeReason).toMatchObject({
      kind: "protocol",
      message: expect.stringContaining("ended inside"),
    });
  });

  test("is a server too: our client sees the end before the socket's", async () => {
    const server = await openServer();
    const url = await rawServer((socket) => {
      socket.once("data", (request) => {
        socket.write(acceptOf(request));
        socket.write(Uint8Array.of(0x88, 0x02, 0x0f, 0xa1)); // 4001
      });
    });
    const client = server.net.connect(websocket(url, NEVER), lines(), { closeTimeoutMs: 300 });
    await server.until(() => client.state === "closing");
    server.now += 300;
    await server.until(() => client.state === "closed");
    expect(client.closeReason).toMatchObject({ kind: "remote", code: "4001" });
  });
});

describe("a close of this side", () => {
  test("waits for as long as the close deadline says, not for the heartbeat or a timer of ws", async () => {
    const { connection, peer, server, pass, received } = await watched(QUICK, { closeTimeoutMs: 120_000 });
    connection.close();
    await server.until(() => received().includes(GOODBYE));
    for (let step = 0; step < 119; step++) await pass(1_000);
    expect(connection.state).toBe("closing");
    peer.write(frame(0x88, Uint8Array.of(0x03, 0xe8)));
    peer.end();
    await server.until(() => connection.state === "closed");
    expect(connection.closeReason?.kind).toBe("local");
  });

  test.each([120_000, Infinity])("of %d ms sets no timer that fires earlier", async (closeTimeoutMs) => {
    const { connection, server, received } = await watched(QUICK, { closeTimeoutMs });
    const timers = vi.spyOn(globalThis, "setTimeout");
    endings.push(() => timers.mockRestore());
    connection.close();
    await server.until(() => received().includes(GOODBYE));
    const delays = timers.mock.calls.map(([, delay]) => delay ?? 0);
    expect(delays.filter((delay) => delay > 20_000)).toEqual([2 ** 31 - 1]);
  });
});

/** A close frame with 1000, as a server sends it. */
const GOODBYE = "\u0088\u0002\u0003\u00e8";
