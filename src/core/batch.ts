/**
 * A list that is filled and worked off in every frame, and keeps its slots
 * between them. An array that is emptied lets go of its store and grows a new
 * one from nothing: for 1,000 connections with a line each that was a third of
 * all that a frame allocated. Knows nothing of what it holds.
 */
export class Batch<Item> {
  #items: (Item | undefined)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The item at `index`, which is under the length. */
  at(index: number): Item {
    return this.#items[index] as Item;
  }

  /** Puts another item at `index`, which is under the length. */
  put(index: number, item: Item): void {
    this.#items[index] = item;
  }

  push(item: Item): void {
    this.#items[this.#length++] = item;
  }

  /** Keeps the first `length` items, and forgets the others: what is over must not be kept alive here. */
  truncate(length: number): void {
    if (length === this.#length) return;
    this.#items.fill(undefined, length, this.#length);
    this.#length = length;
  }

  /** Those from `start` on come first, then the first `kept`; the others are forgotten. */
  turn(start: number, kept: number): void {
    const behind = this.#items.slice(0, kept) as Item[];
    const front = this.#length - start;
    this.#items.copyWithin(0, start, this.#length);
    this.truncate(front);
    for (const item of behind) this.push(item);
  }
}
