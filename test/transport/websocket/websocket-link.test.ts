/**
 * The link alone, over the ws package as it is, where a runtime shows less than Node does.
 */
import { once } from "node:events";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { Heartbeat } from "../../../src/transport/websocket/heartbeat.ts";
import { WebSocketLink } from "../../../src/transport/websocket/websocket-link.ts";
import { endings, openServer } from "./rig.ts";

test("a link whose socket nobody shows opens, carries bytes both ways, takes frames for life, and closes", async () => {
  const server = await openServer();
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}`);
  endings.push(() => ws.terminate());
  const heartbeat = new Heartbeat({ pingIntervalMs: 10, deadPeerMs: 20 });
  const link = new WebSocketLink(ws, heartbeat, { role: "client", framing: "stream" });
  const events: string[] = [];
  link.attach({
    opened: () => events.push("opened"),
    received: (bytes) => events.push(new TextDecoder().decode(bytes)),
    partial: () => events.push("partial"),
    suspended: () => {},
    resumed: () => {},
    drained: () => {},
    ended: (reason) => events.push(`ended ${reason?.kind}`),
    closed: (reason) => events.push(`closed ${reason.kind}`),
  });
  await server.until(() => server.accepted.length === 1 && events[0] === "opened");
  expect([link.localAddress, link.remoteAddress, link.security]).toEqual([undefined, undefined, undefined]);
  link.write(new TextEncoder().encode("hello\n"));
  await server.until(() => server.accepted[0]?.tryRecv() === "hello");
  heartbeat.pump(0, true);
  heartbeat.pump(10, true); // pinged
  await once(ws, "pong");
  heartbeat.pump(25, true); // it would be dead, but for the pong
  link.reportPartial();
  server.accepted[0]?.trySend("answer");
  server.accepted[0]?.close();
  await server.until(() => events.length >= 4);
  expect(events).toEqual(["opened", "answer\n", "ended remote", "closed remote"]);
});
