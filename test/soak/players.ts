/**
 * The soak's players: a program of its own, so that nothing of them is in the
 * server's memory. Reads its commands, a JSON object a line, from its stdin.
 *
 *     {"listeners": [...]}        where to connect
 *     {"seed": 7, "wave": 8000}   play for so many milliseconds, and then leave
 *
 * Prints a line with what it counted when the last player of a wave has gone.
 */
import { createInterface } from "node:readline";
import { BEHAVIOURS } from "./behaviours.ts";
import { connect, type ListenerAddress } from "./listeners.ts";
import { SeededRandom } from "./seeded-random.ts";

/** A command to the players. */
export type Command =
  | { readonly listeners: readonly ListenerAddress[] }
  | { readonly seed: number; readonly wave: number };

/** What a wave was. */
export interface Wave {
  readonly players: number;
  readonly words: number;
  /** Words of the server that came out of order. */
  readonly gaps: number;
}

/** The most who play at the same time. */
const MAX_PLAYERS = 40;
const EVERY_MS = 25;

let listeners: readonly ListenerAddress[] = [];
let counts = { players: 0, words: 0, gaps: 0 };
let present = 0;

function play(seed: number, waveMs: number): void {
  const random = new SeededRandom(seed);
  counts = { players: 0, words: 0, gaps: 0 };
  const untilMs = performance.now() + waveMs;
  const coming = setInterval(() => {
    if (performance.now() < untilMs) {
      if (present < MAX_PLAYERS) addPlayer(random);
    } else if (present === 0) {
      clearInterval(coming);
      console.log(JSON.stringify(counts satisfies Wave));
    }
  }, EVERY_MS);
  setTimeout(() => leaveAll(), waveMs);
}

const leaving = new Set<() => void>();

function addPlayer(random: SeededRandom): void {
  const socket = connect(random.pick(listeners));
  const name = random.pick([...Object.keys(BEHAVIOURS), "talker", "talker", "talker"]);
  const leave = () => void socket.destroy();
  leaving.add(leave);
  present++;
  counts.players++;
  checkWords(socket);
  BEHAVIOURS[name]?.(socket, new SeededRandom(random.between(0, 1_000_000)));
  socket.on("close", () => {
    leaving.delete(leave);
    present--;
  });
}

/** Checks that the server's words come in order. */
function checkWords(socket: NodeJS.ReadableStream): void {
  let next = 0;
  let half = "";
  socket.on("data", (piece: Uint8Array) => {
    const lines = (half + String(piece)).split("\n");
    half = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== `word ${next++}`) counts.gaps++;
      counts.words++;
    }
  });
}

function leaveAll(): void {
  for (const leave of leaving) leave();
}

createInterface(process.stdin).on("line", (line) => {
  const command = JSON.parse(line) as Command;
  if ("listeners" in command) listeners = command.listeners;
  else play(command.seed, command.wave);
});
