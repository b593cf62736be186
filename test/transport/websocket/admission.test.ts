/** Who counts, from when on, and how each peer that asks for a WebSocket ends: accepted, or rejected, once. */
import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import type { AcceptorEvents, CloseReason, Handshake } from "../../../src/index.ts";
import { type WebSocketServerOptions, websocketServer } from "../../../src/websocket.ts";
import { endings, HANDSHAKE, openServer, rawClient, rawPeer, site } from "./rig.ts";

const REFUSED = /^HTTP\/1\.1 (\d+) /;

/** The status that a peer was answered with. */
function statusIn(received: string): number {
  return Number(REFUSED.exec(received)?.[1]);
}

describe("a server on its own port", () => {
  test("counts who has only connected, tells the next one 503, and forgets who leaves", async () => {
    const server = await openServer({}, { maxConnections: 2 });
    const [first] = [await rawClient(server.port), await rawClient(server.port)];
    await server.until(() => true);
    const third = await rawClient(server.port, HANDSHAKE);
    await server.until(() => third.isOver());
    expect(statusIn(third.received())).toBe(503);
    expect(third.received()).toContain("maxConnections");
    await server.until(() => server.listener.stats.droppedBy.maxConnections === 1);
    first?.socket.destroy();
    await server.until(() => server.drops.some(({ kind }) => kind === "remote"));
    const again = await rawClient(server.port, HANDSHAKE);
    await server.until(() => server.accepted.length === 1);
    expect(statusIn(again.received()) || 101).toBe(101);
  });

  test("answers a denied address 403 before it has said a word, and holds nothing of it", async () => {
    const denyList = new BlockList();
    denyList.addAddress("127.0.0.1");
    const server = await openServer({}, { denyList });
    const strangers = await Promise.all(Array.from({ length: 20 }, () => rawClient(server.port)));
    await server.until(() => strangers.every(({ isOver }) => isOver()));
    expect(strangers.map(({ received }) => statusIn(received()))).toEqual(strangers.map(() => 403));
    await server.until(() => server.listener.stats.dropped === 20);
  });

  test("answers 429 over the rate, and 503 over the number for one address", async () => {
    const rate = await openServer({}, { acceptRateHz: 1 });
    const [, late] = [await rawClient(rate.port, HANDSHAKE), await rawClient(rate.port, HANDSHAKE)];
    await rate.until(() => late.isOver());
    expect(statusIn(late.received())).toBe(429);
    const crowd = await openServer({}, { maxConnectionsPerAddress: 1 });
    const [, second] = [await rawClient(crowd.port), await rawClient(crowd.port)];
    await crowd.until(() => second.isOver());
    expect(statusIn(second.received())).toBe(503);
    await crowd.until(() => crowd.listener.stats.droppedBy.maxConnectionsPerAddress === 1);
  });

  test("counts an accepted connection once, until it has closed", async () => {
    const server = await openServer({}, { maxConnections: 1 });
    for (let round = 0; round < 3; round++) {
      const peer = rawPeer(server);
      await server.until(() => server.accepted.length === round + 1);
      peer.ws.close();
      await server.until(() => server.accepted[round]?.state === "closed");
    }
    expect(server.drops).toEqual([]);
  });

  test("lets go of who is still shaking hands when the listener closes", async () => {
    const server = await openServer();
    const silent = [await rawClient(server.port), await rawClient(server.port, "GET / HTTP/1.1\r\nHo")];
    await server.until(() => true);
    server.listener.close();
    await server.until(() => silent.every(({ isOver }) => isOver()));
    expect(server.drops).toEqual([]);
  });
});

