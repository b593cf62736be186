/**
 * A list that is filled and worked off in every frame, and keeps its slots
 * between them. An array that is emptied lets go of its store and grows a new
 * one from nothing: for 1,000 connections with a line each that was a third of
 * all that a frame allocated. Knows nothing of what it holds.
 */

/** A list of items that is used again. */
export class ReusableList<Item> {
  readonly #items: (Item | undefined)[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The item at `index`, which is under the length. */
  at(index: number): Item {
    return this.#items[index] as Item;
  }

  push(item: Item): void {
    this.#items[this.#length++] = item;
  }

  /** Puts another item at `index`, which is under the length. */
  set(index: number, item: Item): void {
    this.#items[index] = item;
  }

  /** Keeps the first `length` items, and forgets the others: what is over must not be kept alive here. */
  truncate(length: number): void {
    if (length === this.#length) return;
    this.#items.fill(undefined, length, this.#length);
    this.#length = length;
  }
}
