/**
 * Sessions that are recorded, and sessions over lines that are: random evenings, whose replay
 * shows all that a game saw, to the last fact of each frame.
 */
import { describe, expect, test } from "vitest";
import {
  type AnyConnection,
  type ConditionedTransport,
  type Connection,
  conditioned,
  type Listener,
  lines,
  type MemoryTransport,
  memory,
  Poller,
  Recording,
  recorded,
  replayed,
  type SessionOptions,
  session,
  type Transport,
} from "../../../../src/index.ts";
import { summarize } from "../../../../src/inspect/summary.ts";
import { CONNECTION, LISTENER, textOf } from "../../../fuzz/visible.ts";
import { isLong, SEED } from "../../../seed.ts";
import { Digest } from "../../../simulate/digest.ts";
import { SeededRandom } from "../../../soak/seeded-random.ts";

/** How wrappers are put around a line, and what is put around its replay. */
interface Order {
  readonly name: string;
  record(line: Transport, recording: Recording, options: SessionOptions): Transport;
  replay(transport: Transport, options: SessionOptions): Transport;
}

const ORDERS: readonly Order[] = [
  {
    name: "recorded(session(line))",
    record: (line, recording, options) => recorded(session(line, options), recording),
    replay: (transport) => transport,
  },
  {
    name: "session(recorded(line)) with clock and random",
    record: (line, recording, options) => session(recorded(line, recording), options),
    replay: (transport, options) => session(transport, options),
  },
  {
    name: "recorded(conditioned(session(line)))",
    record: (line, recording, options) =>
      recorded(conditioned(session(line, options), { seed: 5, latencyMs: 30 }), recording),
    replay: (transport) => transport,
  },
  {
    name: "session(conditioned(recorded(line))) with clock and random",
    record: (line, recording, options) =>
      session(conditioned(recorded(line, recording), { seed: 5, latencyMs: 30 }), options),
    replay: (transport, options) => session(conditioned(transport, { seed: 5, latencyMs: 30 }), options),
  },
];

describe.each(ORDERS)("$name", ({ record, replay }) => {
  test.each(["a player", "a server"])("replays an evening of %s with the hash of the run", (who) => {
    const Game = who === "a player" ? PlayerGame : ServerGame;
    const World = who === "a player" ? ServerWorld : PlayersWorld;
    for (let seed = SEED; seed < SEED + EVENINGS; seed++) {
      const recording = new Recording();
      const line = new Line(seed);
      const world = new World(line);
      const game = new Game(record(line.slow, recording, optionsOf(seed)), seed);
      for (let frame = 0; frame < FRAMES; frame++) {
        const nowMs = frame * 20 + (frame > FRAMES / 2 ? 3_000 : 0);
        game.frame(nowMs);
        line.disturb();
        world.frame(nowMs);
      }
      const hash = game.finish();
      recording.close();
      const copy = Recording.fromBytes(recording.toBytes());
      expect(summarize(copy).frames, `seed ${seed}, as inspect reads it`).toHaveLength(FRAMES);
      const played = replayed(copy);
      const again = new Game(replay(played.transport, optionsOf(seed)), seed);
      for (const nowMs of played.times) again.frame(nowMs);
      const told = `seed ${seed}`;
      const hashAgain = again.finish();
      const at = game.seen.findIndex((text, index) => text !== again.seen[index]);
      expect(again.seen[at], told).toBe(game.seen[at]);
      expect(hashAgain, told).toBe(hash);
      expect(played.divergence, told).toBeUndefined();
      expect(
        game.seen.some((text) => text.startsWith("suspend")),
        told,
      ).toBe(true);
    }
  });
});

/** The network between both. */
class Line {
  readonly wire: MemoryTransport = memory();
  readonly slow: ConditionedTransport;
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed + 1);
    this.slow = conditioned(this.wire, { seed, latencyMs: 20, jitterMs: 10 });
  }

  disturb(): void {
    const random = this.#random;
    const chance = random.next();
    if (chance < 0.02) this.slow.cut();
    else if (chance < 0.03) this.wire.cut();
    else if (chance < 0.04) this.slow.blackhole(random.pick(["send", "receive", undefined] as const));
    else if (chance < 0.08) this.slow.heal();
    else if (chance < 0.1) this.slow.set({ latencyMs: random.pick([0, 20, 100]) });
  }
}

