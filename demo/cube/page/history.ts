/**
 * The last ten seconds of a link, for the strip chart: how many messages came
 * in each frame of the process, and the round trip. Pure, and a ring: adding
 * allocates nothing.
 */
import type { Stat } from "../shared/window-wire.ts";

/** Samples in the order in which they came, the oldest first. */
export class History {
  readonly #times = new Float64Array(CAPACITY);
  readonly #arrivals = new Float32Array(CAPACITY);
  readonly #trips = new Float32Array(CAPACITY);
  #next = 0;
  #count = 0;
  #lastMs: number | undefined;

  /** Takes the frames since the stat before, spread evenly over the time since then. */
  note({ arrivals, frameMs }: Stat, nowMs: number): void {
    const sinceMs = Math.min(nowMs - (this.#lastMs ?? nowMs - STAT_MS), LONGEST_STAT_MS);
    this.#lastMs = nowMs;
    // Of a process that ticks very fast, neighbours are put together: a chart has only so many pixels.
    const group = Math.ceil(arrivals.length / MOST_PER_STAT);
    for (let from = 0; from < arrivals.length; from += group) {
      let most = 0;
      for (let at = from; at < Math.min(from + group, arrivals.length); at++)
        most = Math.max(most, arrivals[at] ?? 0);
      const share = Math.min(1, (from + group) / arrivals.length);
      this.#add(nowMs - sinceMs * (1 - share), most, frameMs ?? Number.NaN);
    }
  }

  /** Calls back for each sample not older than the chart; `tripMs` is NaN where none was known. */
  forEach(nowMs: number, callback: (atMs: number, arrivals: number, tripMs: number) => void): void {
    for (let index = 0; index < this.#count; index++) {
      const at = (this.#next - this.#count + index + CAPACITY) % CAPACITY;
      const atMs = this.#times[at] ?? 0;
      if (nowMs - atMs <= CHART_MS) callback(atMs, this.#arrivals[at] ?? 0, this.#trips[at] ?? Number.NaN);
    }
  }

  #add(atMs: number, arrivals: number, tripMs: number): void {
    this.#times[this.#next] = atMs;
    this.#arrivals[this.#next] = arrivals;
    this.#trips[this.#next] = tripMs;
    this.#next = (this.#next + 1) % CAPACITY;
    this.#count = Math.min(this.#count + 1, CAPACITY);
  }
}

/** How much of the past the chart shows. */
export const CHART_MS = 10_000;
/** Stats come this often when the process ticks fast enough. */
const STAT_MS = 100;
const LONGEST_STAT_MS = 2_000;
const MOST_PER_STAT = 16;
/** Ten seconds of ten stats with the most of each, and some to spare. */
const CAPACITY = 2_048;
