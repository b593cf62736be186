/**
 * Which limits does a server of 100, 1,000 or 10,000 players need? The more players, the less may
 * wait for each, as the worst is all of them at once: what waits to be received holds at most
 * twice its limit, and one read of 64 KiB in a buffer of twice that; what waits to be sent holds
 * its limit. That is 163 MiB, 500 MiB and 2,188 MiB here, beside what the system keeps of each
 * socket. Mind that text costs more: one read of the shortest lines becomes a megabyte, where
 * records of `struct` stay bytes. Mind, too, that who is turned away must try again, as all do
 * after a restart, and what the system must allow: open files (`ulimit -n`), and
 * `net.core.somaxconn`, to which Linux cuts the backlog.
 *
 *     npx tsx demo/recipes/limits.ts 14900 1000
 */
import { Poller, runLoop, struct, tcp } from "../../src/index.ts";

/** By the number of players. A school is one address; messages are four times what the game sends, as networks pause. */
const SHEETS = {
  100: { perAddress: 10, joinsHz: 50, messagesHz: 240, receivedKiB: 256, sentKiB: 1_024 },
  1000: { perAddress: 20, joinsHz: 200, messagesHz: 240, receivedKiB: 64, sentKiB: 256 },
  10000: { perAddress: 50, joinsHz: 1_000, messagesHz: 120, receivedKiB: 16, sentKiB: 64 },
};
const READ_KIB = 2 * 64;

const players = Number(process.argv[3] ?? 100) as keyof typeof SHEETS;
const { perAddress, joinsHz, messagesHz, receivedKiB, sentKiB } = SHEETS[players];
const backlog = Math.max(511, joinsHz * 4);

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900), backlog });
const server = net.listen(way, struct({ x: "f32", y: "f32" }), {
  maxConnections: players,
  maxConnectionsPerAddress: perAddress,
  acceptRateHz: joinsHz,
  acceptLimit: joinsHz,
  messageRateHz: messagesHz,
  receiveOverflow: "close", // who sends more is no player
  receiveLimitBytes: receivedKiB * 1_024,
  sendLimitBytes: sentKiB * 1_024,
  firstMessageTimeoutMs: 5_000,
  idleTimeoutMs: 30_000,
});
const boundKiB = players * (2 * receivedKiB + READ_KIB + sentKiB);
console.log(`${players} players hold at most ${Math.ceil(boundKiB / 1_024)} MiB`);
console.log(`they need ulimit -n ${players + 100} and net.core.somaxconn ${backlog}`);
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("drop", ({ count, reason }) => console.log(`turned away ${count} by ${reason.code}`));
server.on("close", ({ connection, reason }) =>
  console.log(`player ${connection.id} left: ${reason.code ?? reason.kind}`),
);

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, place) => {
      if (!player.trySend(place)) player.abort(); // it reads too slowly to play
    });
  },
});
