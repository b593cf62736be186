/** Moves of a wire in memory: it is held, let through in parts, and cut. */
import type { Game } from "../game.ts";
import type { Move } from "./move.ts";

export const wireMoves: readonly Move[] = [
  {
    name: "hold the wires",
    weight: 2,
    on: ["memory"],
    play: (game) => void each(game, (wire) => wire.hold()),
  },
  {
    name: "release some",
    weight: 4,
    on: ["memory"],
    play(game, random) {
      const sizeBytes = random.pick([0, 1, 3, 40, 1_000, 100_000]);
      each(game, (wire) => wire.release(sizeBytes));
    },
  },
  {
    name: "release the wires",
    weight: 3,
    on: ["memory"],
    play: (game) => void each(game, (wire) => wire.release()),
  },
  {
    name: "cut the wires",
    weight: 0.05,
    on: ["memory"],
    play(game) {
      if (each(game, (wire) => wire.cut()) > 0) game.wasCut = true;
    },
  },
];

function each(game: Game, act: (wire: NonNullable<Game["spots"][0]["place"]["wire"]>) => void): number {
  let count = 0;
  for (const { place } of game.spots) {
    if (place.wire === undefined) continue;
    act(place.wire);
    count++;
  }
  return count;
}
