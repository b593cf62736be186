/**
 * How does a player see only what is near? The world is a grid of cells as wide as a player
 * can see, each a Set of players: who is near is in nine of them, however many players there
 * are. Each player gets all that it sees as one line, ten times a second if something has
 * changed, so that nobody need be told who came in sight and who went. `trySendLatest` lets a
 * slow reader skip what is old. Mind a crowd in one place: the line has a longest length.
 *
 *     npx tsx demo/recipes/interest.ts 14900
 *     nc 127.0.0.1 14900
 *     move 3 4
 */
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

type Player = Connection<string, string, { x: number; y: number; seen: string }>;

const SIGHT = 10; // how far a player sees, and so the size of a cell
const MOST_SEEN = 50;

const net = new Poller();
const way = tcp({ host: "127.0.0.1", port: Number(process.argv[2] ?? 14900) });
const server = net.listen(way, lines({ maxLineBytes: 100 }), {
  data: (): Player["data"] => ({ x: 0, y: 0, seen: "" }),
});
const cells = new Map<string, Set<Player>>();
server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));

await runLoop({
  rateHz: 10,
  poller: net,
  tick() {
    if (server.state === "closed") throw new Error(server.closeReason?.message);
    for (let player: Player | undefined; (player = server.tryAccept()) !== undefined; ) place(player);
    server.drain((player, line) => {
      const [, x, y] = /^move (-?\d{1,3}) (-?\d{1,3})$/.exec(line) ?? [];
      if (y === undefined) player.trySend("error expected: move X Y");
      else place(player, Number(x), Number(y));
    });
    for (let gone: Player | undefined; (gone = server.tryLeave()) !== undefined; ) remove(gone);
    for (const player of server.connections) look(player);
  },
});

function look(player: Player): void {
  const near = [...around(player)].filter((other) => isSeen(player, other)).slice(0, MOST_SEEN);
  const seen = `seen ${near.map(({ id, data: { x, y } }) => `${id}:${x},${y}`).join(" ")}`;
  if (seen !== player.data.seen && player.trySendLatest("seen", seen)) player.data.seen = seen;
}

function* around({ data: { x, y } }: Player): Generator<Player> {
  for (const dx of [-SIGHT, 0, SIGHT]) {
    for (const dy of [-SIGHT, 0, SIGHT]) yield* cells.get(cellAt(x + dx, y + dy)) ?? [];
  }
}

function isSeen(player: Player, other: Player): boolean {
  const [dx, dy] = [other.data.x - player.data.x, other.data.y - player.data.y];
  return other !== player && Math.hypot(dx, dy) <= SIGHT;
}

function place(player: Player, x = 0, y = 0): void {
  remove(player);
  Object.assign(player.data, { x, y });
  const cell = cellAt(x, y);
  cells.set(cell, (cells.get(cell) ?? new Set()).add(player));
}

function remove(player: Player): void {
  const cell = cellAt(player.data.x, player.data.y);
  const players = cells.get(cell);
  players?.delete(player);
  if (players?.size === 0) cells.delete(cell);
}

function cellAt(x: number, y: number): string {
  return `${Math.floor(x / SIGHT)} ${Math.floor(y / SIGHT)}`;
}
