/**
 * What the sessions of one poller or one acceptor have to do, and when.
 *
 *     pump(now) ──▶ links below ──▶ what a frame shows ──▶ deadlines that have passed
 *
 * Counts time as it is polled, but of one step no more than a second: a process that was
 * stopped, as by a debugger, kills nobody. An idle session costs a pump nothing.
 */
import type { Link } from "../../../port/link.ts";
import { type Due, DueHeap } from "../due-heap.ts";

/** A session or a line with deadlines, in counted time. */
export interface Scheduled extends Due {
  /** Does what is due, and sets `dueMs` anew. */
  run(): void;
}

/** What has something new for a frame to show. */
export interface Shown {
  /** Shows it. Returns whether it wants the next frame too. */
  show(agenda: SessionAgenda): boolean;
}

/** The sessions that share a pump. */
export class SessionAgenda {
  /** The counted time. */
  nowMs = 0;
  /** The time of the frame, as it was polled. */
  frameMs = 0;
  /** The time of the frame by the clock of this end. */
  stampMs = 0;
  readonly #clock: () => number;
  readonly #heap = new DueHeap<Scheduled>();
  readonly #pumped = new Set<Link>();
  #shown: Shown[] = [];
  #isNew = true;
  #order = 0;

  /** @param clock that of this end */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The place of a new member among those that are due together. */
  nextOrder(): number {
    return this.#order++;
  }

  /** `member.dueMs` has changed. */
  schedule(member: Scheduled): void {
    this.#heap.update(member);
  }

  remove(member: Scheduled): void {
    this.#heap.remove(member);
  }

  /** Has the next frame show `one`. */
  showNext(one: Shown): void {
    this.#shown.push(one);
  }

  /** Undoes {@link showNext}. */
  hideNext(one: Shown): void {
    const index = this.#shown.lastIndexOf(one);
    if (index >= 0) this.#shown.splice(index, 1);
  }

  /** Notes the time of the frame by the clock of this end. */
  stamp(): void {
    this.stampMs = this.#clock();
  }

  /** A link below joins in the midst of a pump. */
  begin(nowMs: number, poller: object, beginsFrame: boolean | undefined, below: Link | undefined): void {
    if (this.#isNew) this.frameMs = nowMs;
    this.#isNew = false;
    if (below?.pump?.(nowMs, poller, beginsFrame) !== undefined) this.addPumped(below);
  }

  /** Has each pump call that of a link below, which this side has connected. */
  addPumped(link: Link): void {
    if (link.pump !== undefined) this.#pumped.add(link);
  }

  removePumped(link: Link): void {
    this.#pumped.delete(link);
  }

  /**
   * Counts the time up to `nowMs`. Before the links below are pumped, as what they tell in that
   * has happened now, and not a frame ago.
   */
  advance(nowMs: number): void {
    if (this.#isNew) this.frameMs = nowMs;
    this.#isNew = false;
    this.nowMs += Math.min(MOST_STEP_MS, Math.max(0, nowMs - this.frameMs));
    this.frameMs = nowMs;
  }

  /** Does what is due. Returns the time until something is due again. */
  pump(nowMs: number, poller: object | undefined, beginsFrame: boolean | undefined): number {
    this.advance(nowMs);
    let dueInMs = Infinity;
    for (const link of this.#pumped) {
      const innerMs = link.pump?.(nowMs, poller, beginsFrame);
      if (innerMs === undefined) this.#pumped.delete(link);
      else dueInMs = Math.min(dueInMs, innerMs);
    }
    if (beginsFrame !== false) this.#show();
    this.#runDue();
    const { first } = this.#heap;
    if (first === undefined) return dueInMs;
    return Math.min(dueInMs, MOST_STEP_MS, Math.max(0, first.dueMs - this.nowMs)); // no step counts for more
  }

  #show(): void {
    if (this.#shown.length === 0) return;
    this.stamp();
    const shown = this.#shown;
    this.#shown = [];
    for (const one of shown) if (one.show(this)) this.#shown.push(one);
  }

  #runDue(): void {
    let runsLeft = 2 * this.#heap.size + MORE_RUNS;
    for (
      let { first } = this.#heap;
      first !== undefined && first.dueMs <= this.nowMs;
      first = this.#heap.first
    ) {
      if (runsLeft-- === 0) return;
      first.run();
      if (first.heapIndex >= 0) this.#heap.update(first);
    }
  }
}

/** The most that a step of time counts. */
const MOST_STEP_MS = 1_000;
/** What may become due by what others do in the same pump; the rest waits for the next. */
const MORE_RUNS = 100;
