/** What the game decides about a request, at once or later, and what a connection shows of it at both ends. */
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Connection, lines } from "../../../src/index.ts";
import { type Admit, websocket } from "../../../src/websocket.ts";
import { areHeld } from "../../garbage.ts";
import { HANDSHAKE, openServer, rawClient, rawPeer, site } from "./rig.ts";

describe("a connection's request", () => {
  test("has the path, query, headers, cookies, protocols, origin and address of who asked", async () => {
    const server = await openServer({ path: "/play", protocols: ["game.v2", "game.v1"], origins: "any" });
    rawPeer(
      server,
      "/play?room=17&ticket=a%20b",
      {
        headers: {
          cookie:
            'session=al%20ice; theme="dark"; session=other; broken; =none; odd=%E0; __proto__=x; half="a"b; wide =  c ',
          "X-Game": "1",
          origin: "https://example.org",
        },
      },
      ["game.v1", "game.v9"],
    );
    await server.until(() => server.accepted.length === 1);
    const { request, remoteAddress, protocol } = server.accepted[0] as Connection<string>;
    expect(request?.url).toBe("/play?room=17&ticket=a%20b");
    expect(request?.path).toBe("/play");
    expect(request?.query.get("ticket")).toBe("a b");
    expect(request?.headers["x-game"]).toBe("1");
    expect(request?.headers.toString).toBe(undefined);
    expect([...(request?.cookies ?? [])]).toEqual([
      ["session", "al ice"],
      ["theme", "dark"],
      ["odd", "%E0"],
      ["__proto__", "x"],
      ["half", '"a"b'],
      ["wide", "c"],
    ]);
    expect(request?.protocols).toEqual(["game.v1", "game.v9"]);
    expect(request?.origin).toBe("https://example.org");
    expect(request?.remoteAddress).toEqual(remoteAddress);
    expect(request?.facts).toBe(undefined);
    expect(protocol).toBe("game.v1");
    server.accepted[0]?.abort();
    server.net.poll(0);
    expect(server.accepted[0]?.request).toBe(request);
  });

  test("is none at the end that connects, which sees the protocol that was chosen once it is open", async () => {
    const server = await openServer({ protocols: ["game.v2", "game.v1"] });
    const url = `ws://127.0.0.1:${server.port}`;
    const client = server.net.connect(websocket(url, { protocols: ["game.v1"] }), lines());
    const plain = server.net.connect(websocket(url), lines());
    expect(client.protocol).toBe(undefined);
    await server.until(() => client.state === "open" && plain.state === "open");
    expect([client.protocol, client.request]).toEqual(["game.v1", undefined]);
    expect(plain.protocol).toBe(undefined);
    await server.until(() => server.accepted.length === 2);
    expect(server.accepted.map(({ protocol }) => protocol).sort()).toEqual(["game.v1", undefined]);
  });
});

