/**
 * The fuzzer itself: a few games in memory, with seeds that stay, are won by
 * tickwire; and a transport that breaks its promises is found out. A check that
 * cannot fail holds nothing.
 */
import { expect, test } from "vitest";
import { SeededRandom } from "../soak/seeded-random.ts";
import { BREAKINGS, broken, hasty } from "./broken.ts";
import { type Carrier, carrierOf } from "./carriers.ts";
import { type Failure, playGames } from "./fuzz.ts";
import type { Tamper } from "./game.ts";
import { MOVES } from "./moves/table.ts";

test("plays games in memory in which every message is accounted for", async () => {
  const { failure, messages } = await play(GAMES);
  expect(failure?.error).toBeUndefined();
  expect(messages).toBeGreaterThan(1_000);
});

test("plays the same steps again from the same seed", async () => {
  const [first, again] = [await stepsOf(7), await stepsOf(7)];
  expect(first.length).toBeGreaterThan(10);
  expect(again).toEqual(first);
  expect(await stepsOf(8)).not.toEqual(first);
});

test.each(Object.entries(BREAKINGS))("finds a transport that %s", async (_, breaking) => {
  const random = new SeededRandom(1);
  const { failure } = await play(GAMES, (transport) => broken(transport, breaking, random));
  expect(String(failure?.error)).toMatch(/came|received|lacks|waited for too long|sent/);
});

test("finds a transport in which the end of a stream overtakes its last bytes", async () => {
  const { failure } = await play(GAMES, hasty);
  expect(String(failure?.error)).toMatch(/lacks|the stream ended inside/);
});

test("has no two moves of one name, and none that is never drawn", () => {
  const names = MOVES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(MOVES.filter(({ weight }) => !(weight > 0))).toEqual([]);
});

async function play(
  games: number,
  tamper?: Tamper,
): Promise<{ failure: Failure | undefined; messages: number }> {
  const options = { carrier: memoryCarrier(), seed: SEED, ...(tamper !== undefined && { tamper }) };
  return playGames(options, (played) => played < games);
}

/** The rules and the last steps of one game. */
async function stepsOf(game: number): Promise<readonly string[]> {
  const steps: string[] = [];
  const options = { carrier: memoryCarrier(), seed: SEED, first: game, onGame: steps.push.bind(steps) };
  await playGames(options, (played) => played < 1);
  return steps;
}

function memoryCarrier(): Carrier {
  const carrier = carrierOf("memory");
  if (carrier === undefined) throw new Error("every machine has memory");
  return carrier;
}

const SEED = 14_900;
/** As many as tickwire wins with this seed. */
const GAMES = 30;
