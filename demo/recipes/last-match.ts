/**
 * How does a bug of last night come back today? The server records what each frame saw of the
 * network, into a file. A test replays the file on the same game: the same lines in the same
 * frames, without a socket, and asserts what was wrong, in vitest
 * `expect(framesInDebt("last-match.rec")).toEqual([])`. Put the bug right, and the test says
 * so; it stays as the bug's own. Mind that the game must take time from `poll` and chance from
 * the recording's `seed`, or it goes its own way: `replay.divergence` then says where. Mind
 * the file, too: it has all that the players have sent, passwords among it, unless `redact`
 * takes them out.
 *
 *     npx tsx demo/recipes/last-match.ts 14900 last-match.rec
 *     npx tickwire inspect last-match.rec --html last-match.html
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Listener,
  lines,
  Poller,
  Recording,
  recorded,
  recordingFile,
  replayed,
  type Transport,
  tcp,
} from "../../src/index.ts";

/** The game, which does not know whether it is played or replayed. */
export class Match {
  readonly net: Poller = new Poller();
  readonly server: Listener<string, string, { gold: number }>;

  constructor(way: Transport) {
    const data = () => ({ gold: 0 });
    this.server = this.net.listen(way, lines({ maxLineBytes: 1_000 }), { data });
  }

  tick(nowMs: number): void {
    this.net.poll(nowMs);
    while (this.server.tryAccept() !== undefined);
    this.server.drain((player, line) => {
      if (line === "dig") player.data.gold += 5;
      if (line === "buy") player.data.gold -= 8; // whoever has less buys, too: the bug
      player.trySend(`you have ${player.data.gold} gold`);
    });
    this.net.flush();
  }
}

/** Plays a match, and records it until the process is asked to end. */
function play(port: number, file: string): void {
  const recording = recordingFile(file);
  const match = new Match(recorded(tcp({ host: "127.0.0.1", port }), recording));
  match.server.on("listen", () => console.log(`listening on 127.0.0.1:${match.server.address?.port}`));
  const timer = setInterval(() => match.tick(performance.now()), 33);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      recording.close(); // before the players are sent away, which no replay does
      clearInterval(timer);
      void match.net[Symbol.asyncDispose]();
    });
  }
}

/** The frames of a recorded match in which somebody owes gold: what a test asserts to be none. */
export function framesInDebt(file: string): number[] {
  const frames: number[] = [];
  const replay = replayed(Recording.fromBytes(readFileSync(file)));
  const match = new Match(replay.transport);
  for (const nowMs of replay.times) {
    match.tick(nowMs);
    if ([...match.server.connections].some(({ data }) => data.gold < 0)) frames.push(replay.frame);
  }
  if (replay.divergence !== undefined) throw new Error(replay.divergence.message);
  return frames;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  play(Number(process.argv[2] ?? 14900), process.argv[3] ?? `match-${Date.now()}.rec`);
}