describe("a server that others use too", () => {
  test("counts who asks for a WebSocket, and nobody else", async () => {
    const http = await site();
    const { port } = http.address() as AddressInfo;
    const server = await openServer({ server: http }, { maxConnections: 1 });
    const idle = await Promise.all(Array.from({ length: 5 }, () => rawClient(port)));
    const page = await rawClient(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await server.until(() => page.received().includes("the page"));
    idle[0]?.socket.write(HANDSHAKE);
    await server.until(() => server.accepted.length === 1);
    idle[1]?.socket.write(HANDSHAKE);
    await server.until(() => idle[1]?.isOver() === true);
    expect(statusIn(idle[1]?.received() ?? "")).toBe(503);
    expect(server.listener.stats.droppedBy).toEqual({ maxConnections: 1 });
    expect(page.isOver()).toBe(false);
  });
});

describe("each peer that begins a handshake ends it once", () => {
  const ways: readonly [string, string, "close" | "end" | "reset" | "wait", string][] = [
    ["a handshake", HANDSHAKE, "wait", "incoming"],
    ["a handshake, and an end at once", HANDSHAKE, "end", "incoming"],
    ["nothing, and an end", "", "end", "remote"],
    ["nothing, and a reset", "", "reset", "reset|remote"],
    ["half a request, and an end", "GET / HTTP/1.1\r\nHo", "end", "protocol|remote"],
    ["half a request, and a reset", "GET / HTTP/1.1\r\nHo", "reset", "reset|remote|protocol"],
    ["nothing in time", "", "wait", "timeout by handshakeTimeoutMs"],
    ["a request for a page", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "wait", "protocol"],
    [
      "two requests, the second for a WebSocket",
      `GET / HTTP/1.1\r\nHost: x\r\n\r\n${HANDSHAKE}`,
      "wait",
      "protocol",
    ],
    ["noise", "\u0016\u0003\u0001 and so on\r\n\r\n", "wait", "protocol"],
    ["a foreign origin", HANDSHAKE.replace("Host", "Origin: https://evil.example\r\nHost"), "wait", "denied"],
    ["a handshake without a key", HANDSHAKE.replace(/Sec-WebSocket-Key.*\r\n/, ""), "wait", "protocol"],
    ["another path", HANDSHAKE.replace("GET /", "GET /other"), "wait", "refused"],
    ["CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "wait", "remote"],
  ];

  test.each(ways)("%s", async (_, text, after, outcome) => {
    const { port, handshakes } = await acceptor({
      port: 0,
      host: "127.0.0.1",
      path: "/",
      handshakeTimeoutMs: 300,
    });
    const { socket, isOver } = await rawClient(port, text);
    if (after === "end") socket.end();
    if (after === "reset") socket.resetAndDestroy();
    await until(() => handshakes[0] !== undefined && handshakes[0].length > 0);
    if (outcome === "incoming") socket.destroy();
    await until(() => isOver());
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(handshakes).toHaveLength(1);
    expect(handshakes[0]).toHaveLength(1);
    expect(handshakes[0]?.[0]).toMatch(new RegExp(`^(${outcome})$`));
  });

  test("and one that is refused is answered, and not heard again", async () => {
    const refusal: CloseReason = { kind: "overflow", message: "full", code: "maxConnections" };
    const { port, handshakes } = await acceptor({ port: 0, host: "127.0.0.1" }, refusal);
    const client = request({ port, host: "127.0.0.1", path: "/" }).on("error", () => {});
    const [answer] = await once(client.end(), "response");
    answer.resume();
    expect(answer.statusCode).toBe(503);
    await once(answer, "close");
    expect(handshakes).toEqual([[]]);
  });
});

/** An acceptor without a core, and what became of each of its handshakes. */
async function acceptor(
  options: WebSocketServerOptions,
  refusal?: CloseReason,
): Promise<{ port: number; handshakes: string[][] }> {
  const handshakes: string[][] = [];
  const made = websocketServer(options).listen?.();
  let port = 0;
  const events: AcceptorEvents = {
    listening(address) {
      port = address?.port ?? 0;
    },
    handshaking(): Handshake {
      const told: string[] = [];
      handshakes.push(told);
      return {
        refusal,
        identified: () => undefined,
        incoming(link) {
          told.push("incoming");
          link.attach({
            opened() {},
            received() {},
            partial() {},
            suspended() {},
            resumed() {},
            drained() {},
            ended() {},
            closed() {},
          });
        },
        rejected: ({ kind, code }) => told.push(kind === "timeout" ? `timeout by ${code}` : kind),
      };
    },
    incoming() {
      throw new Error("a WebSocket has a handshake");
    },
    rejected: ({ kind }) => handshakes.push([`without a handshake: ${kind}`]),
    closed() {},
  };
  made?.attach(events);
  endings.push(() => made?.close());
  await until(() => port !== 0);
  return { port, handshakes };
}

async function until(isThere: () => boolean): Promise<void> {
  for (const giveUpMs = performance.now() + 20_000; performance.now() < giveUpMs; ) {
    if (isThere()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error("it did not come");
}
