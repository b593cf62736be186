/**
 * One peer floods a server with a million messages while 200 others play: a
 * program, which counts in how many frames their answers are seen.
 *
 *     flooder ── a million lines ──▶ server ── "tick N" ──▶ players ── answers ──▶ server
 *                                       ▲── "answered N", by a pipe ──┘
 *
 * In lockstep, so that no clock and no busy machine has a part in it: when the
 * players' program says that all have answered, the answers are in this process's kernel,
 * and the frames are counted from there on. Prints its figures as JSON.
 */
import { fileURLToPath } from "node:url";
import { type Connection, lines, Poller, tcp } from "../../../src/index.ts";
import { Child, endAll } from "../../demo/children.ts";
import { heapBytes, rest } from "../measure.ts";

/** What came of it. */
export interface FloodFigures {
  /** Messages of the flood that came, each with the number it should have. */
  readonly flooded: number;
  /** How often all players were told a tick, and answered it, under the flood. */
  readonly ticks: number;
  readonly frames: number;
  /** Frames in which more had come than the game took. */
  readonly fullFrames: number;
  /** How often the last answer to a tick was seen so many frames later than the first frame it could be seen in. */
  readonly lateFrames: readonly number[];
  /** The most that the heap and its buffers grew, after a collection. */
  readonly grownBytes: number;
  readonly sumOfLimitsBytes: number;
  /** The most that ever waited of the flood. */
  readonly inboxPeakBytes: number;
  readonly floodEnding: string | undefined;
}

const PLAYERS = 200;
const FLOOD = 1_000_000;
const LIMITS = { receiveLimitBytes: 262_144, sendLimitBytes: 65_536 };
/** Less than what the flood brings, so that there is something to share fairly. */
const MESSAGES_PER_FRAME = 600;
const FRAMES_PER_LOOK = 100;

const net = new Poller(LIMITS);
const server = net.listen(tcp({ host: "127.0.0.1", port: 0 }), lines());
const lateFrames: number[] = [];
const players: Connection<string>[] = [];
let flood: Connection<string> | undefined;
let flooded = 0;
let frames = 0;
let fullFrames = 0;
let tick = 0;
let answers = 0;
/** The frame after which the players said that all have answered. */
let answeredAt: number | undefined;

function frame(): void {
  net.poll();
  frames++;
  while (server.tryAccept() !== undefined);
  if (server.drain(receive, { messages: MESSAGES_PER_FRAME }) > 0) fullFrames++;
  if (answers === PLAYERS && answeredAt !== undefined) nextTick(Math.max(0, frames - answeredAt - 1));
  net.flush();
}

function receive(connection: Connection<string>, text: string): void {
  if (text === "player") players.push(connection);
  else if (text === `tick ${tick}`) answers++;
  else if (text === `flood ${flooded}`) {
    flood = connection;
    flooded++;
  } else throw new Error(`${text} came, at tick ${tick} and ${flooded} of the flood`);
}

function nextTick(late: number): void {
  if (flooded > 0 && flooded < FLOOD) lateFrames[late] = (lateFrames[late] ?? 0) + 1;
  tell(tick + 1);
}

function tell(number: number): void {
  tick = number;
  answers = 0;
  answeredAt = undefined;
  for (const player of players) player.trySend(`tick ${tick}`);
}

async function until(isThere: () => boolean): Promise<void> {
  while (!isThere()) {
    frame();
    await rest(1); // the flood comes meanwhile, so that every frame has too much of it
  }
}

function start(name: string, count: number): Child {
  const program = fileURLToPath(new URL(name, import.meta.url));
  return new Child(process.execPath, [program, String(server.address?.port), String(count)]);
}

await until(() => server.state === "listening");
const playersProgram = start("players.mjs", PLAYERS);
playersProgram.process.stdout?.on("data", () => {
  answeredAt = frames; // one line for each tick, and the next tick waits for it
});
await until(() => players.length === PLAYERS);
tell(0);
await until(() => tick > 20);

const before = heapBytes();
let grownBytes = 0;
start("flooder.mjs", FLOOD);
await until(() => {
  if (frames % FRAMES_PER_LOOK === 0) grownBytes = Math.max(grownBytes, heapBytes() - before);
  return flood?.state === "closed";
});
const ticks = lateFrames.reduce((sum, count) => sum + (count ?? 0), 0);
const figures: FloodFigures = {
  flooded,
  ticks,
  frames,
  fullFrames,
  lateFrames: Array.from(lateFrames, (count) => count ?? 0),
  grownBytes,
  sumOfLimitsBytes: (PLAYERS + 1) * (LIMITS.receiveLimitBytes + LIMITS.sendLimitBytes),
  inboxPeakBytes: flood?.stats.inboxPeakBytes ?? 0,
  floodEnding: flood?.closeReason?.kind,
};
console.log(JSON.stringify(figures));
await endAll();
net[Symbol.dispose]();
