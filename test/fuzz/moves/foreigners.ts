/** Moves of foreign programs: honest ones in pieces of any length, and hostile ones. */
import type { CarrierName } from "../carriers.ts";
import type { Game } from "../game.ts";
import { newHostile } from "../hostile.ts";
import type { RawEnd } from "../raw-end.ts";
import { pickOf } from "./acts.ts";
import type { Move } from "./move.ts";

const BARE: readonly CarrierName[] = ["tcp", "native", "threaded", "unix", "tls", "ws", "wss"];

export const foreignMoves: readonly Move[] = [
  {
    name: "a foreigner comes",
    weight: 2,
    on: BARE,
    play(game, random) {
      if (present(game).length < MOST_RAWS) game.connectRaw(random);
    },
  },
  {
    name: "a foreigner says something",
    weight: 6,
    on: BARE,
    play(game, random) {
      const raw = pickOf(random, present(game));
      for (let count = random.between(1, 20); count > 0; count--) raw?.say();
    },
  },
  {
    name: "a foreigner sends some bytes",
    weight: 10,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.write(random.pick([1, 2, 7, 100, 5_000])),
  },
  {
    name: "a foreigner sends all",
    weight: 3,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.write(Infinity),
  },
  {
    name: "a foreigner takes",
    weight: 4,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.takeAll(game.parties),
  },
  {
    name: "a foreigner stops reading",
    weight: 1,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.stream.pause(),
  },
  {
    name: "a foreigner reads on",
    weight: 2,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.stream.resume(),
  },
  {
    name: "a foreigner ends",
    weight: 1,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.end(),
  },
  {
    name: "a foreigner is killed",
    weight: 0.7,
    on: BARE,
    play: (game, random) => pickOf(random, present(game))?.kill(),
  },
  {
    name: "a hostile peer comes",
    weight: 1.5,
    on: BARE,
    async play(game, random) {
      if (game.hostiles.filter(({ isOver }) => !isOver).length >= MOST_HOSTILES) return;
      if (!game.spots.some(({ isForHostiles }) => isForHostiles)) await game.listen(random, true);
      const hostile = newHostile(game, random);
      if (hostile !== undefined) game.note(`      ${hostile.told}`);
    },
  },
  {
    name: "a hostile peer goes on",
    weight: 8,
    on: BARE,
    play(game, random) {
      const hostile = pickOf(
        random,
        game.hostiles.filter(({ isOver }) => !isOver),
      );
      for (let count = random.between(1, 5); count > 0; count--) hostile?.goOn(random);
    },
  },
];

function present(game: Game): RawEnd[] {
  return game.raws.filter((raw) => !raw.isOver);
}

const MOST_RAWS = 8;
const MOST_HOSTILES = 5;
