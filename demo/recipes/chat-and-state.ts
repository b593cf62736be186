/**
 * How does text travel beside binary state on one connection? `mixed()` takes a codec for each
 * kind of message, here lines for the chat and packed records for places; a message is `{ kind,
 * body }`, and TypeScript knows the body by its kind. On the wire each has one byte for its
 * kind and a length in front. Mind that both ends list the same kinds in the same order, and
 * that a long chat line delays the places behind it: keep `maxLineBytes` small.
 *
 *     npx tsx demo/recipes/chat-and-state.ts 14900
 */
import { lines, mixed, Poller, runLoop, struct, tcp } from "../../src/index.ts";

const codec = mixed({
  chat: lines({ maxLineBytes: 200 }),
  place: struct({ id: "u32", x: "f32", y: "f32" }),
});

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, codec);
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, { kind, body }) => {
      if (kind === "chat") server.broadcast({ kind, body: `player ${player.id}: ${body}` });
      else server.broadcastLatest(player.id, { kind, body: { ...body, id: player.id } }); // whatever id it sent
    });
  },
});
