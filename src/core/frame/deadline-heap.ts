/**
 * Deadlines for thousands of connections, in a binary heap with the earliest at
 * the top. A frame costs only the deadlines that are due in it, however many wait.
 * A page has few deadlines, and does not load this file.
 */
import { type Deadline, Deadlines, type Expiring } from "./deadlines.ts";

/** The same as {@link Deadlines}, for thousands of members. */
export class DeadlineHeap<Member extends Expiring> extends Deadlines<Member> {
  /** A binary heap: no entry is due before its parent, whose index is half of its own. */
  readonly #heap: Entry<Member>[] = [];

  protected override get first(): Deadline<Member> | undefined {
    return this.#heap[0];
  }

  protected override place(member: Member, untilMs: number): void {
    if (untilMs === Infinity) {
      this.#remove(member);
      return;
    }
    const entry = entryOf(member) ?? { member, untilMs, index: this.#heap.length };
    entry.untilMs = untilMs;
    member.deadline = entry;
    this.#put(entry, entry.index);
  }

  #remove(member: Member): void {
    const entry = entryOf(member);
    if (entry === undefined) return;
    member.deadline = undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== entry) this.#put(last, entry.index);
  }

  /** Moves `entry` to its place in the heap, up or down from `index`. */
  #put(entry: Entry<Member>, index: number): void {
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#dueAt(parent) <= entry.untilMs) break;
      this.#move(parent, at);
      at = parent;
    }
    for (;;) {
      const left = 2 * at + 1;
      const child = this.#dueAt(left + 1) < this.#dueAt(left) ? left + 1 : left;
      if (this.#dueAt(child) >= entry.untilMs) break;
      this.#move(child, at);
      at = child;
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

/** The entry of a member, which carries it itself: a Map would delay the collection of members, see `connection-set.ts`. */
function entryOf<Member extends Expiring>(member: Member): Entry<Member> | undefined {
  return member.deadline as Entry<Member> | undefined;
}

interface Entry<Member> extends Deadline<Member> {
  untilMs: number;
  /** Its index in the heap. */
  index: number;
}
