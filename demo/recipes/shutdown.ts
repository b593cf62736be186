/**
 * How does a server go down so that everyone is told? SIGTERM ends the loop; then it listens no
 * more, says so to all, and `await net[Symbol.asyncDispose]()` closes every connection after
 * its last line and waits until all are gone. Mind who reads nothing: `closeTimeoutMs` bounds
 * the wait, and must be shorter than the patience of what stops you (10 s of Docker, 30 s of
 * Kubernetes, 90 s of systemd). A second Ctrl-C ends it at once, as the handlers are `once`.
 *
 *     npx tsx demo/recipes/shutdown.ts 14900
 *     nc 127.0.0.1 14900
 */
import { lines, Poller, runLoop, tcp } from "../../src/index.ts";

const net = new Poller({ closeTimeoutMs: 2_000 });
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }));
const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => ending.abort());
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  signal: ending.signal,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => player.trySend(line));
  },
});
server.close(); // nobody comes any more
const told = server.broadcast("the server goes down; come again in a minute");
console.log(`told ${told} players`);
await net[Symbol.asyncDispose]();
console.log("all have left");
