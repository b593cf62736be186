/** What a move is. */
import type { SeededRandom } from "../../soak/seeded-random.ts";
import type { CarrierName } from "../carriers.ts";
import type { Game } from "../game.ts";

/** One thing that may happen in a step. It draws all its choices from the step's own chance. */
export interface Move {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** The carriers on which it is played; all when there is none. */
  readonly on?: readonly CarrierName[];
  play(game: Game, random: SeededRandom): unknown;
}
