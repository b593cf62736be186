/**
 * How does one kick a player, who learns why? What is sent before `close()` leaves before the
 * end, so send the reason, then close: from then on no line of the player is received. Keep the
 * reason in `data` as well, as `closeReason` only says that this side has closed. Mind a player
 * who reads nothing: its outbox may be full, so that the reason does not fit, and only
 * `abort()` is left; `closeTimeoutMs` bounds how long the others are waited for.
 *
 *     npx tsx demo/recipes/kick.ts 14900
 *     nc 127.0.0.1 14900
 *     score 7
 */
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

type Player = Connection<string, string, { score: number; kicked: string | undefined }>;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  closeTimeoutMs: 1_000,
  data: (): Player["data"] => ({ score: 0, kicked: undefined }),
});
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => {
      const points = Number(/^score (\d{1,9})$/.exec(line)?.[1] ?? Number.NaN);
      if (Number.isNaN(points)) kick(player, "expected: score POINTS");
      else if (points > 100) kick(player, `nobody makes ${points} points at once`);
      else player.trySend(`you have ${(player.data.score += points)}`);
    });
    for (let gone: Player | undefined; (gone = server.tryLeave()) !== undefined; ) {
      console.log(`player ${gone.id} left: ${gone.data.kicked ?? gone.closeReason?.message}`);
    }
  },
});

function kick(player: Player, reason: string): void {
  player.data.kicked = reason;
  if (player.trySend(`kicked: ${reason}`)) player.close();
  else player.abort();
}
