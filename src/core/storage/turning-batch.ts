/**
 * A batch whose items take turns: they can be put elsewhere, and begin with
 * another one. A page gives no turns, and does not load it.
 */
import { ReusableList } from "./reusable-list.ts";

/** A list that is filled and worked off in every frame, in rounds. */
export class TurningList<Item> extends ReusableList<Item> {
  /** Puts another item at `index`, which is under the length. */
  put(index: number, item: Item): void {
    this.items[index] = item;
  }

  /** Those from `start` on come first, then the first `kept`; the others are forgotten. */
  turn(start: number, kept: number): void {
    const behind = this.items.slice(0, kept) as Item[];
    const front = this.length - start;
    this.items.copyWithin(0, start, this.length);
    this.truncate(front);
    for (const item of behind) this.push(item);
  }
}
