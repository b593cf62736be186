/**
 * How long the oldest byte has waited to leave. Marks say up to where bytes
 * stood at which time; one goes when they have left. Marks that are close in
 * time are one, so a peer that takes nothing costs a bounded number of them.
 */

/** The age of what waits on its way out. */
export class UnsentAge {
  readonly #stepMs: number;
  readonly #marks: Mark[] = [];

  /** @param stepMs marks closer than this are one, and a byte may be that much older than is said */
  constructor(stepMs: number) {
    this.#stepMs = stepMs;
  }

  /** Since when the oldest byte waits; `Infinity` when none does, the usual case. */
  get oldestMs(): number {
    return this.#marks[0]?.lastMs ?? Infinity;
  }

  /** At `nowMs` bytes wait up to this one, counted from the first that ever waited. */
  mark(upTo: number, nowMs: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && upTo <= last.upTo) return; // these are known
    if (last === undefined || nowMs - last.firstMs >= this.#stepMs) {
      this.#marks.push({ upTo, firstMs: nowMs, lastMs: nowMs });
    } else {
      last.upTo = upTo;
      last.lastMs = nowMs;
    }
  }

  /** So many bytes behind this one will not go: those behind them stand nearer. */
  drop(from: number, sizeBytes: number): void {
    for (const mark of this.#marks) {
      if (mark.upTo > from) mark.upTo = Math.max(from, mark.upTo - sizeBytes);
    }
  }

  /** All bytes up to this one have left; `Infinity` for all. */
  pass(upTo: number): void {
    for (let first = this.#marks[0]; first !== undefined && first.upTo <= upTo; first = this.#marks[0]) {
      this.#marks.shift();
    }
  }
}

interface Mark {
  upTo: number;
  readonly firstMs: number;
  lastMs: number;
}
