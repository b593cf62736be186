/** All moves, and how one is drawn. A new move is a row in one of the files beside this one. */
import type { SeededRandom } from "../../soak/seeded-random.ts";
import type { CarrierName } from "../carriers.ts";
import { endMoves } from "./ends.ts";
import { foreignMoves } from "./foreigners.ts";
import { frameMoves } from "./frames.ts";
import type { Move } from "./move.ts";
import { pageMoves } from "./pages.ts";
import { pollerMoves } from "./pollers.ts";
import { serverMoves } from "./server.ts";
import { wireMoves } from "./wires.ts";

export const MOVES: readonly Move[] = [
  ...endMoves,
  ...frameMoves,
  ...serverMoves,
  ...pollerMoves,
  ...foreignMoves,
  ...wireMoves,
  ...pageMoves,
];

/** One of all moves of this carrier, by their weights. */
export function drawMove(random: SeededRandom, carrier: CarrierName): Move {
  const moves = MOVES.filter(({ on }) => on === undefined || on.includes(carrier));
  let left = random.next() * moves.reduce((sum, { weight }) => sum + weight, 0);
  return moves.find(({ weight }) => (left -= weight) < 0) ?? (moves[0] as Move);
}
