/**
 * How do players of one room talk without the others? A room is a Set of connections, and
 * `broadcast` takes it as `to`, encoded once for all of them. Mind the two leaks: take a
 * player out when it leaves, by `tryLeave`, and forget a room when its last player is out, or
 * strangers fill the memory with names. A name of a room is a key of a Map, never of an object.
 *
 *     npx tsx demo/recipes/rooms.ts 14900
 *     nc 127.0.0.1 14900
 *     join red
 */
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

type Player = Connection<string, string, { room: string | undefined }>;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 1_000 }), {
  data: (): Player["data"] => ({ room: undefined }),
});
const rooms = new Map<string, Set<Player>>();
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 30,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    while (server.tryAccept() !== undefined);
    server.drain((player, line) => {
      const [, name] = /^join (\w{1,16})$/.exec(line) ?? [];
      const others = rooms.get(player.data.room ?? "");
      if (name !== undefined) enter(player, name);
      else if (others === undefined) player.trySend("error expected: join ROOM");
      else server.broadcast(`player ${player.id}: ${line}`, { to: others, except: player });
    });
    for (let gone: Player | undefined; (gone = server.tryLeave()) !== undefined; ) exit(gone);
  },
});

function enter(player: Player, name: string): void {
  exit(player);
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(player));
  player.data.room = name;
  server.broadcast(`player ${player.id} is in ${name}, as one of ${room.size}`, { to: room });
}

function exit(player: Player): void {
  const { room: name } = player.data;
  const room = name === undefined ? undefined : rooms.get(name);
  if (name === undefined || room === undefined) return;
  room.delete(player);
  if (room.size === 0) rooms.delete(name);
  else server.broadcast(`player ${player.id} has left ${name}`, { to: room });
}
