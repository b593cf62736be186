/**
 * How do players find the games in their network, without typing an address? Who looks for one
 * sends a question to a multicast group, each second; each game has joined the group, and answers
 * to the sender with its name, its players and the port to connect to. Who has not answered for
 * some seconds is gone. Mind that anybody may answer, and that the sender of a datagram may lie:
 * check what is shown, bound how many games are kept, and answer with fewer bytes than came, so
 * the question is long. A machine with a VPN may choose the wrong interface: give its address.
 *
 *     npx tsx demo/recipes/lobby.ts 14900 host "Ada's game"
 *     npx tsx demo/recipes/lobby.ts 14900 find
 */
import { type Datagram, formatAddress, lines, Poller, runLoop, tcp, udp } from "../../src/index.ts";

const [port = "14900", role = "host", name = "a game", via = "0.0.0.0"] = process.argv.slice(2);

const GROUP = "239.255.77.77"; // one of 239.255.0.0/16, which stay in the local network (RFC 2365)
const QUESTION = "tickwire lobby: which games are here?".padEnd(64, ".");
const ANSWER = /^game (\d{1,5}) (\d{1,3}) ([\w' -]{1,30})$/;
const MOST_GAMES = 50;
const GONE_MS = 5_000;

const net = new Poller();
const codec = lines({ maxLineBytes: 100 });
net.on("bind", ({ socket }) =>
  console.log(`listening on ${socket.address && formatAddress(socket.address)}`),
);
net.on("malformed", ({ count }) => console.log(`${count} datagrams were no lines`));

if (role === "host") await host();
else await find();

async function host(): Promise<void> {
  if (!ANSWER.test(`game 1 0 ${name}`)) throw new Error("a name has up to 30 letters, digits and ' - _");
  const lobby = net.bind(udp({ port: Number(port), reuseAddress: true }), codec);
  net.on("bind", () => lobby.join(GROUP, via)); // which throws where there is no multicast
  const game = net.listen(tcp({ host: via, port: 0 }), lines({ maxLineBytes: 1_000 }));
  await runLoop({
    rateHz: 30,
    poller: net,
    tick() {
      const reason = lobby.closeReason ?? game.closeReason;
      if (reason !== undefined) throw new Error(reason.message);
      const answer = `game ${game.address?.port} ${game.connections.size} ${name}`;
      for (let got: Datagram<string> | undefined; (got = lobby.tryRecvFrom()) !== undefined; ) {
        if (got.message === QUESTION) lobby.trySendTo(answer, got.from);
      }
      while (game.tryAccept() !== undefined);
      game.drain((player, line) => game.broadcast(`player ${player.id}: ${line}`));
    },
  });
}

async function find(): Promise<void> {
  const lobby = net.bind(udp({ multicastInterface: via }), codec);
  const games = new Map<string, { readonly text: string; readonly seenMs: number }>();
  let shown = "";
  await runLoop({
    rateHz: 10,
    poller: net,
    tick(_dtMs, { tick, nowMs }) {
      if (lobby.state === "closed") throw new Error(lobby.closeReason?.message);
      for (let got: Datagram<string> | undefined; (got = lobby.tryRecvFrom()) !== undefined; ) {
        const [, gamePort, players, title] = ANSWER.exec(got.message) ?? [];
        const at = `${got.from.host}:${gamePort}`;
        if (title === undefined || (games.size >= MOST_GAMES && !games.has(at))) continue;
        games.set(at, { text: `${title}, ${players} players`, seenMs: nowMs });
      }
      if (tick % 10 !== 0) return;
      lobby.trySendTo(QUESTION, { host: GROUP, port: Number(port) });
      for (const [at, { seenMs }] of games) if (nowMs - seenMs >= GONE_MS) games.delete(at);
      const list = [...games].map(([at, { text }]) => `${at} ${text}`).join("\n");
      if (list !== shown) console.log((shown = list) || "no games");
    },
  });
}
