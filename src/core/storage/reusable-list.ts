/**
 * Lists that are filled and processed in every frame, and keep their slots between
 * frames. An array that is emptied frees its store and grows a new one from
 * nothing: for 1,000 connections with a line each, that was a third of all that a
 * frame allocated. Knows nothing of the items.
 */

/** A list of items that is reused. */
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

  /** Keeps the first `length` items, and clears the other slots, so that the list keeps nothing alive. */
  truncate(length: number): void {
    if (length === this.#length) return;
    this.#items.fill(undefined, length, this.#length);
    this.#length = length;
  }
}

/** A pair of lists: one fills while the other is processed. */
export class ListPair<Item> {
  #filling = new ReusableList<Item>();
  #taken = new ReusableList<Item>();

  get length(): number {
    return this.#filling.length;
  }

  push(item: Item): void {
    this.#filling.push(item);
  }

  /** Returns the list that was filled, and fills the other one from now on. The caller empties the returned list. */
  take(): ReusableList<Item> {
    const filled = this.#filling;
    this.#filling = this.#taken;
    this.#taken = filled;
    return filled;
  }
}
