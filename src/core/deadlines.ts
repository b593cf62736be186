/**
 * Who is due, and when, in polled time: the time that frames have counted. Each
 * member has one deadline, the first of its own; the earliest of all stands at
 * the top of a heap. So a frame costs what is due in it, however many wait.
 *
 * A late frame counts for no more than a bound, and ends nobody: what the peers
 * said meanwhile has not been read yet. The next one judges, late or not.
 */

/** What runs against time, and until when. */
export class Deadlines<Member extends { expire(): void }> {
  readonly #maxFrameMs: number;
  /** A binary heap: none is due before the one above it, whose index is half of its own. */
  readonly #heap: Entry<Member>[] = [];
  readonly #entries = new Map<Member, Entry<Member>>();
  /** The time that late frames took and did not count, in milliseconds. */
  uncountedMs = 0;
  #polledMs = 0;
  #wasLate = false;

  constructor(maxFrameMs: number) {
    this.#maxFrameMs = maxFrameMs;
  }

  /** The time that frames have counted, in milliseconds. */
  get polledMs(): number {
    return this.#polledMs;
  }

  /** Begins or replaces the deadline of `member`, in polled time; `Infinity` takes it away. */
  set(member: Member, untilMs: number): void {
    if (untilMs === Infinity) {
      this.clear(member);
      return;
    }
    const entry = this.#entries.get(member) ?? { member, untilMs, index: this.#heap.length };
    entry.untilMs = untilMs;
    this.#entries.set(member, entry);
    this.#place(entry, entry.index);
  }

  /** Takes the deadline of `member` away. */
  clear(member: Member): void {
    const entry = this.#entries.get(member);
    if (entry === undefined) return;
    this.#entries.delete(member);
    const last = this.#heap.pop();
    if (last !== undefined && last !== entry) this.#place(last, entry.index);
  }

  /**
   * How soon a poll should come for the deadlines' sake, in milliseconds;
   * `Infinity` when none runs. One frame counts for no more than a bound, so
   * this is never more than that.
   */
  get dueInMs(): number {
    const first = this.#heap[0];
    if (first === undefined) return Infinity;
    return Math.max(0, Math.min(first.untilMs - this.#polledMs, this.#maxFrameMs));
  }

  /** A frame of `deltaMs` has passed: expires who is late, and answers how long the frame counted. */
  pass(deltaMs: number): number {
    const passedMs = Math.min(deltaMs, this.#maxFrameMs);
    const isLate = deltaMs > passedMs;
    this.#polledMs += passedMs;
    this.uncountedMs += deltaMs - passedMs;
    if (!isLate || this.#wasLate) this.#expire();
    this.#wasLate = isLate;
    return passedMs;
  }

  #expire(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.untilMs > this.#polledMs) return;
      this.clear(first.member);
      first.member.expire();
    }
  }

  /** Puts `entry` where it belongs, from `index` up or down. */
  #place(entry: Entry<Member>, index: number): void {
    let at = index;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#dueAt(above) <= entry.untilMs) break;
      this.#move(above, at);
      at = above;
    }
    for (;;) {
      const left = 2 * at + 1;
      const below = this.#dueAt(left + 1) < this.#dueAt(left) ? left + 1 : left;
      if (this.#dueAt(below) >= entry.untilMs) break;
      this.#move(below, at);
      at = below;
    }
    entry.index = at;
    this.#heap[at] = entry;
  }

  #dueAt(index: number): number {
    return this.#heap[index]?.untilMs ?? Infinity;
  }

  #move(from: number, to: number): void {
    const entry = this.#heap[from] as Entry<Member>;
    entry.index = to;
    this.#heap[to] = entry;
  }
}

interface Entry<Member> {
  readonly member: Member;
  untilMs: number;
  /** Where it stands in the heap. */
  index: number;
}
