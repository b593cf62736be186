/**
 * What all servers in Node share, so that they differ in their networking
 * alone: the frame clock, the game, and the measuring of a window.
 *
 *     clock ──▶ frame: receive, send, flush ──▶ samples ┊ end ──▶ report
 */
import { Meter, Samples } from "../measure/meter.ts";
import { Profiler } from "../measure/profile.ts";
import { jobOfThisProcess, listenToMain, tell } from "../measure/protocol.ts";
import type { ServerReport } from "../measure/reports.ts";
import { lineOf, type Message } from "../wire.ts";
import { RATE_HZ, type Task } from "../works.ts";
import { runFrames } from "./frames.ts";
import { hotFrames } from "./hot-frames.ts";
import type { Open, Server } from "./server.ts";

/** Runs one server until the main process ends it. */
export async function host(open: Open): Promise<void> {
  const job = jobOfThisProcess();
  const { task } = job.work;
  const { server, port } = await open(job);
  const game = new Game(server);
  const watch = new Watch(game, server);
  const frame = game.frameOf(task);
  let isWarmingUp = true;
  if (task.kind !== "ping-pong") {
    const sends = task.kind === "broadcast" || task.kind === "everyone";
    const mayHurry = () => isWarmingUp && !sends && job.work.isCold !== true;
    runFrames(RATE_HZ, mayHurry, () => {
      const startMs = performance.now();
      frame();
      if (!isWarmingUp) watch.frameTimesUs.add((performance.now() - startMs) * 1_000);
    });
  }
  if (task.kind === "firehose") {
    setInterval(() => {
      if (process.memoryUsage.rss() < MEMORY_CEILING_BYTES) return;
      tell({ ...watch.end(), gaveUp: "its memory reached 1 GiB" });
      process.exit();
    }, LOOK_EVERY_MS);
  }
  const profiler = job.isProfiled ? new Profiler() : undefined;
  listenToMain((command) => {
    isWarmingUp = false;
    if (command === "begin") {
      profiler?.begin();
      watch.begin();
      tell({ begun: true });
      return;
    }
    const report = watch.end(); // before what follows, which costs more than it
    const hot = task.kind === "idle" ? hotFrames(frame) : {};
    tell({ ...report, ...hot, ...(profiler !== undefined && { profile: profiler.end() }) });
  });
  tell({ ready: true, port });
}

/** The game: its work is next to nothing, and the same for all. */
class Game {
  taken = 0;
  sent = 0;
  checksum = 0;
  readonly #server: Server;
  readonly #positions = new Map<object, string>();
  #number = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** The network's part of one frame, which is what is timed. */
  frameOf(task: Task): () => void {
    const server = this.#server;
    const most = task.kind === "firehose" ? (task.takePerTick ?? Infinity) : Infinity;
    const take = (_: object, message: Message) => this.#take(message);
    const takePosition = (client: object, message: Message) => {
      this.#take(message);
      this.#positions.set(client, message as string);
    };
    if (task.kind === "everyone") {
      return () => {
        server.receive(takePosition, most);
        let player = 0;
        for (const position of this.#positions.values()) this.#sendToAll(position, player++);
        server.flush();
      };
    }
    const sends = task.kind === "broadcast" ? task.perTick : 0;
    return () => {
      server.receive(take, most);
      for (let count = 0; count < sends; count++) this.#sendToAll(lineOf(this.#number++));
      server.flush();
    };
  }

  #take(message: Message): void {
    this.taken++;
    const seen = typeof message === "string" ? message.length + message.charCodeAt(5) : message.x;
    this.checksum = (this.checksum + seen) | 0;
  }

  #sendToAll(line: string, key?: number): void {
    this.#server.sendToAll(line, key);
    this.sent += this.#server.connections;
  }
}

/** Everything between `begin` and `end`. */
class Watch {
  readonly frameTimesUs: Samples = new Samples();
  readonly #game: Game;
  readonly #server: Server;
  readonly #meter = new Meter();
  readonly #emptyBytes = usedBytes();
  #grownBytes = 0;
  #takenBefore = 0;
  #sentBefore = 0;

  constructor(game: Game, server: Server) {
    this.#game = game;
    this.#server = server;
  }

  begin(): void {
    this.#grownBytes = usedBytes() - this.#emptyBytes;
    this.frameTimesUs.clear();
    this.#takenBefore = this.#game.taken;
    this.#sentBefore = this.#game.sent;
    this.#meter.begin();
  }

  end(): ServerReport {
    return {
      ...this.#meter.end(),
      frames: this.frameTimesUs.count,
      frameP50Us: this.frameTimesUs.quantile(0.5),
      frameP99Us: this.frameTimesUs.quantile(0.99),
      frameMaxUs: this.frameTimesUs.quantile(1),
      connections: this.#server.connections,
      taken: this.#game.taken - this.#takenBefore,
      sent: this.#game.sent - this.#sentBefore,
      peakBytes: process.resourceUsage().maxRSS * 1_024,
      grownBytes: this.#grownBytes,
    };
  }
}

/** JavaScript's heap and buffers, without garbage. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const LOOK_EVERY_MS = 50;
/** A server without bounds is stopped here, before it takes the machine with it. */
const MEMORY_CEILING_BYTES = 2 ** 30;
