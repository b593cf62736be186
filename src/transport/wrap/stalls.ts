/**
 * When one direction of a link stands still: a pause at random, then a stall at
 * random, and so on.
 *
 *     ── pause ──┤stall├──── pause ────┤ stall ├── pause …
 *
 * Both are exponential, so a schedule that nobody asked for a long time begins
 * anew without a difference, and an hour costs no hour of work.
 */
import type { Stall } from "./conditions.ts";
import { type Draws, EFFECT } from "./draws.ts";

/** The stalls of one direction of a link. */
export class Stalls {
  readonly #draws: Draws;
  #stall: Stall | undefined;
  #count = 0;
  #beginMs = 0;
  #endMs = 0;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  /** The first time from `atMs` on at which nothing stands still. The times of the calls do not go back. */
  clearFrom(atMs: number, stall: Stall | undefined): number {
    if (stall !== this.#stall) {
      this.#stall = stall;
      this.#endMs = atMs;
      if (stall !== undefined) this.#drawNext(stall);
    }
    if (stall === undefined) return atMs;
    // Less than the clock tells apart at that time: adding it would never get there.
    if (atMs + (stall.everyMs + stall.forMs) === atMs) return atMs;
    if (atMs - this.#endMs > LONGEST_WALK * (stall.everyMs + stall.forMs)) this.#endMs = atMs;
    while (this.#endMs <= atMs) this.#drawNext(stall);
    return atMs < this.#beginMs ? atMs : this.#endMs;
  }

  #drawNext({ everyMs, forMs }: Stall): void {
    const place = this.#count++;
    this.#beginMs = this.#endMs + this.#draws.exponential(EFFECT.pause, place, everyMs);
    this.#endMs = this.#beginMs + this.#draws.exponential(EFFECT.stall, place, forMs);
  }
}

/** How many stalls are drawn one by one when nobody has asked for long. */
const LONGEST_WALK = 1_000;