describe("admit", () => {
  const verdicts: readonly [string, Admit, number, string][] = [
    ["false", () => false, 403, "denied 403"],
    ["401", () => 401, 401, "denied 401"],
    ["404", () => 404, 404, "refused 404"],
    ["429", () => 429, 429, "overflow 429"],
    ["503, later", async () => 503, 503, "overflow 503"],
    ["false, later", async () => false, 403, "denied 403"],
    ["nothing, which is no verdict", (() => {}) as unknown as Admit, 500, "failed 500"],
    ["200, which is no refusal", (() => 200) as unknown as Admit, 500, "failed 500"],
    ["null", (() => null) as unknown as Admit, 500, "failed 500"],
    ["a list", () => [], 500, "failed 500"],
    ["a text, later", (async () => "yes") as unknown as Admit, 500, "failed 500"],
  ];

  test.each(verdicts)("refuses by %s", async (_, admit, status, drop) => {
    const server = await openServer({ admit });
    const peer = rawPeer(server);
    await server.until(() => peer.status() !== undefined && server.drops.length === 1);
    expect(peer.status()).toBe(status);
    expect(server.drops.map(({ kind, code }) => `${kind} ${code}`)).toEqual([drop]);
    expect(server.accepted).toEqual([]);
    expect(server.listener.stats.dropped).toBe(1);
  });

  const wrong: readonly [string, unknown][] = [
    ["200", 200],
    ["array", []],
    ["undefined", undefined],
  ];
  test.each(wrong)("names what the verdict should have been, and that it was %s", async (got, verdict) => {
    const server = await openServer({ admit: () => verdict as boolean });
    rawPeer(server);
    await server.until(() => server.drops.length === 1);
    const message = String(server.drops[0]?.cause);
    expect(message).toContain(
      "admit: expected true, false, one of 401, 403, 404, 429, 503, or an object, got ",
    );
    expect(message).toContain(got);
  });

  test("lets in by true, and by facts, which the connection keeps", async () => {
    const facts = { user: "alice" };
    for (const admit of [() => facts, async () => facts, () => true, async () => true]) {
      const server = await openServer({ admit });
      const peer = rawPeer(server);
      await server.until(() => server.accepted.length === 1);
      const is = await admit();
      expect(server.accepted[0]?.request?.facts).toBe(is === true ? undefined : facts);
      await server.until(() => peer.ws.readyState === WebSocket.OPEN);
      peer.ws.send("hello\n");
      await server.until(() => server.accepted[0]?.tryRecv() === "hello");
    }
  });

  test("throws and rejects into nothing but the drop, as its cause", async () => {
    const thrown = new Error("the database is down");
    const throws = () => {
      throw thrown;
    };
    const odd = new Proxy({}, { get: throws });
    for (const admit of [throws, () => Promise.reject(thrown), () => odd]) {
      const server = await openServer({ admit });
      const peer = rawPeer(server);
      await server.until(() => peer.status() === 500 && server.drops.length === 1);
      expect(server.drops[0]).toMatchObject({ kind: "failed", code: "500", cause: thrown });
    }
  });

  test("is asked after the path and the origin, and never of those that a limit refuses", async () => {
    const asked: string[] = [];
    const admit: Admit = ({ url }) => asked.push(url) > 0;
    const server = await openServer({ path: "/play", admit }, { maxConnections: 1 });
    const strangers = [
      await rawClient(server.port, HANDSHAKE),
      await rawClient(
        server.port,
        HANDSHAKE.replace("GET /", "GET /play").replace("Host", "Origin: http://x.example\r\nHost"),
      ),
    ];
    await server.until(() => strangers.every(({ isOver }) => isOver()));
    rawPeer(server, "/play?1");
    await server.until(() => server.accepted.length === 1);
    const late = rawPeer(server, "/play?2");
    await server.until(() => late.status() === 503);
    expect(asked).toEqual(["/play?1"]);
  });

  test("has its deadline in polled time, and a later verdict lets nobody in", async () => {
    let decide: (verdict: boolean) => void = () => {};
    const admit = () => new Promise<boolean>((resolve) => (decide = resolve));
    const server = await openServer({ admit, admitTimeoutMs: 2_000 });
    const peer = rawPeer(server);
    await server.until(() => server.listener.stats.accepted === 0 && decide.length > 0);
    for (server.now of [0, 1_000, 1_999]) await server.until(() => true);
    expect([peer.status(), server.drops]).toEqual([undefined, []]);
    server.now = 2_000;
    await server.until(() => peer.status() === 503 && server.drops.length === 1);
    expect(server.drops[0]).toMatchObject({ kind: "timeout", code: "admitTimeoutMs" });
    decide(true);
    for (let turn = 0; turn < 20; turn++) await server.until(() => true);
    expect(server.accepted).toEqual([]);
  });

  test("waits for a peer that leaves meanwhile without a word to the game, and counts it while it waits", async () => {
    const decides: ((verdict: object) => void)[] = [];
    const admit = () => new Promise<object>((resolve) => decides.push(resolve));
    const server = await openServer({ admit }, { maxConnections: 1 });
    const peer = await rawClient(server.port, HANDSHAKE);
    await server.until(() => decides.length === 1);
    const second = rawPeer(server);
    await server.until(() => second.status() === 503);
    peer.socket.resetAndDestroy();
    decides[0]?.({});
    await server.until(() => server.drops.length === 2 || server.accepted.length === 1);
    if (server.accepted.length === 1) await server.until(() => server.accepted[0]?.state === "closed");
    rawPeer(server);
    await server.until(() => decides.length === 2);
    decides[1]?.({});
    await server.until(() => server.accepted.at(-1)?.state === "open");
  });

  test("keeps nothing of those who have left or were too late, however long the game keeps its promise", async () => {
    const decides: unknown[] = [];
    const requests: WeakRef<object>[] = [];
    const admit: Admit = (request) => {
      requests.push(new WeakRef(request));
      return new Promise<boolean>((resolve) => decides.push(resolve));
    };
    const server = await openServer({ admit, admitTimeoutMs: 2_000 });
    for (let count = 1; count <= 3; count++) {
      const { socket } = await rawClient(server.port, HANDSHAKE);
      await server.until(() => decides.length === count);
      socket.resetAndDestroy();
    }
    await server.until(() => server.drops.length === 3);
    await rawClient(server.port, HANDSHAKE);
    await server.until(() => decides.length === 4);
    for (server.now of [1_000, 2_000]) await server.until(() => true);
    await server.until(() => server.drops.length === 4);
    await rawClient(server.port, HANDSHAKE);
    await server.until(() => decides.length === 5);
    expect(await areHeld(requests.slice(0, 4))).toEqual([false, false, false, false]);
  });

  test("is over for all that wait when the listener closes, on a server of somebody else's too", async () => {
    for (const place of [{}, { server: await site() }]) {
      let asked = 0;
      const admit = () => new Promise<boolean>(() => asked++);
      const server = await openServer({ ...place, admit });
      const peer = await rawClient(server.port, HANDSHAKE);
      await server.until(() => asked === 1);
      server.listener.close();
      await server.until(() => peer.isOver());
      expect(peer.received()).toBe("");
    }
  });
});
