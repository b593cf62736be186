/**
 * How do people watch without playing? They say so in their first line and are a Set of their
 * own, which gets the state but sends nothing. Their state goes by `broadcastLatest`: a
 * spectator on a slow network skips what is old, and costs no memory. Mind that spectators
 * are many: bound their number before the players are crowded out, close those who send, and
 * give them no `idleTimeoutMs`, as they are silent by nature.
 *
 *     npx tsx demo/recipes/spectators.ts 14900
 *     nc 127.0.0.1 14900
 *     watch
 */
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

const MOST_SPECTATORS = Number(process.argv[3] ?? 100);

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 100 }), { firstMessageTimeoutMs: 5_000 });
const players = new Map<Connection<string>, number>(); // their places
const spectators = new Set<Connection<string>>();
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((from, line) => {
      const place = players.get(from);
      if (place !== undefined && /^(left|right)$/.test(line)) move(from, place + (line === "left" ? -1 : 1));
      else if (place === undefined && line === "play" && !spectators.has(from)) move(from, 0);
      else if (place === undefined && line === "watch" && !spectators.has(from)) watch(from);
      else refuse(from, "expected: play, then left or right; or watch");
    });
    for (let gone: Connection<string> | undefined; (gone = server.tryLeave()) !== undefined; ) {
      players.delete(gone);
      spectators.delete(gone);
    }
  },
});

function move(player: Connection<string>, place: number): void {
  players.set(player, place);
  const state = `player ${player.id} is at ${place}`;
  server.broadcast(state, { to: players.keys() });
  server.broadcastLatest(player.id, state, { to: spectators });
}

function watch(from: Connection<string>): void {
  if (spectators.size >= MOST_SPECTATORS) refuse(from, `${MOST_SPECTATORS} watch already`);
  else spectators.add(from);
  for (const [{ id }, place] of players) from.trySendLatest(id, `player ${id} is at ${place}`);
}

function refuse(from: Connection<string>, reason: string): void {
  from.trySend(`error ${reason}`);
  from.close();
  players.delete(from); // its place is free at once
  spectators.delete(from);
}
