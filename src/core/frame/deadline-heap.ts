/**
 * Deadlines for a house full of guests: the earliest of all stands at the top
 * of a heap, so a frame costs what is due in it, however many wait. A page,
 * which has a handful, does not load it.
 */
import { type Deadline, Deadlines, type Expiring } from "./deadlines.ts";

/** Who is due, and when, of thousands. */
export class DeadlineHeap<Member extends Expiring> extends Deadlines<Member> {
  /** A binary heap: none is due before the one above it, whose index is half of its own. */
  readonly #heap: Entry<Member>[] = [];

  override set(member: Member, untilMs: number): void {
    if (untilMs === Infinity) {
      this.#clear(member);
      return;
    }
    const entry = entryOf(member) ?? { member, untilMs, index: this.#heap.length };
    entry.untilMs = untilMs;
    member.deadline = entry;
    this.#place(entry, entry.index);
  }

  protected override get first(): Deadline<Member> | undefined {
    return this.#heap[0];
  }

  #clear(member: Member): void {
    const entry = entryOf(member);
    if (entry === undefined) return;
    member.deadline = undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== entry) this.#place(last, entry.index);
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

/** A member carries its entry: a Map of them keeps whoever left it from being collected soon, see `connection-set.ts`. */
function entryOf<Member extends Expiring>(member: Member): Entry<Member> | undefined {
  return member.deadline as Entry<Member> | undefined;
}

interface Entry<Member> extends Deadline<Member> {
  untilMs: number;
  /** Where it stands in the heap. */
  index: number;
}
