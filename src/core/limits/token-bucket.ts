/**
 * A token bucket: a rate limit in polled time, with bursts of up to one second's
 * worth. Tokens that are not used within a second are lost. Knows nothing of
 * what is counted, and has no clock: each caller passes the time.
 */

/** A bucket that time fills with tokens. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledMs: number;

  /** @param rateHz tokens a second; `Infinity` for no limit */
  constructor(rateHz: number, nowMs: number) {
    this.#perMs = rateHz / 1_000;
    this.#capacity = Math.max(1, rateHz);
    this.#tokens = this.#capacity;
    this.#filledMs = nowMs;
  }

  /** How many whole tokens the bucket has at `nowMs`; 0 or less means none. */
  available(nowMs: number): number {
    if (this.#capacity === Infinity) return Infinity;
    const filled = this.#tokens + (nowMs - this.#filledMs) * this.#perMs;
    this.#tokens = Math.max(this.#tokens, Math.min(this.#capacity, filled)); // credit() may have gone over the capacity
    this.#filledMs = nowMs;
    return Math.floor(this.#tokens + ROUNDING);
  }

  /** The time of the next whole token, at `nowMs` or later, in milliseconds. */
  nextMs(nowMs: number): number {
    return this.available(nowMs) >= 1 ? nowMs : nowMs + (1 - this.#tokens) / this.#perMs;
  }

  /** Adds the tokens of `lengthMs`, beyond the capacity too: for time that polled time left out while peers went on. */
  credit(lengthMs: number): void {
    if (lengthMs > 0) this.#tokens += lengthMs * this.#perMs;
  }

  /** Uses `count` tokens. More than the bucket has becomes a debt, which time pays back. */
  use(count: number): void {
    this.#tokens -= count;
  }
}

/** A bucket for `rateHz`; one shared bucket for all rates without a limit, as they count nothing. */
export function tokenBucket(rateHz: number, nowMs: number): TokenBucket {
  return rateHz === Infinity ? UNLIMITED : new TokenBucket(rateHz, nowMs);
}

const UNLIMITED = new TokenBucket(Infinity, 0);
/** Sums of fractions come out slightly low; this still counts a token as whole. */
const ROUNDING = 1e-9;
