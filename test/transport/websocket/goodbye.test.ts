/** The last word of a game over a WebSocket: what is given to close is what the peer's reason has. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Connection, lines, Poller } from "../../../src/index.ts";
import { websocket as pageSocket } from "../../../src/transport/browser/websocket-browser.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { endings, openServer, rawPeer } from "./rig.ts";

const FRAMINGS = ["stream", "message"] as const;
const CLIENTS = ["Node", "page"] as const;
const GOODBYES = [
  { code: 1000, text: "ciao ✓" },
  { code: 3000 },
  { code: 3008, text: "not late at all" },
  { code: 4001, text: "kicked" },
  { code: 4006, text: 'a page would abort with this: "\u001b[2J"' },
  { code: 4999, text: "é".repeat(61) },
];

describe.each(FRAMINGS)("with framing %s", (framing) => {
  describe.each(CLIENTS)("between a server and a client in %s", (end) => {
    test.each(GOODBYES)("the client reads what the server has said: %j", async (goodbye) => {
      const { server, client, until } = await pair(end, framing);
      server.trySend("the last line");
      server.close(goodbye);
      expect(server.closeReason).toMatchObject({ kind: "local", goodbye });
      const taken: string[] = [];
      await until(() => {
        taken.push(...client);
        return client.state === "closed" && server.state === "closed";
      });
      expect(taken).toEqual(["the last line"]);
      expect(client.closeReason?.kind).toBe("remote");
      expect(client.closeReason?.goodbye).toEqual(goodbye);
      expect(server.closeReason).toMatchObject({ kind: "local", goodbye });
    });

    test.each(GOODBYES)("the server reads what the client has said: %j", async (goodbye) => {
      const { server, client, until } = await pair(end, framing);
      client.close(goodbye);
      await until(() => client.state === "closed" && server.state === "closed");
      expect(server.closeReason?.kind).toBe("remote");
      expect(server.closeReason?.goodbye).toEqual(goodbye);
      expect(client.closeReason).toMatchObject({ kind: "local", goodbye });
    });

    test("a plain close, an empty goodbye of 1000 and an abort say nothing", async () => {
      const ends: ((connection: Connection<string>) => void)[] = [
        (one) => one.close(),
        (one) => one.close({ code: 1000, text: "" }),
        (one) => one.abort(),
      ];
      for (const close of ends) {
        for (const side of ["server", "client"] as const) {
          const made = await pair(end, framing);
          close(made[side]);
          const other = side === "server" ? made.client : made.server;
          await made.until(() => other.state === "closed");
          expect(other.closeReason).toBeDefined();
          expect(other.closeReason?.goodbye).toBeUndefined();
        }
      }
    });

    test("a code that no close frame carries throws at the call, and nothing is closed", async () => {
      const { server, client } = await pair(end, framing);
      for (const side of [server, client]) {
        for (const code of [0, 999, 1001, 1006, 2999, 5000, 65_535]) {
          expect(() => side.close({ code })).toThrow(
            new RangeError(`code: a WebSocket carries 1000, and 3000 to 4999, got ${code}`),
          );
        }
        expect(side.state).toBe("open");
      }
    });
  });
});

test("a client checks the code before its socket is there, and drops the goodbye of a close that comes before it opens", async () => {
  const net = new Poller();
  endings.push(() => net[Symbol.dispose]());
  const client = net.connect(websocket("ws://127.0.0.1:9"), lines());
  expect(() => client.close({ code: 7 })).toThrow(RangeError);
  client.close({ code: 4001 });
  expect([client.state, client.closeReason?.goodbye]).toEqual(["closed", { code: 4001 }]);
});

test("a listener tells everybody who is accepted and who waits, and says so in its own reason", async () => {
  const server = await openServer();
  const told = [rawPeer(server), rawPeer(server)];
  await server.until(() => server.accepted.length === 2);
  const waiting = rawPeer(server);
  await server.until(() => waiting.ws.readyState === WebSocket.OPEN);
  // The rig accepts who comes; this one comes between two frames.
  const late = rawPeer(server);
  await once(late.ws, "open");
  server.net.poll(server.now);
  expect(() => server.listener.close({ code: 12 })).toThrow(RangeError);
  expect(server.listener.state).toBe("listening");
  server.listener.close({ code: 4100, text: "the server goes down" });
  expect(server.listener.closeReason).toMatchObject({ kind: "local", goodbye: { code: 4100 } });
  server.net.flush();
  const all = [...told, waiting, late];
  await server.until(() => all.every(({ ending }) => ending() !== undefined));
  expect(all.map(({ ending }) => ending())).toEqual(
    all.map(() => ({ code: 4100, text: "the server goes down" })),
  );
});

test("a listener that was closed without a word tells who has stayed, by a second close", async () => {
  const server = await openServer();
  const peer = rawPeer(server);
  await server.until(() => server.accepted.length === 1 && peer.ws.readyState === WebSocket.OPEN);
  server.listener.close();
  expect(server.accepted[0]?.state).toBe("open");
  server.listener.close({ code: 4100 });
  expect(server.accepted[0]?.closeReason).toMatchObject({ kind: "local", goodbye: { code: 4100 } });
  expect(server.listener.closeReason?.goodbye).toBeUndefined();
  await server.until(() => peer.ending() !== undefined);
  expect(peer.ending()).toEqual({ code: 4100, text: "" });
});

test("the goodbye of a server that is none of tickwire's is read as it is", async () => {
  const raw = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  endings.push(() => raw.close());
  raw.on("connection", (ws) => ws.close(4001, "tickwire: mine"));
  await once(raw, "listening");
  const server = await openServer();
  const client = server.net.connect(
    websocket(`ws://127.0.0.1:${(raw.address() as AddressInfo).port}`),
    lines(),
  );
  await server.until(() => client.state === "closed");
  expect(client.closeReason).toMatchObject({
    kind: "remote",
    code: "4001",
    goodbye: { code: 4001, text: "tickwire: mine" },
  });
});

test("after end() the close frame has left, so that a goodbye stays at this end", async () => {
  const { server, client, until } = await pair("Node", "stream");
  client.end();
  await until(() => server.state !== "open");
  client.close({ code: 4001 });
  await until(() => client.state === "closed" && server.state === "closed");
  expect(server.closeReason?.goodbye).toBeUndefined();
});

/** A server's connection and its client's. */
async function pair(end: (typeof CLIENTS)[number], framing: (typeof FRAMINGS)[number]) {
  const net = new Poller();
  endings.push(() => net[Symbol.dispose]());
  const listener = net.listen(websocketServer({ port: 0, host: "127.0.0.1", framing }), lines());
  const until = async (isThere: () => boolean): Promise<void> => {
    for (const giveUpMs = performance.now() + 60_000; performance.now() < giveUpMs; ) {
      net.poll(0);
      if (isThere()) return;
      net.flush();
      await new Promise((resolve) => setImmediate(resolve));
    }
    throw new Error("it did not come");
  };
  await until(() => listener.state === "listening");
  const url = `ws://127.0.0.1:${listener.address?.port}`;
  const known = (globalThis as { WebSocket?: unknown }).WebSocket;
  Object.assign(globalThis, { WebSocket });
  const transport = end === "Node" ? websocket(url, { framing }) : pageSocket(url, { framing });
  Object.assign(globalThis, { WebSocket: known });
  const client = net.connect(transport, lines());
  const accepted: Connection<string>[] = [];
  await until(() => {
    const one = listener.tryAccept();
    if (one !== undefined) accepted.push(one);
    return accepted.length === 1 && client.state === "open";
  });
  return { server: accepted[0] as Connection<string>, client, until };
}
