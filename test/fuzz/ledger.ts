/**
 * What one side has sent to the other, in the order in which it is to come, and how
 * much of it came. Decides what a receiver may see; knows no connection.
 */
import { Fault } from "./fault.ts";
import { type Name, told } from "./messages.ts";

interface Entry {
  readonly name: Name;
  readonly key: unknown;
}

/** One direction of a connection. */
export class Ledger {
  readonly #entries: Entry[] = [];
  /** The index of the first entry that may still come. */
  #next = 0;
  /** Entries that were passed over by one that came: lost, or skipped. */
  missing = 0;
  /** How many came. */
  received = 0;

  /** Entries that have not come, and still may. */
  get waiting(): number {
    return this.#entries.length - this.#next;
  }

  push(name: Name, key?: unknown): void {
    this.#entries.push({ name, key });
  }

  /** A message took the place of the last one of its key, or stands at the end where others without a key follow that. */
  replace(name: Name, key: unknown): void {
    const index = this.#entries.findLastIndex((entry) => entry.key === key);
    if (index === -1) throw new Fault(`${told(name)} replaced one, and none of its key was sent`);
    if (index < this.#next) throw new Fault(`${told(name)} replaced one that had arrived`);
    const isPassed = this.#entries.slice(index).some((entry) => entry.key === undefined);
    if (isPassed) {
      this.#entries.splice(index, 1);
      this.#entries.push({ name, key });
    } else this.#entries[index] = { name, key };
  }

  /** A message came. @throws Fault when it is not one that may come now */
  receive(name: Name): void {
    let index = this.#next;
    while (index < this.#entries.length && this.#entries[index]?.name !== name) index++;
    if (index === this.#entries.length) throw new Fault(this.#wrong(name));
    this.missing += index - this.#next;
    this.#next = index + 1;
    this.received++;
  }

  #wrong(name: Name): string {
    const next = this.#entries[this.#next];
    const expected = next === undefined ? "nothing more was expected" : `${told(next.name)} was expected`;
    const was = this.#entries.some((entry) => entry.name === name)
      ? "came again, or too late"
      : "came, and was never sent here or was replaced";
    return `${told(name)} ${was}; ${expected}`;
  }
}
