/**
 * Rates out of totals: what came and went in the last second. Pure. Totals that
 * fall are those of a process that began anew, and so does the measuring.
 */
import type { Stat, Traffic } from "../shared/window-wire.ts";

/** Per second, of one direction. */
export interface Rate {
  readonly linesPerS: number;
  readonly bytesPerS: number;
}

/** The rates of a link, both ways. */
export class Meters {
  #samples: Sample[] = [];

  /** Takes the totals at their time. */
  note(stat: Stat, nowMs: number): void {
    const newest = this.#samples.at(-1);
    if (newest !== undefined && hasFallen(newest.stat, stat)) this.#samples = [];
    this.#samples.push({ stat, atMs: nowMs });
    // One sample older than the window stays: the rate is measured from there.
    while ((this.#samples[1]?.atMs ?? nowMs) < nowMs - WINDOW_MS) this.#samples.shift();
  }

  /** Nothing is measured any more. */
  clear(): void {
    this.#samples = [];
  }

  /** `undefined` until two totals are known. */
  get in(): Rate | undefined {
    return this.#rateOf((stat) => stat.in);
  }

  get out(): Rate | undefined {
    return this.#rateOf((stat) => stat.out);
  }

  #rateOf(pick: (stat: Stat) => Traffic): Rate | undefined {
    const [oldest] = this.#samples;
    const newest = this.#samples.at(-1);
    if (oldest === undefined || newest === undefined || newest.atMs <= oldest.atMs) return undefined;
    const perSecond = 1_000 / (newest.atMs - oldest.atMs);
    const [before, after] = [pick(oldest.stat), pick(newest.stat)];
    return {
      linesPerS: (after.lines - before.lines) * perSecond,
      bytesPerS: (after.bytes - before.bytes) * perSecond,
    };
  }
}

interface Sample {
  readonly stat: Stat;
  readonly atMs: number;
}

function hasFallen(before: Stat, after: Stat): boolean {
  return after.tick < before.tick || after.in.lines < before.in.lines || after.out.lines < before.out.lines;
}

/** Long enough to stand still, short enough to follow. */
const WINDOW_MS = 1_000;
