/** The game over TCP: `nc localhost 14900` is a player. */
import { lines, Poller, runLoop, tcp } from "tickwire";
import { Game } from "./game.ts";

const net = new Poller();
const server = net.listen(tcp({ port: Number(process.env.PORT ?? 14900) }), lines({ maxLineBytes: 1_000 }), {
  messageRateHz: 20,
  maxConnectionsPerAddress: 20,
  firstMessageTimeoutMs: 60_000,
});
const game = new Game(server);
net.on("listen", ({ listener }) => console.log(`play with: nc localhost ${listener.address?.port}`));

await runLoop({
  rateHz: 20,
  poller: net,
  tick() {
    game.tick();
    if (server.state === "closed") throw new Error(server.closeReason?.message);
  },
});
