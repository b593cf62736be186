/** One process, one port: the page, and the game behind it. `npm run dev` has Vite serve the page, `npm start` what `npm run build` made. */
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { Poller, runLoop } from "tickwire";
import { websocketServer } from "tickwire/websocket";
import { builtPage } from "./built-page.ts";
import { Game } from "./game.ts";
import { serverCodec } from "./messages.ts";

const port = Number(process.env.PORT ?? 14900);
const site = createServer();
if (process.argv.includes("--dev")) {
  const { createServer: createVite } = await import("vite");
  const vite = await createVite({
    root: fileURLToPath(new URL("../page", import.meta.url)),
    server: { middlewareMode: true, hmr: { server: site } },
  });
  site.on("request", vite.middlewares);
} else {
  site.on("request", builtPage(new URL("../dist/", import.meta.url)));
}

const net = new Poller();
const server = net.listen(websocketServer({ server: site, path: "/play" }), serverCodec, {
  messageRateHz: 120,
  maxConnectionsPerAddress: 20,
  idleTimeoutMs: 60_000, // a page says what it holds down at least every second
});
const game = new Game(server);
net.on("listen", () => console.log(`play at http://localhost:${port}/`));
site.listen(port);

await runLoop({
  rateHz: 60,
  poller: net,
  tick(dtMs) {
    game.tick(dtMs);
    if (server.state === "closed") throw new Error(server.closeReason?.message);
  },
});
