/** Moves of a server: accept, drain, broadcast, listen. */
import type { DrainBudget } from "../../../src/index.ts";
import type { SeededRandom } from "../../soak/seeded-random.ts";
import type { Game, Spot } from "../game.ts";
import { mustBeDeliberate } from "../poller-side.ts";
import { ACTS, broadcast, drawAct, mayBe, pickOf } from "./acts.ts";
import { closeListener } from "./listeners.ts";
import type { Move } from "./move.ts";

export const serverMoves: readonly Move[] = [
  {
    name: "accept all",
    weight: 8,
    play(game) {
      for (const spot of game.spots) while (game.accept(spot) !== undefined);
    },
  },
  {
    name: "accept one",
    weight: 2,
    play(game, random) {
      const spot = pickOf(random, game.spots);
      if (spot !== undefined) game.accept(spot);
    },
  },
  {
    name: "accept, and act in the loop",
    weight: 1,
    play(game, random) {
      const act = drawAct(
        game,
        random,
        Object.keys(ACTS).filter((name) => name !== "throw"),
      );
      for (const spot of game.spots) {
        for (let end = game.accept(spot); end !== undefined; end = game.accept(spot)) {
          if (random.next() < 0.5) act(end);
        }
      }
    },
  },
  { name: "drain", weight: 8, play: (game, random) => drain(game, random, {}, 0) },
  {
    name: "drain under a budget",
    weight: 5,
    play: (game, random) => drain(game, random, budgetOf(random), 0),
  },
  {
    name: "drain, and act in the visitor",
    weight: 3,
    play: (game, random) => drain(game, random, random.next() < 0.5 ? {} : budgetOf(random), 0.3),
  },
  {
    name: "broadcast",
    weight: 7,
    play: (game, random) => broadcast(game, pickOf(random, game.playable), random),
  },
  {
    name: "broadcast a lot",
    weight: 1,
    play(game, random) {
      const spot = pickOf(random, game.spots);
      for (let count = random.between(1, 100); count > 0 && spot !== undefined; count--) game.broadcast(spot);
    },
  },
  {
    name: "listen somewhere else",
    weight: 0.5,
    async play(game, random) {
      const old = pickOf(
        random,
        game.openSpots.filter(({ isForHostiles }) => !isForHostiles),
      );
      const isFirst = random.next() < 0.5;
      if (isFirst && old !== undefined) closeListener(game, old, mayBe(random));
      if (game.spots.length < MOST_SPOTS) await game.listen(random, false);
      if (!isFirst && old !== undefined) closeListener(game, old, mayBe(random));
    },
  },
];

function drain(game: Game, random: SeededRandom, budget: DrainBudget, chance: number): void {
  const spot = pickOf(random, game.spots);
  const act = drawAct(game, random);
  if (spot === undefined) return;
  try {
    visitAll(game, spot, budget, (end) => {
      if (random.next() < chance) act(end);
    });
  } catch (error) {
    mustBeDeliberate(error);
  }
}

function visitAll(
  game: Game,
  spot: Spot,
  budget: DrainBudget,
  then: Parameters<Game["server"]["armed"]["push"]>[0],
): void {
  const left = spot.listener.drain((connection, message) => {
    const end = game.server.ends.get(connection as never);
    if (end === undefined) throw new Error("drain gave a message of a connection that nobody has");
    end.look(message, game.parties);
    then(end);
  }, budget);
  if (!(left >= 0)) throw new Error(`drain left ${left} messages`);
}

function budgetOf(random: SeededRandom): DrainBudget {
  return random.pick<DrainBudget>([
    { messages: 0 },
    { messages: 1 },
    { messages: 20 },
    { bytes: 100 },
    { bytes: 5_000 },
    { ms: 0.05 },
  ]);
}

const MOST_SPOTS = 5;
