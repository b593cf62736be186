/**
 * A rate in polled time: so many a second, with one second's worth at once for
 * those who come together. What is not used within a second is not saved.
 * Decides nothing about what is counted.
 */

/** A bucket of tokens that fills with time. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #most: number;
  #tokens: number;
  #filledMs: number;

  /** @param rateHz tokens a second; `Infinity` for no limit */
  constructor(rateHz: number, nowMs: number) {
    this.#perMs = rateHz / 1_000;
    this.#most = Math.max(1, rateHz);
    this.#tokens = this.#most;
    this.#filledMs = nowMs;
  }

  /** How many whole tokens there are at `nowMs`. */
  available(nowMs: number): number {
    if (this.#most === Infinity) return Infinity;
    const filled = this.#tokens + (nowMs - this.#filledMs) * this.#perMs;
    this.#tokens = Math.max(this.#tokens, Math.min(this.#most, filled)); // it may have been granted more
    this.#filledMs = nowMs;
    return Math.floor(this.#tokens + ROUNDING);
  }

  /** When there is a whole one, at `nowMs` or later; `Infinity` for never needed. */
  nextMs(nowMs: number): number {
    return this.available(nowMs) >= 1 ? nowMs : nowMs + (1 - this.#tokens) / this.#perMs;
  }

  /** Adds what `lengthMs` would have brought, over the most too: time that did not count, and in which they came. */
  credit(lengthMs: number): void {
    if (lengthMs > 0) this.#tokens += lengthMs * this.#perMs;
  }

  /** Uses `count` of them up; more than there are is a debt that time pays. */
  use(count: number): void {
    this.#tokens -= count;
  }
}

/** A rate; one for all who have no limit, as nothing is counted there. */
export function tokenBucket(rateHz: number, nowMs: number): TokenBucket {
  return rateHz === Infinity ? UNLIMITED : new TokenBucket(rateHz, nowMs);
}

const UNLIMITED = new TokenBucket(Infinity, 0);
/** Sums of fractions come out a little short; a token that is there but for this is there. */
const ROUNDING = 1e-9;
