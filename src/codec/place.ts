/**
 * Where a value stands in a message, for errors: a field, or an item of a list. Each
 * field of a schema has one, and loops over items note in it where they are, so that
 * a path is put into words only when something is wrong there.
 */
export class Place {
  /** The number of the item that is looked at, in a list or an array. */
  index: number | undefined;
  readonly #name: string;
  readonly #parent: Place | undefined;

  /** @param name the name of a field; empty for an item of the list that is its parent */
  constructor(name: string, parent: Place | undefined) {
    this.#name = name;
    this.#parent = parent;
  }

  /** The path from the message on, such as `items[2].x`. */
  get path(): string {
    const own = this.index === undefined ? this.#name : `${this.#name}[${this.index}]`;
    if (this.#parent === undefined) return own;
    return this.#name === "" ? `${this.#parent.path}${own}` : `${this.#parent.path}.${own}`;
  }

  /** The name of the value as an argument. */
  get label(): string {
    return `message.${this.path}`;
  }
}
