/**
 * How does the server find a dead player within N seconds over WebSocket? It pings: browsers and
 * WebSocket libraries answer by themselves, so the player need send nothing. Who lets `deadPeerMs`
 * pass without a byte is closed with `timeout`; `pingIntervalMs` must be shorter, two or three
 * pings are a fair chance. Mind that a page in a background tab still answers, and so does one
 * whose script hangs: it is alive, and may not be there. Who must prove that somebody plays needs
 * messages, and `idleTimeoutMs`.
 *
 *     npx tsx demo/recipes/dead-player-websocket.ts 14900 5
 *     new WebSocket("ws://127.0.0.1:14900") // in a page of that host
 */
import { lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

const seconds = Number(process.argv[3] ?? 5);

const net = new Poller();
const way = websocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 14900),
  framing: "message", // as new WebSocket() sends them
  deadPeerMs: seconds * 1_000,
  pingIntervalMs: (seconds * 1_000) / 3,
});
const server = net.listen(way, lines({ maxLineBytes: 1_000 }));
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("drop", ({ count, reason }) => console.log(`turned away ${count}: ${reason.message}`));
server.on("close", ({ connection, reason }) => {
  const isDead = reason.code === "deadPeerMs";
  console.log(`player ${connection.id} ${isDead ? "is dead" : "left"}: ${reason.message}`);
});

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => player.trySend(line));
  },
});