/** A game that notes all that it sees, and acts by chance. */
abstract class NotedGame {
  readonly seen: string[] = [];
  protected readonly poller: Poller;
  protected readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed + 2);
    this.poller = new Poller({ receiveLimitBytes: 2_000, sendLimitBytes: 4_000, closeTimeoutMs: 1_000 });
    for (const type of ["accept", "open", "suspend", "resume", "drain"] as const)
      this.poller.on(type, ({ connection }) => this.note(type, connection.id));
    this.poller.on("close", ({ connection, reason }) =>
      this.note("close", connection.id, JSON.stringify(reason)),
    );
    this.poller.on("drop", ({ count, reason }) => this.note("drop", count, reason.kind));
  }

  frame(nowMs: number): void {
    const frame = this.poller.poll(nowMs);
    this.note("frame", frame.received, frame.accepted, frame.opened, frame.closed);
    this.look();
    for (const one of this.those) this.#act(one);
    this.poller.flush();
    this.look();
  }

  finish(): string {
    const digest = new Digest();
    for (const text of this.seen) digest.add(text);
    return digest.finish();
  }

  protected abstract get those(): readonly Connection<string>[];

  protected note(...seen: readonly (string | number)[]): void {
    this.seen.push(seen.join(" "));
  }

  protected look(): void {
    for (const one of this.those)
      this.note(`${one.id}: ${textOf(one as unknown as AnyConnection, CONNECTION)}`);
    this.note(JSON.stringify(this.poller.stats));
  }

  #act(one: Connection<string>): void {
    const { random } = this;
    const chance = random.next();
    if (chance < 0.7) for (const text of one) this.note("got", text);
    if (chance < 0.5) one.trySend("x".repeat(random.pick([1, 100, 900])));
    else if (chance < 0.6) one.trySendLatest("where", `${random.between(1, 99)}`);
    else if (chance < 0.602) one.close({ code: 4_000, text: "enough" });
    else if (chance < 0.604) one.abort();
    else if (chance < 0.606) one.end();
  }
}

class PlayerGame extends NotedGame {
  readonly #way: Transport;
  readonly #mine: Connection<string>[] = [];

  constructor(way: Transport, seed: number) {
    super(seed);
    this.#way = way;
  }

  protected override get those(): readonly Connection<string>[] {
    return this.#mine;
  }

  override frame(nowMs: number): void {
    const isAlone = this.#mine.every(({ state }) => state === "closed");
    if (isAlone || (this.#mine.length < 3 && this.random.next() < 0.05))
      this.#mine.push(this.poller.connect(this.#way, lines()));
    super.frame(nowMs);
  }
}

class ServerGame extends NotedGame {
  readonly #listener: Listener<string>;

  constructor(way: Transport, seed: number) {
    super(seed);
    this.#listener = this.poller.listen(way, lines());
  }

  protected override get those(): readonly Connection<string>[] {
    return [...this.#listener.connections];
  }

  override frame(nowMs: number): void {
    super.frame(nowMs);
    while (this.#listener.tryAccept() !== undefined);
  }

  protected override look(): void {
    super.look();
    this.note(textOf(this.#listener as never, LISTENER));
  }
}

/** The server of a player that is recorded. */
class ServerWorld {
  readonly #poller = new Poller();
  readonly #listener: Listener<string>;

  constructor({ wire }: Line) {
    this.#listener = this.#poller.listen(session(wire), lines());
  }

  frame(nowMs: number): void {
    this.#poller.poll(nowMs);
    while (this.#listener.tryAccept() !== undefined);
    this.#listener.drain((one, text) => one.trySend(text.slice(0, 50)));
    this.#poller.flush();
  }
}

/** The players of a server that is recorded. */
class PlayersWorld {
  readonly #poller = new Poller();
  readonly #way: Transport;
  #mine: Connection<string>[] = [];

  constructor({ wire }: Line) {
    this.#way = session(wire);
  }

  frame(nowMs: number): void {
    this.#poller.poll(nowMs);
    this.#mine = this.#mine.filter(({ state }) => state !== "closed");
    if (this.#mine.length < 3) this.#mine.push(this.#poller.connect(this.#way, lines()));
    for (const one of this.#mine) {
      for (const text of one) one.trySend(text.slice(0, 50));
      one.trySend("here");
    }
    this.#poller.flush();
  }
}

/** A clock and a chance that answer the same again. */
function optionsOf(seed: number): SessionOptions {
  const random = new SeededRandom(seed + 3);
  let stamp = 0;
  return {
    clock: () => (stamp += 0.25),
    random: (bytes) => bytes.set(random.bytes(bytes.length)),
    pingIntervalMs: 200,
    deadPeerMs: 600,
    resumeWindowMs: 3_000,
    resendBytes: 3_000,
  };
}

const EVENINGS = isLong ? 100 : 2;
const FRAMES = 300;
