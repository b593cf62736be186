/**
 * How does a game stand on the server of an Express app, on one port with its pages? Make the
 * HTTP server yourself, with the app as its handler: `websocketServer` takes one path of its
 * upgrades, and Express every other request. Mind that middleware never sees an upgrade, so
 * sessions and cookies are checked in `admit`; and that the limits of the listener count players
 * alone, as what a page loads is the app's.
 *
 *     npx tsx demo/recipes/express.ts 14900
 *     curl http://127.0.0.1:14900/health
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

const app = express();
const http = createServer(app);
const net = new Poller();
const way = websocketServer({ server: http, path: "/play", framing: "message" });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), { maxConnections: 100 });
app.get("/health", (_, response) => {
  response.json({ players: server.connections.size });
});
http.listen(Number(process.argv[2] ?? 14900), "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(http.address() as AddressInfo).port}`);
});

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => server.broadcast(`player ${player.id}: ${line}`));
  },
});
