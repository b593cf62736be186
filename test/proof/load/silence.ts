/**
 * A thousand clients that never send, beside players that must not notice: a
 * program that counts what the silent ones cost. Prints its figures as JSON.
 */
import { fileURLToPath } from "node:url";
import { tcp } from "../../../src/index.ts";
import { Child, endAll } from "../../demo/children.ts";
import { GameServer, LOOPBACK } from "../bystanders.ts";
import { connectionsAllowed, heapBytes } from "../measure.ts";

/** What came of it. */
export interface SilenceFigures {
  readonly connections: number;
  /** The most connections that a frame had something to show of, once all had come. */
  readonly mostReady: number;
  /** What the heap and its buffers grew by for each of them, in bytes; Node's own socket is most of it. */
  readonly bytesPerConnection: number;
  /** How many were closed at the deadline for a first message, where there was one. */
  readonly timedOut: number;
}

const PLAYERS = 20;
const FRAMES = 200;
/** For a first word, where there is a deadline. */
const FIRST_WORD_MS = 1_000;
/** Room for all of them to wait in the system: it loses those that find none, and nobody would notice. */
const transport = tcp({ host: LOOPBACK, port: 0, backlog: 4_096 });
const program = fileURLToPath(new URL("silent-clients.mjs", import.meta.url));
const connections = connectionsAllowed(1_000);

/** Without a deadline they may stay; they cost memory, and no frame anything. */
async function keepThem(): Promise<Pick<SilenceFigures, "mostReady" | "bytesPerConnection">> {
  const server = await GameServer.open({ players: PLAYERS, transport });
  const before = heapBytes();
  const child = startClients(server);
  await server.until(() => server.listener.connections.size === PLAYERS + connections, "all clients");
  await server.checkPlayers();
  const bytesPerConnection = Math.round((heapBytes() - before) / connections);
  let mostReady = 0;
  for (let frame = 0; frame < FRAMES; frame++) {
    await server.frame();
    mostReady = Math.max(mostReady, server.poller.ready.length);
  }
  await server.checkPlayers();
  await child.kill("SIGKILL");
  await server.until(() => server.listener.connections.size === PLAYERS, "their end");
  await server.close();
  return { mostReady, bytesPerConnection };
}

/** With a deadline for the first message, each of them is closed. */
async function closeAtDeadline(): Promise<Pick<SilenceFigures, "timedOut">> {
  const server = await GameServer.open({
    players: PLAYERS,
    transport,
    listen: { firstMessageTimeoutMs: FIRST_WORD_MS },
  });
  let timedOut = 0;
  server.poller.on("close", ({ reason }) => {
    if (reason.kind === "timeout" && reason.code === "firstMessageTimeoutMs") timedOut++;
  });
  const child = startClients(server);
  await server.until(() => timedOut === connections, "the end of all clients");
  await server.checkPlayers();
  await child.kill("SIGKILL");
  await server.close();
  return { timedOut };
}

function startClients(server: GameServer): Child {
  return new Child(process.execPath, [program, String(server.port), String(connections)]);
}

const figures: SilenceFigures = { connections, ...(await keepThem()), ...(await closeAtDeadline()) };
console.log(JSON.stringify(figures));
await endAll();
