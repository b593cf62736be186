/**
 * How does a game stand behind nginx, which has the certificate and the port of the site? nginx
 * hands the path of the game on, and this program listens on the loopback alone. Who plays
 * from where says `X-Forwarded-For`, which is believed from nginx and from nobody else, so that
 * limits by address count players, not nginx. Mind two lines of nginx: without `Host` as the
 * browser has sent it, pages of your own site are refused, and `proxy_read_timeout` ends whom it
 * hears nothing of; pings come more often. Mind, too, that whoever has a login on nginx's own
 * machine can claim any address.
 *
 *     npx tsx demo/recipes/behind-nginx.ts 14900
 *     cp demo/recipes/nginx.conf /etc/nginx/sites-enabled/game
 */
import { lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

const net = new Poller();
const way = websocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 14900),
  path: "/play",
  framing: "message",
  trustedProxies: ["127.0.0.1"],
  pingIntervalMs: Number(process.argv[3] ?? 10_000), // sooner than proxy_read_timeout
});
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), { maxConnectionsPerAddress: 4 });
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("drop", ({ count, reason }) => console.log(`turned away ${count}: ${reason.message}`));
server.on("close", ({ connection, reason }) =>
  console.log(`player ${connection.id} left: ${reason.message}`),
);

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    for (let player: ReturnType<typeof server.tryAccept>; (player = server.tryAccept()) !== undefined; ) {
      player.trySend(`player ${player.id} is from ${player.remoteAddress?.host}`);
    }
    server.drain((player, line) => server.broadcast(`player ${player.id}: ${line}`));
  },
});
