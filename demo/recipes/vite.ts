/**
 * How does the game run in Vite's dev server, so that there is one command and one port while you
 * write the page? A plugin has the dev server's HTTP server in `configureServer`, and listens on
 * a path of it; in your project it stands in `vite.config.ts`. Mind the path: without one the
 * listener takes what Vite leaves, with one it never touches the hot reload. Mind, too, that a
 * changed `vite.config.ts` makes a new server, and calls the plugin again: the old listener is
 * `closed` then, and its players stay.
 *
 *     npx tsx demo/recipes/vite.ts 14900
 */
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { createServer, type Plugin } from "vite";
import { type Listener, lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

const [port = "14900", root = fileURLToPath(new URL("react", import.meta.url))] = process.argv.slice(2);

const net = new Poller();
let server: Listener<string> | undefined;
const game: Plugin = {
  name: "game",
  configureServer({ httpServer }) {
    const way = websocketServer({ server: httpServer as Server, path: "/play", framing: "message" });
    server = net.listen(way, lines({ maxLineBytes: 1_000 }), { maxConnections: 100 });
    server.on("listen", () => console.log(`listening on 127.0.0.1:${server?.address?.port}`));
  },
};
const vite = await createServer({
  root,
  configFile: false,
  plugins: [game],
  server: { host: "127.0.0.1", port: Number(port) },
});
await vite.listen();

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    while (server?.tryAccept() !== undefined);
    server?.drain((player, line) => server?.broadcast(`player ${player.id}: ${line}`));
  },
});
