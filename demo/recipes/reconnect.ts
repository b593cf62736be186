/**
 * How does a player come back as the same one, after its network was gone? A player outlives
 * its connection: it has a secret token, told at the start, and waits half a minute for somebody
 * who says it. Mind that the server may not have noticed yet that the old connection is dead:
 * the token wins, and the old one is aborted. Who waits costs memory, so the wait has an end,
 * and so has the number of those who wait.
 *
 *     npx tsx demo/recipes/reconnect.ts 14900
 *     nc 127.0.0.1 14900
 *     new
 */
import { randomUUID } from "node:crypto";
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

interface Player {
  readonly token: string;
  score: number;
  link: Link | undefined; // while it is connected
  goneMs: number; // since when it is not
}
type Link = Connection<string, string, { player: Player | undefined }>;

const WAIT_MS = Number(process.argv[3] ?? 30_000);
const MOST_PLAYERS = 10_000;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  firstMessageTimeoutMs: 5_000,
  data: (): Link["data"] => ({ player: undefined }),
});
const players = new Map<string, Player>();
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick(_dtMs, { nowMs }) {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((link, line) => {
      const { player } = link.data;
      if (player === undefined) begin(link, line);
      else link.trySend(`you have ${++player.score} points`);
    });
    for (let gone: Link | undefined; (gone = server.tryLeave()) !== undefined; ) {
      const { player } = gone.data;
      if (player?.link === gone) Object.assign(player, { link: undefined, goneMs: nowMs });
    }
    for (const player of players.values()) {
      if (player.link === undefined && nowMs - player.goneMs >= WAIT_MS) forget(player);
    }
  },
});

function begin(link: Link, line: string): void {
  const player = line === "new" ? create() : players.get(line);
  if (player === undefined) {
    link.trySend("error expected: new, or a token of a player who is here");
    link.close();
    return;
  }
  player.link?.abort(); // it has not noticed yet
  player.link = link;
  link.data.player = player;
  link.trySend(`token ${player.token}`);
}

function create(): Player | undefined {
  if (players.size >= MOST_PLAYERS) return undefined;
  const player: Player = { token: randomUUID(), score: 0, link: undefined, goneMs: 0 };
  players.set(player.token, player);
  return player;
}

function forget(player: Player): void {
  players.delete(player.token);
  console.log(`forgot a player with ${player.score} points`);
}
