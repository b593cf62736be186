/**
 * Real time for leases. A machine that sleeps, or a virtual one that is stopped, does not count
 * that in its steady clock, and counts it in that of the wall; which in turn is set
 * at times. So who waits takes the steady one, and who holds whatever has passed the most of.
 */

/** The time of one registry. */
export class RealClock {
  readonly #steadyNow: () => number;
  readonly #wallNow: () => number;
  #lastSteadyMs: number;
  #lastWallMs: number;
  #mostMs: number;

  constructor(steadyNow: () => number = () => performance.now(), wallNow: () => number = () => Date.now()) {
    this.#steadyNow = steadyNow;
    this.#wallNow = wallNow;
    this.#lastSteadyMs = this.#mostMs = steadyNow();
    this.#lastWallMs = wallNow();
  }

  /** The least that has passed. */
  leastMs(): number {
    return this.#steadyNow();
  }

  /** The most that may have passed. */
  mostMs(): number {
    const steadyMs = this.#steadyNow();
    const wallMs = this.#wallNow();
    const passedMs = steadyMs - this.#lastSteadyMs;
    const wallPassedMs = wallMs - this.#lastWallMs;
    // The wall's clock counts whole milliseconds, and is slewed: only what is far more is a sleep.
    this.#mostMs += wallPassedMs > passedMs + SLEEP_MS ? wallPassedMs : passedMs;
    this.#lastSteadyMs = steadyMs;
    this.#lastWallMs = wallMs;
    return this.#mostMs;
  }
}

/** Far below any margin, and above what two clocks differ by between two frames. */
const SLEEP_MS = 20;
