/**
 * How does one log in before the first message, by a header? `admit` gets each request, before
 * there is a connection: who has no session gets 401, and what is found out of the others is
 * `request.facts`. A page sends the session's cookie by itself, also for a strange page, so leave
 * `origins` as strict as it is; other programs send `Authorization`. Keep no tokens but their
 * hashes: then neither a stolen table nor the time of a comparison gives one away. Where names
 * are in a database, `admit` may be `async`. Mind that `ws:` hides nothing: use `wss:`.
 *
 *     npx tsx demo/recipes/log-in-header.ts 14900
 *     curl -i -N --http1.1 -H 'Authorization: Bearer 8f3a' ws://127.0.0.1:14900/play
 */
import { createHash } from "node:crypto";
import { type Connection, lines, Poller, runLoop } from "../../src/index.ts";
import { websocketServer } from "../../src/websocket.ts";

type Player = Connection<string, string, { readonly name: string; score: number }>;

/** By the hashes of their tokens. */
const NAMES = new Map([
  [hashOf("8f3a"), "ada"],
  [hashOf("c41d"), "bob"],
]);

const net = new Poller();
const way = websocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 14900),
  path: "/play",
  framing: "message", // as new WebSocket() sends them
  admit({ cookies, headers }) {
    const token = cookies.get("session") ?? /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
    const name = NAMES.get(hashOf(token ?? ""));
    return name === undefined ? 401 : { name };
  },
});
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  data: ({ request }): Player["data"] => ({ ...(request?.facts as { name: string }), score: 0 }),
});
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
server.on("drop", ({ count, reason }) => console.log(`turned away ${count}: ${reason.message}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    for (let player: Player | undefined; (player = server.tryAccept()) !== undefined; ) {
      player.trySend(`hello ${player.data.name}`);
    }
    server.drain(({ data }) => data.score++);
    for (let gone: Player | undefined; (gone = server.tryLeave()) !== undefined; ) {
      console.log(`${gone.data.name} left with ${gone.data.score} points`);
    }
  },
});

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
