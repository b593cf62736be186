/**
 * How do others see that a game is well, and what it does? By an HTTP server beside it. `/health`
 * answers 200 while the game listens and its loop ticks, and 503 as soon as it goes down, so that
 * nobody new is sent to it; a loop that hangs answers nothing, which a probe counts as dead.
 * `/metrics` has what Prometheus reads: traffic, connections, who was turned away, frame times. Mind
 * that these are not for the public: listen where only your own machines can ask. Mind, too, that
 * who restarts what is unwell should be more patient than a shutdown takes.
 *
 *     npx tsx demo/recipes/health.ts 14900 14901
 *     curl -i http://127.0.0.1:14901/health
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { lines, metrics, Poller, runLoop, tcp } from "../../src/index.ts";

const net = new Poller({ closeTimeoutMs: 5_000 });
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), { maxConnections: 100 });
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("unlisten", ({ reason }) => console.log(`listening no more: ${reason.message}`));
server.on("drop", ({ count, reason }) => console.log(`turned away ${count}: ${reason.message}`));

const { contentType, text } = metrics(net);
let tickedMs = performance.now();
const site = createServer(({ url }, answer) => {
  const isWell = server.state === "listening" && performance.now() - tickedMs < 1_000;
  if (url === "/health") answer.writeHead(isWell ? 200 : 503).end(server.state);
  else if (url === "/metrics") answer.writeHead(200, { "content-type": contentType }).end(text());
  else answer.writeHead(404).end();
});
site.listen(Number(process.argv[3] ?? 14901), "127.0.0.1", () => {
  console.log(`health and metrics on http://127.0.0.1:${(site.address() as AddressInfo).port}`);
});

const ending = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => ending.abort());
await runLoop({
  rateHz: 30,
  poller: net,
  signal: ending.signal,
  tick() {
    tickedMs = performance.now();
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => server.broadcast(`player ${player.id}: ${line}`));
  },
});
server.close();
await net[Symbol.asyncDispose]();
site.close();
site.closeAllConnections();
