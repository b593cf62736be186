/**
 * How does the server know who a player is, and where does it keep what it knows? Each
 * connection has `data`, an object of yours, made when it is accepted; the first line says
 * who it is. Until then it is nobody, and its lines mean nothing but that. Who says nothing
 * is closed by `firstMessageTimeoutMs`, who says something else by you. Mind that `nc` and
 * `tcp()` send a token as anybody on the way can read it: over the internet use `tls()` or wss.
 *
 *     npx tsx demo/recipes/log-in.ts 14900
 *     nc 127.0.0.1 14900
 *     login 8f3a
 */
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

type Player = Connection<string, string, { name: string | undefined; score: number }>;

const NAMES = new Map(Object.entries({ "8f3a": "ada", c41d: "bob" })); // by token; yours are in a database

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  firstMessageTimeoutMs: 5_000,
  data: (): Player["data"] => ({ name: undefined, score: 0 }),
});
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => {
      if (player.data.name === undefined) logIn(player, line);
      else player.trySend(`${player.data.name} has ${++player.data.score} points`);
    });
    for (let gone: Player | undefined; (gone = server.tryLeave()) !== undefined; ) {
      console.log(`${gone.data.name ?? "nobody"} left with ${gone.data.score} points`);
    }
  },
});

function logIn(player: Player, line: string): void {
  const [word, token = ""] = line.split(" ");
  const name = word === "login" ? NAMES.get(token) : undefined;
  player.data.name = name;
  player.trySend(name === undefined ? "error expected: login TOKEN" : `hello ${name}`);
  if (name === undefined) player.close(); // after that line, and without reading more of its own
}
