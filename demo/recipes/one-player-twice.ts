/**
 * What if a player logs in a second time, from another machine or a second tab? The new
 * connection wins, as the old one is often a dead one that nobody has noticed yet; the old one
 * is told why. Mind the order: the old one leaves after the new one came, so forget a name only
 * if it still belongs to the connection that leaves. Who wants the old one to win turns the
 * new one away in the same place.
 *
 *     npx tsx demo/recipes/one-player-twice.ts 14900
 *     nc 127.0.0.1 14900
 *     login ada
 */
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

type Player = Connection<string, string, { name: string | undefined }>;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  firstMessageTimeoutMs: 5_000,
  data: (): Player["data"] => ({ name: undefined }),
});
const online = new Map<string, Player>();
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => {
      const [, name] = /^login (\w{1,16})$/.exec(line) ?? []; // with a token, as in log-in.ts
      if (player.data.name === undefined && name !== undefined) logIn(player, name);
      else player.trySend(`online: ${[...online.keys()].join(" ").slice(0, 1_000)}`);
    });
    for (let gone: Player | undefined; (gone = server.tryLeave()) !== undefined; ) {
      const { name } = gone.data;
      if (name !== undefined && online.get(name) === gone) online.delete(name);
    }
  },
});

function logIn(player: Player, name: string): void {
  const before = online.get(name);
  before?.trySend("error you have logged in elsewhere");
  before?.close(); // none of its lines is received any more
  online.set(name, player);
  player.data.name = name;
  player.trySend(`hello ${name}`);
}
