/**
 * Thousands of connections that open at once and are all dropped at once, some
 * rounds of it, beside players who must not notice: a program that counts.
 * Prints its figures as JSON.
 */
import { fileURLToPath } from "node:url";
import { tcp } from "../../../src/index.ts";
import { Child, endAll } from "../../demo/children.ts";
import { GameServer, LOOPBACK } from "../bystanders.ts";
import { connectionsAllowed, heapBytes } from "../measure.ts";

/** What came of it. */
export interface RushFigures {
  readonly connections: number;
  /** How many were accepted, in all rounds. */
  readonly accepted: number;
  /** How many were rejected, as more came between two frames than may wait to be accepted. */
  readonly dropped: number;
  /** How many endings were told of the accepted ones. */
  readonly ended: number;
  /** Who is still there in the end, but the players. */
  readonly left: number;
  /** The heap and its buffers after each round. */
  readonly heapBytes: readonly number[];
}

const ROUNDS = 3;
const PLAYERS = 20;
/**
 * How many connections may wait in the system for a server that has no turn just now. Of more than that at
 * once the system loses some, and their clients believe that they are connected: nobody would notice.
 */
const BACKLOG = 4_096;
const program = fileURLToPath(new URL("silent-clients.mjs", import.meta.url));

const server = await GameServer.open({
  players: PLAYERS,
  transport: tcp({ host: LOOPBACK, port: 0, backlog: BACKLOG }),
  listen: { acceptLimit: 4_096 },
});
const connections = connectionsAllowed(10_000);
const { stats } = server.poller;
const after: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const clients: Child[] = [];
  for (let begun = 0; begun < connections; begun += BACKLOG) {
    const wave = Math.min(BACKLOG, connections - begun);
    clients.push(new Child(process.execPath, [program, String(server.port), String(wave)]));
    const due = stats.accepted + stats.dropped + wave;
    await server.until(() => stats.accepted + stats.dropped === due, "all of them");
  }
  for (const child of clients) child.process.kill("SIGKILL"); // and the system drops all that they had
  await server.until(() => server.listener.connections.size === PLAYERS, "the end of all of them");
  await server.checkPlayers();
  server.forgetClosedPeers();
  after.push(heapBytes());
}
const figures: RushFigures = {
  connections: connections * ROUNDS,
  accepted: stats.accepted - PLAYERS,
  dropped: stats.dropped,
  ended: stats.closed,
  left: server.listener.connections.size - PLAYERS,
  heapBytes: after,
};
console.log(JSON.stringify(figures));
await endAll();
await server.close();
