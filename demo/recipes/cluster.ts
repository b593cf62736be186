/**
 * How does a game use all cores of one machine? A front on the port that everybody knows, and a
 * process for each core, with a world and a port of its own. A player tells the front its room,
 * and is told where to connect: the same world for everyone of that room, as it follows from the
 * name alone. A world that dies is started again, and its players ask the front once more; the
 * other worlds notice nothing. Mind what this does not do: a room is never larger than a
 * process, what a dead world knew is gone, and players must reach the ports of the worlds.
 *
 *     npx tsx demo/recipes/cluster.ts 14900
 *     nc 127.0.0.1 14900
 *     room red
 */
import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { type Connection, lines, Poller, runLoop, tcp } from "../../src/index.ts";

interface World {
  readonly process: ChildProcess;
  port: number | undefined; // while it listens
}
type Player = Connection<string, string, { room: string | undefined }>;

const FILE = fileURLToPath(import.meta.url);
const COUNT = Number(process.argv[3] ?? availableParallelism());
const RESTART_MS = 500; // one that cannot start must not keep a core busy

const net = new Poller({ firstMessageTimeoutMs: 5_000 });
const isFront = process.send === undefined;
const port = Number(process.argv[2] ?? 14900);
const server = net.listen(tcp({ host: "127.0.0.1", port }), lines({ maxLineBytes: 1_000 }), {
  data: (): Player["data"] => ({ room: undefined }),
});
if (isFront) await runFront();
else await runWorld(Number(process.argv[4]));

/** Knows where the worlds are, and keeps nothing of a player. */
async function runFront(): Promise<void> {
  const worlds = Array.from({ length: COUNT }, (_, place) => start(place));
  server.on("listen", () => console.log(`listening on 127.0.0.1:${server.address?.port}`));
  await run((player, line) => {
    const room = roomIn(line);
    const world = room === undefined ? undefined : worlds[placeOf(room)];
    if (world === undefined) player.trySend("error expected: room NAME");
    else if (world.port === undefined) player.trySend("error not yet: ask again in a second");
    else player.trySend(`go 127.0.0.1 ${world.port}`);
    player.close();
  });

  function start(place: number): World {
    const world: World = { process: fork(FILE, ["0", `${COUNT}`, `${place}`]), port: undefined };
    world.process.on("message", (port) => {
      world.port = Number(port);
      console.log(`world ${place} is process ${world.process.pid}`);
    });
    world.process.on("exit", () => {
      world.port = undefined;
      setTimeout(() => (worlds[place] = start(place)), RESTART_MS);
    });
    return world;
  }
}

/** Has its rooms whole, and takes no player of another world's. */
async function runWorld(place: number): Promise<void> {
  process.on("disconnect", () => process.exit()); // the front is gone
  server.on("listen", () => process.send?.(server.address?.port));
  await run((player, line) => {
    const room = player.data.room ?? roomIn(line);
    if (room === undefined || placeOf(room) !== place) {
      player.trySend("error expected: room NAME, with the name that the front was told");
      player.close();
    } else {
      const text =
        player.data.room === undefined ? `is in ${room} of process ${process.pid}` : `says ${line}`;
      player.data.room = room;
      const all = [...server.connections].filter(({ data }) => data.room === room); // rooms.ts has Sets for them
      server.broadcast(`player ${player.id} ${text}`, { to: all });
    }
  });
}

async function run(take: (player: Player, line: string) => void): Promise<void> {
  await runLoop({
    rateHz: 30,
    poller: net,
    tick() {
      if (server.state === "closed") throw new Error(server.closeReason?.message);
      while (server.tryAccept() !== undefined);
      server.drain(take);
    },
  });
}

function roomIn(line: string): string | undefined {
  return /^room (\w{1,16})$/.exec(line)?.[1];
}

/** Which of the worlds has this room: a number that everybody finds alike, from 0 to one less than there are. */
function placeOf(room: string): number {
  return createHash("sha256").update(room).digest().readUInt32BE() % COUNT;
}
