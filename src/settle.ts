/**
 * Steps pollers until nothing moves any more, for tests over a network in memory: what
 * was sent has come, and what was closed is over. Each poller is polled at the time of its own last
 * frame, so no time passes and no deadline runs.
 */
import { kindOf } from "./check.ts";
import type { Poller } from "./core/poller.ts";

/**
 * Polls and flushes all `pollers`, round by round, until no frame has anything new to
 * show. What a network in memory holds, and what waits for a later time, does not move.
 * Messages and connections that a frame shows, and that the game has not taken, wait for it.
 *
 * @returns the number of rounds
 * @throws TypeError when one of them is no poller
 * @throws Error when they still move after 1,000 rounds, as with event handlers that answer each other
 * @throws whatever event handlers throw
 */
export function settle(...pollers: readonly Poller[]): number {
  for (const poller of pollers) {
    if (typeof (poller as Partial<Poller> | null)?.step === "function") continue;
    throw new TypeError(`pollers: expected a Poller, got ${kindOf(poller)}`);
  }
  for (let round = 1; round <= MOST_ROUNDS; round++) {
    let isMoving = false;
    for (const poller of pollers) poller.step();
    for (const poller of pollers) isMoving ||= poller.hasChanges;
    if (!isMoving) return round;
  }
  throw new Error(
    `settle: the pollers still move after ${MOST_ROUNDS} rounds: something answers each answer`,
  );
}

/** Far more than any exchange takes that ends: a close takes four. */
const MOST_ROUNDS = 1_000;
