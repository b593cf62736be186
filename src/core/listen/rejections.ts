/**
 * The incoming connections that were rejected since the last frame. A frame reports
 * each reason once, with a count, however many connections arrive.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import { type Counters, type ListenerStats, namedCounts } from "../frame/stats.ts";

/** Rejections by reason, until they are reported. */
export class Rejections {
  readonly #byReason = new Map<string, Rejection>();

  /** Counts one connection. */
  add(reason: CloseReason): void {
    const key = `${reason.kind} ${reason.code}`;
    const rejection = this.#byReason.get(key);
    if (rejection === undefined) this.#byReason.set(key, { count: 1, reason });
    else rejection.count++;
  }

  /** Adds the counts to the listener's counters, calls `report` once for each reason, and clears the counts. */
  flush(counters: Counters<ListenerStats>, report: (count: number, reason: CloseReason) => void): void {
    if (this.#byReason.size === 0) return;
    const droppedBy = Object.assign(namedCounts(), counters.droppedBy);
    for (const { count, reason } of this.#byReason.values()) {
      const why = reason.code ?? reason.kind;
      droppedBy[why] = (droppedBy[why] ?? 0) + count;
      counters.dropped += count;
      report(count, reason);
    }
    counters.droppedBy = droppedBy;
    this.#byReason.clear();
  }
}

interface Rejection {
  count: number;
  readonly reason: CloseReason;
}
