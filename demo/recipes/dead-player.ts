/**
 * How does the server find a player whose cable was pulled, within N seconds, over TCP? The
 * system would take a quarter of an hour. So each player must send something every second, a
 * line of no words will do, and `idleTimeoutMs` closes who was silent for N seconds; over WebSocket
 * `deadPeerMs` does it without a word of the player's. Mind that N is two or three times the
 * longest pause of an honest network, and that a player should look for a dead server in the
 * same way: the answer is its proof.
 *
 *     npx tsx demo/recipes/dead-player.ts 14900 5
 *     nc 127.0.0.1 14900
 */
import { lines, Poller, runLoop, tcp } from "../../src/index.ts";

const seconds = Number(process.argv[3] ?? 5);

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), { idleTimeoutMs: seconds * 1_000 });
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("close", ({ connection, reason }) => {
  const isDead = reason.code === "idleTimeoutMs";
  console.log(`player ${connection.id} ${isDead ? "is dead" : "left"}: ${reason.message}`);
});

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => player.trySend(line)); // the player sees that the server lives
  },
});
