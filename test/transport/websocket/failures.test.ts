/**
 * Calls of ws and of Node that may throw, made to throw where nobody could catch it:
 * inside a poll, or inside a socket's event. Each becomes the close reason of its
 * connection, or the answer is left out; the process and the others go on.
 */
import { once } from "node:events";
import { createServer as createSecureServer, type ServerOptions } from "node:https";
import { type AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type Connection, lines } from "../../../src/index.ts";
import { websocket } from "../../../src/websocket.ts";
import { needs } from "../../machine.ts";
import { certificates, NO_CERTIFICATES } from "../node/certificates.ts";
import { endings, HANDSHAKE, openServer, rawClient, rawPeer, type ServerRig } from "./rig.ts";

const FAILURE: Error = Object.assign(new Error("injected"), { code: "EINJECTED" });

/** Makes a method throw from now on, for the objects that `isMeant` says. */
function breaks<Host extends object>(
  host: Host,
  name: keyof Host & string,
  isMeant: (self: Host) => boolean,
): void {
  const original = host[name] as (...args: unknown[]) => unknown;
  const spy = vi.spyOn(host as Record<string, () => unknown>, name);
  spy.mockImplementation(function (this: unknown, ...args: unknown[]) {
    if (isMeant(this as Host)) throw FAILURE;
    return original.apply(this, args);
  } as never);
  endings.push(() => spy.mockRestore());
}

async function pair(
  clientPings = true,
): Promise<{ server: ServerRig; near: Connection<string>; far: Connection<string> }> {
  const server = await openServer({ pingIntervalMs: 100, deadPeerMs: 300 }, { receiveLimitBytes: 1_000 });
  const liveness = clientPings ? { pingIntervalMs: 100, deadPeerMs: 300 } : { pingIntervalMs: Infinity };
  const transport = websocket(`ws://127.0.0.1:${server.port}`, liveness);
  const near = server.net.connect(transport, lines());
  await server.until(() => server.accepted.length === 1 && near.state === "open");
  return { server, near, far: server.accepted[0] as Connection<string> };
}

/** Sockets of ws at the server's end. */
const isAccepted = (ws: WebSocket): boolean => (ws as unknown as { _isServer: boolean })._isServer;

/** Whether a TLS socket is a server's. */
const isServerOf = (socket: TLSSocket): boolean =>
  (socket as unknown as { _tlsOptions: { isServer?: boolean } })._tlsOptions.isServer === true;

describe("a call that throws ends its connection with that error", () => {
  test.each(["send", "close", "ping", "pong"] as const)("ws.%s", async (method) => {
    const { server, near, far } = await pair(method !== "pong"); // the answer to a ping is below
    breaks(WebSocket.prototype, method, isAccepted);
    if (method === "send") far.trySend("x".repeat(5_000)); // which ws frames itself
    if (method === "close") far.close();
    if (method === "pong") {
      for (let line = 0; line < 30; line++) near.trySend("x".repeat(100)); // which pauses the far end
      await server.until(() => far.stats.pauses === 1);
    }
    await server.until(() => {
      server.now += method === "send" || method === "close" ? 0 : 100;
      for (const _ of method === "pong" && far.state !== "open" ? far : []);
      return far.state === "closed" && near.state === "closed";
    });
    expect(far.closeReason).toMatchObject({ kind: "failed", code: "EINJECTED", cause: FAILURE });
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("the socket's own write of a short message", async () => {
    const { server, near, far } = await pair();
    breaks(Socket.prototype, "write", (socket) => (socket as { server?: unknown }).server !== undefined);
    far.trySend("hello");
    await server.until(() => far.state === "closed" && near.state === "closed");
    expect(far.closeReason).toMatchObject({ kind: "failed", code: "EINJECTED", cause: FAILURE });
    expect(near.closeReason?.kind).toBe("reset");
  });

  test("ws' own answer to a ping", async () => {
    const { server, near, far } = await pair();
    breaks(WebSocket.prototype, "pong", isAccepted);
    await server.until(() => {
      server.now += 100;
      return far.state === "closed" && near.state === "closed";
    });
    expect(far.closeReason).toMatchObject({ kind: "failed", code: "EINJECTED", cause: FAILURE });
  });

  test.each([
    ["the peer's address", "_getpeername", "refused|reset|failed"],
    ["its own address", "_getsockname", "failed|reset"],
  ])("what the system says of %s", async (_, method, kinds) => {
    const server = await openServer();
    const port = server.port;
    breaks(Socket.prototype as unknown as Record<string, unknown>, method, () => true);
    const client = server.net.connect(websocket(`ws://127.0.0.1:${port}`), lines());
    await server.until(() => client.state === "closed");
    expect(client.closeReason?.kind).toMatch(new RegExp(`^(${kinds})$`));
    vi.restoreAllMocks();
    const peer = rawPeer(server);
    await server.until(() => peer.ws.readyState === WebSocket.OPEN);
  });
});

describe(
  "what TLS does not say of its handshake ends the connection with that error",
  needs("openssl"),
  () => {
    test.each([
      ["the peer's certificate", "getPeerX509Certificate"],
      ["the cipher", "getCipher"],
    ] as const)("%s", async (_, method) => {
      const { ca, localhost } = certificates() ?? NO_CERTIFICATES;
      const http = createSecureServer({ ...localhost } as ServerOptions);
      await once(http.listen(0, "127.0.0.1"), "listening");
      endings.push(() => http.close());
      const server = await openServer({ server: http });
      const url = `wss://localhost:${(http.address() as AddressInfo).port}`;
      let isAtServer = false;
      breaks(TLSSocket.prototype, method, (socket) => isServerOf(socket) === isAtServer);
      for (const end of ["client", "server"]) {
        isAtServer = end === "server";
        server.accepted.length = 0;
        const client = server.net.connect(websocket(url, { ca }), lines());
        await server.until(() => client.state === "closed" && server.accepted[0]?.state !== "open");
        const closed = isAtServer ? server.accepted[0] : client;
        expect(closed?.closeReason).toMatchObject({ kind: "handshake", code: "ERR_TLS_UNREADABLE" });
      }
      vi.restoreAllMocks();
      const good = server.net.connect(websocket(url, { ca }), lines());
      await server.until(() => good.state === "open");
    });
  },
);

describe("an answer that cannot be written is left out", () => {
  test.each([
    ["403", HANDSHAKE.replace("Host", "Origin: https://evil.example\r\nHost")],
    ["400", HANDSHAKE.replace(/Sec-WebSocket-Key.*\r\n/, "")],
    ["404", HANDSHAKE.replace("GET /", "GET /other")],
    ["clientError", "\u0016\u0003\u0001\r\n\r\n"],
  ])("%s", async (_, text) => {
    const server = await openServer({ path: "/" });
    const bad = await rawClient(server.port);
    await server.until(() => true);
    breaks(Socket.prototype, "end", (socket) => socket !== bad.socket && socket instanceof Socket);
    bad.socket.write(text);
    await server.until(() => bad.isOver());
    vi.restoreAllMocks();
    const peer = rawPeer(server);
    await server.until(() => peer.ws.readyState === WebSocket.OPEN);
  });
});
