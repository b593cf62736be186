/**
 * Whose word counts: the highest epoch that was heard of each lease. What an owner sends
 * on after it has lost its lease has a lower one, and is dropped by this one call.
 */
import { isText, kindOf } from "../../check.ts";

/** The highest epoch of each name, of the 65,536 that were heard last. */
export class Epochs {
  readonly #highest = new Map<string, number>();

  /**
   * Whether a message of the owner of `name` counts: not with a lower epoch than one that
   * was heard before, and not with one that is no epoch, such as 0.
   *
   * @throws TypeError or RangeError when `name` is no text
   * @throws TypeError when `epoch` is no number
   */
  accept(name: string, epoch: number): boolean {
    isText("name", name);
    if (typeof epoch !== "number") throw new TypeError(`epoch: expected a number, got ${kindOf(epoch)}`);
    if (!Number.isSafeInteger(epoch) || epoch < 1) return false;
    const highest = this.#highest.get(name);
    if (highest !== undefined) {
      if (epoch < highest) return false;
      this.#highest.delete(name); // so that the first one is the one that was silent longest
    }
    this.#highest.set(name, epoch);
    if (this.#highest.size > MOST_NAMES) {
      const [oldest] = this.#highest.keys();
      this.#highest.delete(oldest as string);
    }
    return true;
  }
}

/** Some 8 MB of names at worst, whoever sends them. */
const MOST_NAMES = 65_536;
