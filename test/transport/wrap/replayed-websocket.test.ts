/**
 * What a replay shows of WebSockets, beyond their messages.
 */
import { describe, expect, test } from "vitest";
import { lines, Poller, Recording, recorded, replayed, type UpgradeRequest } from "../../../src/index.ts";
import { websocket, websocketServer } from "../../../src/websocket.ts";
import { until } from "../link-pair.ts";
import { EchoServer } from "./echo-match.ts";

describe("a replay of WebSockets", () => {
  test("shows their handshakes, requests and round trips again", async () => {
    const recording = new Recording();
    const place = {
      host: "127.0.0.1",
      port: 0,
      pingIntervalMs: 20,
      protocols: ["v2"],
      origins: ["https://game.example"],
    };
    const seen = (server: EchoServer): string[] => {
      const views: string[] = [];
      server.poller.on("accept", ({ connection: { request, protocol, remoteAddress } }) =>
        views.push(
          `${request?.path} ${request?.query.get("who")} ${protocol} ${remoteAddress?.host}`,
          ...partsOf(request),
        ),
      );
      server.poller.on("close", ({ connection: { rttMs }, reason }) =>
        views.push(JSON.stringify([rttMs, reason])),
      );
      return views;
    };
    const server = new EchoServer(recorded(websocketServer(place), recording));
    const views = seen(server);
    const clients = new Poller();
    let nowMs = 0;
    const tick = (): void => server.tick((nowMs += 10));
    await until(() => tick() === undefined && server.listener.state === "listening");
    const player = clients.connect(
      websocket(`ws://127.0.0.1:${server.listener.address?.port}/play?who=me`, {
        protocols: ["v2", "v1"],
        headers: { origin: "https://game.example", cookie: "a=b" },
      }),
      lines(),
    );
    await until(() => {
      clients.poll(nowMs);
      if (server.said.length < 20) player.trySend("hello");
      else player.close();
      clients.flush();
      tick();
      return views.some((view) => view.startsWith("["));
    });
    server.listener.close();
    tick();
    recording.close();
    await clients[Symbol.asyncDispose]();
    await server.poller[Symbol.asyncDispose]();

    const replay = replayed(Recording.fromBytes(recording.toBytes()));
    const again = new EchoServer(replay.transport);
    const viewsAgain = seen(again);
    for (const time of replay.times) {
      again.tick(time);
      if (again.listener.state === "listening" && viewsAgain.length === views.length) again.listener.close();
    }
    expect(replay.divergence).toBeUndefined();
    expect([again.said, viewsAgain]).toEqual([server.said, views]);
    expect(views[0]).toBe("/play me v2 127.0.0.1");
    expect(views).toContain('protocols ["v2","v1"]');
    expect(views).toContain('origin "https://game.example"');
    expect(JSON.parse(views.at(-1) ?? "")[0]).toBeGreaterThan(0);
  });
});

/** All parts of a request, each as a line; and that its headers have nothing which every object has. */
function partsOf(request: UpgradeRequest | undefined): string[] {
  if (request === undefined) return [];
  const { url, path, query, headers, cookies, protocols, origin, remoteAddress, facts } = request;
  const plain = { url, path, headers, protocols, origin, remoteAddress, facts };
  return [
    ...Object.entries(plain).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
    `query ${query}, cookies ${JSON.stringify([...cookies])}, inherits ${headers.constructor}`,
  ];
}
