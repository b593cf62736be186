/** Moves of players in a page. */
import type { SeededRandom } from "../../soak/seeded-random.ts";
import type { Game } from "../game.ts";
import { goodbyeOf } from "../goodbyes.ts";
import type { PageCommand } from "../page-client.ts";
import { KEYS, pickOf } from "./acts.ts";
import type { Move } from "./move.ts";

export const pageMoves: readonly Move[] = [
  {
    name: "a page connects",
    weight: 4,
    on: ["page"],
    async play(game, random) {
      const spot = game.spotFor(random);
      const url = spot?.place.url;
      if (url === undefined || game.pages === undefined || game.pages.present.length >= MOST_ENDS) return;
      await game.pages.connect(game.nextNumber(), url);
    },
  },
  page("a page sends", 10, (random) => ({ what: "send", keys: Array(random.between(1, 20)).fill(null) })),
  page("a page sends with keys", 4, (random) => ({
    what: "send",
    keys: Array.from({ length: random.between(1, 12) }, () =>
      random.next() < 0.85 ? random.pick(KEYS) : null,
    ),
  })),
  page("a page takes", 8, (random) => ({ what: "take", much: random.pick([1, 5, 1_000_000]) })),
  page("a page takes the latest", 1, () => ({ what: "take latest" })),
  page("a page polls", 15, (random) => ({ what: "poll", much: random.between(0, 20) })),
  page("a page flushes", 4, () => ({ what: "flush" })),
  page("a page holds", 1, () => ({ what: "hold" })),
  page("a page releases", 2, () => ({ what: "release" })),
  page("a page closes", 0.7, () => ({ what: "close" })),
  page("a page closes with a goodbye", 0.7, (random) => ({ what: "close", goodbye: goodbyeOf(random) })),
  page("a page ends", 0.4, () => ({ what: "end" })),
  page("a page aborts", 0.4, () => ({ what: "abort" })),
];

function page(name: string, weight: number, command: (random: SeededRandom) => PageCommand): Move {
  const play = async (game: Game, random: SeededRandom): Promise<void> => {
    const told = command(random);
    const end = pickOf(random, game.pages?.present ?? []);
    if (end === undefined || (told.what.startsWith("take") && end.discards)) return;
    if (told.what === "take latest" && !game.rules.language.keepsMessages) return;
    await game.pages?.run({ ...told, end: end.number });
  };
  return { name, weight, on: ["page"], play };
}

const MOST_ENDS = 10;
