/**
 * How does a game stand on the server of a Fastify app? Its `server` is a `node:http` server, or
 * one of `node:https`, of which `websocketServer` takes one path; give it before `app.listen`, so
 * that no upgrade comes too early. Mind that hooks never see an upgrade, so sessions and
 * cookies are checked in `admit`; and that `app.close()` ends the listener, but no player: the
 * poller closes those.
 *
 *     npx tsx demo/recipes/fastify.ts 14900
 *     curl http://127.0.0.1:14900/health
 */
import { fastify } from "fastify";
import { lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

const app = fastify();
const net = new Poller();
const way = websocketServer({ server: app.server, path: "/play", framing: "message" });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), { maxConnections: 100 });
app.get("/health", () => ({ players: server.connections.size }));
const address = await app.listen({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
console.log(`listening on ${new URL(address).host}`);

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => server.broadcast(`player ${player.id}: ${line}`));
  },
});
