/**
 * A heap of what is due, the soonest first; of those due together, the oldest.
 * What is never due is not in it. Knows no clock.
 */

/** What may be due. */
export interface Due {
  /** When it is due, in milliseconds; `Infinity` for never. */
  dueMs: number;
  /** Which of those that are due together comes first. */
  order: number;
  /** Its place in the heap; -1 while it is in none. Only the heap writes it. */
  heapIndex: number;
}

/** A heap of them. */
export class DueHeap<Item extends Due> {
  readonly #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  /** Puts `item` where its time belongs, also when that has changed. */
  update(item: Item): void {
    if (item.dueMs === Infinity) {
      this.remove(item);
      return;
    }
    if (item.heapIndex < 0) {
      item.heapIndex = this.#items.length;
      this.#items.push(item);
    }
    this.#move(item);
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#place(last, index);
    this.#move(last);
  }

  shift(): Item | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = -1;
    this.#items.length = 0;
  }

  #move(item: Item): void {
    let index = item.heapIndex;
    for (let above: Item | undefined; index > 0; index = item.heapIndex) {
      const parent = (index - 1) >> 1;
      above = this.#items[parent];
      if (above === undefined || !isBefore(item, above)) break;
      this.#place(above, index);
      this.#place(item, parent);
    }
    for (let below = this.#soonerChild(index); below !== undefined; below = this.#soonerChild(index)) {
      if (!isBefore(below, item)) return;
      const child = below.heapIndex;
      this.#place(below, index);
      this.#place(item, child);
      index = child;
    }
  }

  #soonerChild(index: number): Item | undefined {
    const left = this.#items[index * 2 + 1];
    const right = this.#items[index * 2 + 2];
    return left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
  }

  #place(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
