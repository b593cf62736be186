/**
 * Plays games one after the other, each from a number of its own, and looks at the
 * process around them: errors that nobody caught, warnings, handles that stay.
 */
import { SeededRandom } from "../soak/seeded-random.ts";
import type { Carrier } from "./carriers.ts";
import { finish } from "./finish.ts";
import { Game, type Tamper } from "./game.ts";
import { leftovers } from "./leftovers.ts";
import { drawMove } from "./moves/table.ts";

/** What to play. */
export interface FuzzOptions {
  readonly carrier: Carrier;
  readonly seed: number;
  /** The first game's number; 1 unless it is said. */
  readonly first?: number;
  readonly tamper?: Tamper;
  readonly verbose?: boolean;
  /** Is told the rules of each game, and its last steps. */
  readonly onGame?: (...steps: readonly string[]) => unknown;
}

/** A game that went wrong. */
export interface Failure {
  readonly seed: number;
  readonly game: number;
  readonly step: number;
  readonly error: unknown;
  readonly lastSteps: readonly string[];
}

/** Plays games while `goesOn`. Answers how many there were, and the first that went wrong. */
export async function playGames(
  options: FuzzOptions,
  goesOn: (played: number) => boolean,
): Promise<{ played: number; messages: number; failure: Failure | undefined }> {
  const stray: unknown[] = [];
  const onStray = (error: unknown): unknown => stray.push(error);
  for (const event of STRAY) process.on(event, onStray);
  try {
    await options.carrier.begin?.();
    let messages = 0;
    for (let played = 0; ; played++) {
      if (!goesOn(played)) return { played, messages, failure: undefined };
      const number = (options.first ?? 1) + played;
      const outcome = await playGame(options, number, stray);
      messages += outcome.messages;
      if (outcome.failure !== undefined) return { played: played + 1, messages, failure: outcome.failure };
    }
  } finally {
    for (const event of STRAY) process.off(event, onStray);
  }
}

async function playGame(
  options: FuzzOptions,
  number: number,
  stray: unknown[],
): Promise<{ messages: number; failure: Failure | undefined }> {
  const { carrier, seed, tamper, verbose, onGame } = options;
  carrier.calm?.();
  const before = await leftovers();
  const game = new Game(carrier, chanceOf(seed, number, 0), tamper);
  const { language: _, ...rules } = game.rules;
  game.note(`game ${number}: ${JSON.stringify(rules)}`);
  const progress = { step: 0 };
  let failure: Failure | undefined;
  try {
    await playSteps(game, options, number, stray, progress);
    throwStray(stray);
    await nothingStays(before, carrier);
  } catch (error) {
    failure = { seed, game: number, step: progress.step, error, lastSteps: [...game.log] };
    await drop(game);
  }
  onGame?.(...game.log);
  if (verbose === true && failure === undefined) console.log(`game ${number}: ${summary(game)}`);
  const messages = game.sides.reduce((sum, { poller }) => sum + poller.stats.receivedMessages, 0);
  return { messages, failure };
}

async function playSteps(
  game: Game,
  { seed }: FuzzOptions,
  number: number,
  stray: unknown[],
  progress: { step: number },
): Promise<void> {
  game.signals.push(new AbortController());
  await game.startPage();
  await game.listen(new SeededRandom(chanceOf(seed, number, 1)), false);
  while (progress.step < game.rules.steps) {
    const step = ++progress.step;
    await playStep(game, chanceOf(seed, number, step + 1), step, stray);
  }
  await finish(game, new SeededRandom(chanceOf(seed, number, -1)));
}

/** Frees what a game that went wrong has left open. */
async function drop(game: Game): Promise<void> {
  for (const { poller } of game.sides) poller[Symbol.dispose]();
  for (const raw of game.raws) raw.kill();
  for (const hostile of game.hostiles) hostile.leave();
  for (const { place } of game.spots) await place.free?.();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function playStep(game: Game, chance: number, step: number, stray: unknown[]): Promise<void> {
  const random = new SeededRandom(chance);
  const move = drawMove(random, game.carrier.name);
  game.note(`  ${step}: ${move.name}`);
  await move.play(game, random);
  for (const raw of game.raws) if (!raw.stream.isPaused()) raw.takeAll(game.parties);
  throwStray(stray);
}

function throwStray(stray: unknown[]): void {
  const error = stray.shift();
  if (error !== undefined) throw error;
}

async function nothingStays(before: string, { calm }: Carrier): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let now = await leftovers();
  while (now !== before && performance.now() < deadlineMs) {
    calm?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
    now = await leftovers();
  }
  if (now !== before) throw new Error(`something is left: ${now}, and before it was ${before}`);
}

/** A number for each step of each game, so that what a step draws hangs on no other step. */
function chanceOf(seed: number, game: number, step: number): number {
  return (
    Math.imul(Math.imul(seed ^ 0x9e3779b1, 0x85ebca6b) + game, 0xc2b2ae35) ^ Math.imul(step + 7, 0x27d4eb2f)
  );
}

function summary({ ends, raws, hostiles, rules }: Game): string {
  const kinds = new Map<string, number>();
  for (const { connection } of ends) {
    const kind = connection.closeReason?.kind ?? "none";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const told = [...kinds].map(([kind, count]) => `${kind} ${count}`).join(", ");
  const received = ends.reduce((sum, { peer }) => sum + (peer?.out.received ?? 0), 0);
  return `${rules.codec}, ${rules.ending}, ${ends.length} ends, ${raws.length} foreign, ${hostiles.length} hostile, ${received} messages checked; ${told}`;
}

const STRAY = ["uncaughtException", "unhandledRejection", "warning"] as const;
const PATIENCE_MS = 3_000;
