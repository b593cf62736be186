/**
 * How long the rounds of a loop took: the last ones are kept in a ring, and told once a
 * second. Allocates nothing between two reports.
 */

/** What a loop reports once a second, of the rounds since the last report. */
export interface LoopTimes {
  /** How many ticks ran. */
  readonly ticks: number;
  /** How many ticks of a fixed rate were left out. */
  readonly overruns: number;
  /** The game time that `maxDtMs` left out, in milliseconds. */
  readonly skippedMs: number;
  /** How long a round took, its poll, tick and flush, in milliseconds: the median, 99 of 100, and the longest. */
  readonly tickMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** The rounds of one loop since its last report. */
export class RoundTimes {
  readonly #report: (times: LoopTimes) => void;
  /** As many as there are in a second at the highest rate; more are not needed for a median. */
  readonly #tookMs = new Float64Array(1_000);
  #ticks = 0;
  #overruns = 0;
  #skippedMs = 0;
  #sinceMs: number;

  constructor(report: (times: LoopTimes) => void, nowMs: number) {
    this.#report = report;
    this.#sinceMs = nowMs;
  }

  /** Counts a round that began at `startMs` and ends at `nowMs`, and reports when a second is over. */
  add(startMs: number, nowMs: number, overruns: number, skippedMs: number): void {
    this.#tookMs[this.#ticks++ % this.#tookMs.length] = nowMs - startMs;
    this.#overruns += overruns;
    this.#skippedMs += skippedMs;
    if (nowMs - this.#sinceMs < 1_000) return;
    const sorted = this.#tookMs.subarray(0, this.#ticks).sort();
    const at = (part: number): number => sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
    const tickMs = { p50: at(0.5), p99: at(0.99), max: at(1) };
    const times = { ticks: this.#ticks, overruns: this.#overruns, skippedMs: this.#skippedMs, tickMs };
    this.#ticks = this.#overruns = this.#skippedMs = 0;
    this.#sinceMs = nowMs;
    this.#report(times);
  }
}
