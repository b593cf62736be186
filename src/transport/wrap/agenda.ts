/**
 * What is due on the links of one poller or one acceptor, and the time of its last
 * pump.
 *
 *     link ── schedule ──▶ heap ┊ pump(now) ──▶ run, for those that are due
 *
 * An idle link is not in the heap, so it costs a pump nothing.
 */
import type { BothTerms } from "./conditions.ts";
import { type Due, DueHeap } from "./due-heap.ts";
import { SLOT_MS } from "./stream-lane.ts";

/** A link with work to do. */
export interface Scheduled extends Due {
  /** Does what is due at `nowMs`, and sets `dueMs` anew. The pump before this one was at `beforeMs`. */
  run(beforeMs: number, nowMs: number): void;
  /** Whether it has closed, so that nothing will be due any more. */
  readonly isOver: boolean;
}

/** The links that share a pump. */
export class Agenda {
  /** The time of the last pump; `undefined` before the first. */
  nowMs: number | undefined;
  /** What the conditions add to a round trip, as of this frame. */
  addedRttMs = 0;
  readonly #conditions: { readonly terms: BothTerms };
  readonly #members = new Set<Scheduled>();
  readonly #heap = new DueHeap<Scheduled>();

  /** @param conditions the terms as they are now */
  constructor(conditions: { readonly terms: BothTerms }) {
    this.#conditions = conditions;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Scheduled): void {
    this.#members.add(member);
    this.#heap.update(member);
  }

  /** Adds a member in the midst of a poll at `nowMs`, and runs it. */
  join(member: Scheduled, nowMs: number): void {
    this.nowMs ??= nowMs;
    member.run(this.nowMs, nowMs);
    if (member.isOver) return;
    this.add(member);
  }

  /** `member.dueMs` has changed. */
  schedule(member: Scheduled): void {
    if (this.#members.has(member)) this.#heap.update(member);
  }

  remove(member: Scheduled): void {
    this.#members.delete(member);
    this.#heap.remove(member);
  }

  /**
   * Runs what is due. Returns the time until something is due again; a slot at most where
   * what arrives is late: what comes between two pumps wakes nobody, as it is not there yet.
   * Only the pump that begins a frame changes what a game sees.
   */
  pump(nowMs: number, beginsFrame?: boolean): number {
    const { send, receive } = this.#conditions.terms;
    const beforeMs = this.nowMs ?? nowMs;
    this.nowMs = nowMs;
    if (beginsFrame === true)
      this.addedRttMs = send.latencyMs + receive.latencyMs + (send.jitterMs + receive.jitterMs) / 2;
    const heap = this.#heap;
    let runsLeft = 2 * heap.size + MORE_RUNS;
    for (let first = heap.first; first !== undefined && first.dueMs <= nowMs; first = heap.first) {
      if (runsLeft-- === 0) break;
      first.run(beforeMs, nowMs);
      if (this.#members.has(first)) heap.update(first);
    }
    const dueInMs = Math.max(0, (heap.first?.dueMs ?? Infinity) - nowMs);
    return !receive.isClear && this.#members.size > 0 ? Math.min(dueInMs, SLOT_MS) : dueInMs;
  }
}

/** What may become due by what others do in the same pump, beside those that were; the rest waits for the next. */
const MORE_RUNS = 100;
