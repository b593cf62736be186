/**
 * How does a player see its round trip? Over WebSocket `connection.rttMs` has it, from pings that
 * are answered without the game. TCP has none, so the game sends a ping line with a random word,
 * and the player sends the word back. Both tell the server, who tells the player. Mind that a game's
 * own ping waits for a frame at each end: it is what a player feels, and not what the network
 * takes. A cheat can only seem slower than it is, as nobody can answer a word that it does not know.
 *
 *     npx tsx demo/recipes/round-trip.ts 14900
 *     nc 127.0.0.1 PORT // the second one that it prints; answer "ping WORD" by "pong WORD"
 */
import { randomUUID } from "node:crypto";
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

type Player = Connection<string, string, { word?: string; sentMs: number; rttMs?: number }>;

const net = new Poller();
const host = "127.0.0.1";
const port = Number(process.argv[2] ?? 14900);
const codec = lines({ maxLineBytes: 1_000 });
const options = { data: (): Player["data"] => ({ sentMs: 0 }) };
const pages = net.listen(
  websocketServer({ host, port, framing: "message", pingIntervalMs: 1_000, deadPeerMs: 10_000 }),
  codec,
  options,
);
const terminals = net.listen(tcp({ host, port: 0 }), codec, options);
pages.on("listen", () => console.log(`listening on 127.0.0.1:${pages.address?.port}`));
terminals.on("listen", () => console.log(`TCP on 127.0.0.1:${terminals.address?.port}`));
pages.on("drop", ({ count, reason }) => console.log(`turned away ${count}: ${reason.message}`));

await runLoop({
  rateHz: 60,
  poller: net,
  tick(_dtMs, { tick }) {
    for (const server of [pages, terminals]) {
      if (server.state === "closed") throw new Error(server.closeReason?.message);
      while (server.tryAccept() !== undefined);
      server.drain(receive);
    }
    if (tick % 60 !== 0) return;
    for (const player of [...pages.connections, ...terminals.connections]) show(player);
    for (const player of terminals.connections) ping(player);
  },
});

function ping(player: Player): void {
  const word = randomUUID();
  if (player.data.word !== undefined || !player.trySend(`ping ${word}`)) return; // one is under way
  Object.assign(player.data, { word, sentMs: performance.now() });
}

function receive({ data }: Player, line: string): void {
  if (data.word === undefined || line !== `pong ${data.word}`) return;
  Object.assign(data, { word: undefined, rttMs: performance.now() - data.sentMs });
}

function show(player: Player): void {
  const rttMs = player.rttMs ?? player.data.rttMs;
  if (rttMs !== undefined) player.trySendLatest("rtt", `round trip ${rttMs.toFixed(1)} ms`);
}
