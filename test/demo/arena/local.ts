/** An arena in one process, in simulated time: gateways, worlds and bots over two networks in memory. */
import { Bots } from "../../../demo/arena/bots.ts";
import { LocalArena } from "../../../demo/arena/local-arena.ts";
import { World } from "../../../demo/arena/world.ts";
import { memory, session } from "../../../src/index.ts";

/** What a bot is, for whoever looks at it from outside. */
export type BotView = Bots["all"][number];

/** An arena, and its time. */
export class SteppedArena {
  readonly arena: LocalArena;
  /** What its processes have said, as `name: line`. */
  readonly said: string[] = [];
  nowMs = 0;

  constructor(bots = 8, worlds = 2) {
    const players = memory();
    this.arena = new LocalArena({
      gateways: 2,
      worlds,
      bots,
      seed: 7,
      bus: memory(),
      players: (index) => session(players.at(`g${index + 1}`)),
      transport: (place) => players.at(place),
      places: ["g1", "g2"],
      say: (who, line) => this.said.push(`${who}: ${line}`),
    });
  }

  /** Plays on until `isSo`, for at most `mostMs`. Answers how long it took. */
  until(isSo: () => boolean, mostMs: number): number {
    const beganMs = this.nowMs;
    while (!isSo()) {
      if (this.nowMs - beganMs > mostMs)
        throw new Error(`not within ${mostMs} ms; last said:\n${this.said.slice(-10).join("\n")}`);
      this.step();
    }
    return this.nowMs - beganMs;
  }

  /** Plays on for so long; `look` is called after each frame. */
  run(ms: number, look: () => void = () => {}): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.step();
      look();
    }
  }

  step(): void {
    this.nowMs += 1_000 / 60;
    this.arena.step(this.nowMs);
  }

  get bots(): readonly BotView[] {
    const { part } = this.arena.get("bots");
    return part instanceof Bots ? part.all : [];
  }

  /** Which process plays which zone, and with which epoch, of those that say that they do. */
  get held(): readonly { readonly world: string; readonly zone: number; readonly epoch: number }[] {
    return this.arena.processes.flatMap(({ name, part, state }) =>
      part instanceof World && state === "running"
        ? (part.status().zones ?? [])
            .filter((zone) => zone.state === "held")
            .map(({ zone, epoch }) => ({ world: name, zone, epoch }))
        : [],
    );
  }

  /** How many players a process has, in all. */
  playersOf(name: string): number {
    const { part } = this.arena.get(name);
    return Object.values(part?.status().players ?? {}).reduce((sum, count) => sum + count, 0);
  }

  /** Whether every bot is linked and shown by a zone. */
  get areAllIn(): boolean {
    const gateways = this.arena.processes.filter(
      ({ role, state }) => role === "gateway" && state === "running",
    );
    const seated = gateways.flatMap(({ part }) => Object.entries(part?.status().players ?? {}));
    const shown = seated.filter(([zone]) => zone !== "seeking").reduce((sum, [, count]) => sum + count, 0);
    return shown === this.bots.length && this.bots.every(({ link }) => link.state.kind === "open");
  }
}
