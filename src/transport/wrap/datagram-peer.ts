/**
 * One peer of a place for datagrams: which of its datagrams are lost, and which are
 * overtaken. Losses come in runs: after Gilbert and Elliott, the way to the peer is
 * good or bad, and in bad times everything is lost.
 */
import type { Terms } from "./conditions.ts";
import { type Draws, EFFECT } from "./draws.ts";
import type { Due } from "./due-heap.ts";

/** What datagrams to or from one peer have behind them. */
export class DatagramPeer {
  /** Whether the datagram of the last `next` is lost. */
  isLosing = false;
  readonly draws: Draws;
  #count = 0;
  /** When the last one is due that was not held back. */
  #lastDueMs = -Infinity;
  #heldBack: { readonly item: Due; left: number }[] = [];
  /** With how many of them those that have arrived meanwhile are looked for. */
  #mostHeldBack = 1;

  constructor(draws: Draws) {
    this.draws = draws;
  }

  /** How many are remembered as held back. */
  get heldBackCount(): number {
    return this.#heldBack.length;
  }

  /** Counts a datagram, and draws whether it is lost; returns its place in the order. */
  next({ lossChance, lossBurst }: Terms): number {
    const place = this.#count++;
    const draw = this.draws.uniform(EFFECT.loss, place);
    // A run of losses is no shorter than chance alone makes it.
    const burst = Math.max(lossBurst, 1 / (1 - lossChance));
    const changes = this.isLosing ? 1 / burst : lossChance / (burst * (1 - lossChance));
    if (lossChance === 0 || lossChance === 1) this.isLosing = lossChance === 1;
    else if (draw < changes) this.isLosing = !this.isLosing;
    return place;
  }

  /** Lets `item` arrive behind one to three that come after it, or after some time if they do not. */
  holdBack(item: Due, place: number): void {
    if (this.#heldBack.length >= this.#mostHeldBack) {
      this.#heldBack = this.#heldBack.filter((held) => held.item.heapIndex >= 0);
      this.#mostHeldBack = 2 * this.#heldBack.length + 1;
    }
    this.#heldBack.push({ item, left: 1 + Math.floor(3 * this.draws.uniform(EFFECT.overtaking, place)) });
    item.dueMs += LONGEST_HOLD_MS;
  }

  /** Lets `item` arrive behind those before it; calls `overtaken` for each that has been overtaken often enough. */
  follow(item: Due, overtaken: (item: Due) => void): void {
    item.dueMs = Math.max(item.dueMs, this.#lastDueMs);
    this.#lastDueMs = item.dueMs;
    if (this.#heldBack.length === 0) return;
    for (const held of this.#heldBack) {
      if (--held.left > 0) continue;
      held.item.dueMs = Math.min(held.item.dueMs, item.dueMs);
      overtaken(held.item);
    }
    this.#heldBack = this.#heldBack.filter(({ left }) => left > 0);
  }
}

/** How long one that nobody overtakes is held back. */
const LONGEST_HOLD_MS = 100;
