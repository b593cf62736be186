/**
 * What belongs into a log? Who came and who left, and why: a close has a `kind`, a `code` and a
 * sentence. Who was turned away, and whose messages were lost. A line of JSON each, which every
 * collector reads. Mind what strangers send: JSON keeps it in its line, and what a terminal would
 * obey is escaped as well. Mind the volume, too: a flood must not fill the disk. Strangers who
 * are turned away are one event a frame, with their count, and who says too much is closed.
 *
 *     npx tsx demo/recipes/logging.ts 14900
 *     nc 127.0.0.1 14900
 */
import { formatAddress, lines, Poller, runLoop, tcp } from "../../src/index.ts";

/** What JSON leaves as it is, and a terminal obeys: the second half of control characters, and turns of direction. */
const UNPRINTABLE = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  maxConnections: 100,
  acceptRateHz: 50,
  messageRateHz: 20, // each line is one of the log
  receiveOverflow: "close",
});
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("close", ({ connection: { id, stats }, reason: { kind, code, message } }) => {
  log("left", { id, kind, code, message, sent: stats.sentBytes, received: stats.receivedBytes });
});
server.on("drop", ({ count, reason: { code, message } }) => log("dropped", { count, code, message }));
server.on("lose", ({ connection: { id }, received, sent }) => log("lost", { id, received, sent }));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    for (let player: ReturnType<typeof server.tryAccept>; (player = server.tryAccept()) !== undefined; ) {
      log("came", { id: player.id, from: player.remoteAddress && formatAddress(player.remoteAddress) });
    }
    server.drain((player, line) => log("said", { id: player.id, line }));
  },
});

/** One line; what is undefined, as `code` often is, is left out. */
function log(event: string, facts: object): void {
  const line = JSON.stringify({ at: new Date().toISOString(), event, ...facts });
  console.log(line.replace(UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`));
}
