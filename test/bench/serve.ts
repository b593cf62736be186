/**
 * What both servers share, so that they differ in their networking alone: the
 * frame clock, the game's work, and the measuring of a window.
 *
 *     clock ──▶ server.frame(), timed ──▶ samples ┊ end ──▶ report
 */
import { jobOfThisProcess, listenToMain, type ServerReport, tell } from "./reports.ts";
import type { Scenario } from "./scenarios.ts";

/** A server, as the frame clock sees it. */
export interface FrameServer {
  /** The network's part of one frame: guests in, lines to the game, lines out. This is what is timed. */
  frame(): void;
  /** How many clients are connected. */
  connections(): number;
}

/** The game: what it was given and what it sent. Its work is next to nothing, and the same for both. */
export interface Game {
  takenLines: number;
  sentLines: number;
  framesWithRest: number;
  take(line: string): void;
}

/** Runs one server until the main process ends it. `open` answers once it listens, with the port. */
export async function serve(
  open: (scenario: Scenario, game: Game) => Promise<{ server: FrameServer; port: number }>,
): Promise<void> {
  const { scenario } = jobOfThisProcess();
  const game = newGame();
  const { server, port } = await open(scenario, game);
  const window = new Window(game);
  let warmingUp = true;
  const mayHurry = () => warmingUp && scenario.linesOut === 0;
  runFrames(scenario.rateHz, mayHurry, () => {
    const startMs = performance.now();
    server.frame();
    window.add(performance.now() - startMs);
  });
  if (scenario.linesIn === Infinity) {
    setInterval(() => {
      if (process.memoryUsage.rss() < MEMORY_CEILING_BYTES) return;
      tell(window.end(server.connections(), "its memory reached 1.5 GiB"));
      process.disconnect();
    }, LOOK_EVERY_MS);
  }
  listenToMain((command) => {
    warmingUp = false;
    if (command === "begin") window.begin();
    else tell(window.end(server.connections()));
  });
  tell({ ready: true, port });
}

function newGame(): Game & { checksum: number } {
  return {
    takenLines: 0,
    sentLines: 0,
    framesWithRest: 0,
    checksum: 0,
    take(line) {
      this.takenLines++;
      this.checksum = (this.checksum + line.length + line.charCodeAt(5)) | 0;
    },
  };
}

/**
 * Calls `frame` at a fixed rate that does not drift; frames that are late by
 * more than one are left out. Where it may hurry it does not rest between
 * frames: the warm-up so shows the compiler in a second what a game shows it in
 * minutes.
 */
function runFrames(rateHz: number, mayHurry: () => boolean, frame: () => void): void {
  const periodMs = 1_000 / rateHz;
  let dueMs = performance.now();
  const tick = () => {
    frame();
    const nowMs = performance.now();
    dueMs = mayHurry() ? nowMs : Math.max(dueMs + periodMs, nowMs - periodMs);
    const restMs = dueMs - nowMs;
    if (restMs < 1 || mayHurry()) setImmediate(tick);
    else setTimeout(tick, restMs);
  };
  tick();
}

/** What is measured: everything since `begin`, or since the start when that has not come. */
class Window {
  readonly #game: Game;
  #samplesMs: number[] = [];
  #startMs = performance.now();
  #startCpu = process.cpuUsage();
  #startCounts: Game;

  constructor(game: Game) {
    this.#game = game;
    this.#startCounts = { ...game };
  }

  begin(): void {
    this.#samplesMs = [];
    this.#startCounts = { ...this.#game };
    this.#startMs = performance.now();
    this.#startCpu = process.cpuUsage();
  }

  add(frameMs: number): void {
    this.#samplesMs.push(frameMs);
  }

  end(connections: number, gaveUp?: string): ServerReport {
    const elapsedMs = performance.now() - this.#startMs;
    const { user, system } = process.cpuUsage(this.#startCpu);
    const sorted = this.#samplesMs.toSorted((one, other) => one - other);
    return {
      elapsedMs,
      cpuMs: (user + system) / 1_000,
      frames: sorted.length,
      frameP50Us: quantile(sorted, 0.5) * 1_000,
      frameP99Us: quantile(sorted, 0.99) * 1_000,
      connections,
      takenLines: this.#game.takenLines - this.#startCounts.takenLines,
      sentLines: this.#game.sentLines - this.#startCounts.sentLines,
      framesWithRest: this.#game.framesWithRest - this.#startCounts.framesWithRest,
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
      gaveUp,
    };
  }
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const LOOK_EVERY_MS = 100;
/** A server without bounds is stopped here, before it takes the machine with it. */
const MEMORY_CEILING_BYTES = 1.5 * 2 ** 30;
