/**
 * The incoming connections that were rejected since the last frame: one report a
 * frame for each reason, however many come.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Counters, ListenerStats } from "../frame/stats.ts";

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

  /** Adds them to the listener's counters, calls `report` for each reason, and forgets them. */
  flush(counters: Counters<ListenerStats>, report: (count: number, reason: CloseReason) => void): void {
    if (this.#byReason.size === 0) return;
    const droppedBy: Record<string, number> = { ...counters.droppedBy };
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
