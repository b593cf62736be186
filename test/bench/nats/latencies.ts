/**
 * How late messages are, on several wires at once: each has a number, and the time at which it
 * was sent. Knows no wire and no clock.
 */
import type { Latency } from "./job.ts";

/** What was seen on each wire. */
export class Latencies {
  readonly #seen: Map<number, Seen>[];

  constructor(wires: number) {
    this.#seen = Array.from({ length: wires }, () => new Map());
  }

  clear(): void {
    for (const seen of this.#seen) seen.clear();
  }

  /** @param frame the number of the frame in which it was seen */
  add(wire: number, number: number, lateMs: number, frame: number): void {
    this.#seen[wire]?.set(number, { lateMs, frame });
  }

  /** Of each wire. A message that has not come on one, or not on the first, is left out of what is compared. */
  results(): Latency[] {
    const first = this.#seen[0] ?? new Map<number, Seen>();
    return this.#seen.map((seen) => {
      const added: number[] = [];
      let later = 0;
      for (const [number, { lateMs, frame }] of seen) {
        const beside = first.get(number);
        if (beside === undefined) continue;
        added.push(lateMs - beside.lateMs);
        if (frame > beside.frame) later++;
      }
      const all = [...seen.values()].map(({ lateMs }) => lateMs);
      return {
        p50Ms: quantile(all, 0.5),
        p99Ms: quantile(all, 0.99),
        addedP50Ms: quantile(added, 0.5),
        addedP99Ms: quantile(added, 0.99),
        laterPart: later / added.length,
      };
    });
  }
}

interface Seen {
  readonly lateMs: number;
  readonly frame: number;
}

/** From 0, the least, to 1, the most; NaN when there are none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
