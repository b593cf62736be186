/** A listener on an HTTP server of somebody else's: it listens for as long as anybody can come in, and no longer. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { openServer, rawPeer, ServerRig, site } from "./rig.ts";

describe("a listener on a server that its owner closes", () => {
  test("ends at the next frame, although a connection is still there, which lives on", async () => {
    const http = await site();
    const server = await openServer({ server: http, path: "/play", pingIntervalMs: 100, deadPeerMs: 300 });
    const unlistened: string[] = [];
    server.net.on("unlisten", ({ reason }) => unlistened.push(reason.message));
    const peer = rawPeer(server, "/play");
    await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
    http.close();
    server.net.poll(server.now);
    expect([server.listener.state, unlistened]).toEqual(["closed", ["the HTTP server was closed"]]);
    peer.ws.send("still here\n");
    await server.until(() => server.accepted[0]?.tryRecv() === "still here");
    let pings = 0;
    peer.ws.on("ping", () => pings++);
    for (let step = 1; step <= 5; step++) {
      server.now += 100;
      await server.until(() => pings === step);
      for (let turn = 0; turn < 10; turn++) await server.until(() => true);
    }
    expect(server.accepted[0]?.state).toBe("open");
    peer.ws.terminate();
    await server.until(() => server.accepted[0]?.state === "closed");
    expect(unlistened).toHaveLength(1);
  });

  test("leaves nothing on the server, which may listen again with another listener", async () => {
    const http = await site();
    const server = await openServer({ server: http, path: "/play" });
    rawPeer(server, "/play");
    await server.until(() => server.accepted.length === 1);
    http.close();
    server.net.poll(server.now);
    expect(listenersOf(http)).toEqual(listenersOf(createServer(() => {})));
    http.closeAllConnections();
    for (const accepted of server.accepted) accepted.abort();
    await once(http, "close");
    await once(http.listen(0, "127.0.0.1"), "listening");
    const again = await openServer({ server: http, path: "/play" });
    rawPeer(again, "/play");
    await again.until(() => again.accepted.length === 1);
  });

  test("ends too when the owner closes it before it listens, or while it begins to", async () => {
    for (const begins of [false, true]) {
      const http = createServer();
      const server = new ServerRig({ server: http });
      server.net.poll(0);
      if (begins) http.listen(0, "127.0.0.1");
      http.close();
      await server.until(() => server.listener.state === "closed");
      expect(server.listener.closeReason?.message).toBe("the HTTP server was closed");
    }
  });

  test("waits for a server that never listens, and can be closed itself", async () => {
    const http = createServer();
    const server = new ServerRig({ server: http });
    for (let frame = 0; frame < 100; frame++) server.net.poll((server.now += 1_000));
    expect(server.listener.state).toBe("starting");
    server.listener.close();
    server.net.poll(server.now);
    expect(server.listener.closeReason?.message).toBe("this side closed the listener");
    expect(listenersOf(http)).toEqual(listenersOf(createServer()));
  });

  test("is one of several, and all of them end", async () => {
    const http = await site();
    const [one, two] = [
      await openServer({ server: http, path: "/one" }),
      await openServer({ server: http, path: "/two" }),
    ];
    http.close();
    for (const { net, listener } of [one, two]) {
      net.poll(0);
      expect(listener.state).toBe("closed");
    }
  });
});

describe("a request for a path of nobody's", () => {
  test.each(["/play", undefined])(
    "ends no process by a reset, beside others of the server (%s)",
    async (path) => {
      const http = await site();
      const left: Duplex[] = [];
      http.on("upgrade", (_, socket) => left.push(socket)); // as Vite does with what is not its own
      const server = await openServer({
        server: http,
        ...(path !== undefined && { path }),
        admit: () => 403,
      });
      const { port } = http.address() as AddressInfo;
      const stranger = connect(port, "127.0.0.1").on("error", () => {});
      stranger.write(UPGRADE.replace("GET /", "GET /elsewhere"));
      await server.until(() => left.length === 1);
      const [socket] = left;
      expect(socket?.listenerCount("error")).toBeGreaterThan(0);
      stranger.resetAndDestroy();
      await server.until(() => socket?.closed === true);
    },
  );
});

describe("a listener without a path, beside others of the server", () => {
  test("leaves them what they handle, whoever came first, and takes the rest", async () => {
    for (const comesFirst of [true, false]) {
      const http = await site();
      const reload = new WebSocketServer({ noServer: true });
      const other = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        if (request.headers["sec-websocket-protocol"] !== "vite-hmr") return;
        reload.handleUpgrade(request, socket, head, (ws) => ws.send("connected"));
      };
      if (comesFirst) http.on("upgrade", other);
      const server = await openServer({ server: http });
      if (!comesFirst) http.on("upgrade", other);
      const [page, player] = [rawPeer(server, "/", {}, ["vite-hmr"]), rawPeer(server, "/")];
      await server.until(() => page.received.length === 1 && server.accepted.length === 1);
      expect([page.received, server.drops]).toEqual([["connected"], []]);
      await server.until(() => player.ws.readyState === WebSocket.OPEN);
      player.ws.send("hello\n");
      await server.until(() => server.accepted[0]?.tryRecv() === "hello");
      page.ws.close();
      await server.until(() => page.ending() !== undefined);
      expect(server.accepted).toHaveLength(1);
    }
  });

  test("throws nothing into the server when two want one request", async () => {
    const http = await site();
    const server = await openServer({ server: http, path: "/play", admit: async () => true });
    const other = new WebSocketServer({ noServer: true });
    http.on("upgrade", (request, socket, head) => other.handleUpgrade(request, socket, head, () => {}));
    rawPeer(server, "/play");
    await server.until(() => server.drops.length === 1);
    expect(server.drops[0]).toMatchObject({ kind: "failed" });
    expect(server.accepted).toEqual([]);
  });
});

const UPGRADE =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/** How many listeners each event of a server has, without those of the tests. */
function listenersOf(server: Server): Record<string, number> {
  return Object.fromEntries(server.eventNames().map((name) => [String(name), server.listenerCount(name)]));
}
