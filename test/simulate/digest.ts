/**
 * A number for everything that was visible in an evening, in its order: two runs of one
 * seed that differ in anything have different ones.
 */
import { createHash } from "node:crypto";

/** Takes in what was seen, and answers one text for all of it. */
export class Digest {
  readonly #hash = createHash("sha256");
  #text = "";

  add(...seen: readonly (string | number | boolean | undefined)[]): void {
    this.#text += `${seen.join(" ")}\n`;
    if (this.#text.length > BLOCK_CHARACTERS) this.#flush();
  }

  /** The text for all that was added; nothing can be added after it. */
  finish(): string {
    this.#flush();
    return this.#hash.digest("hex").slice(0, 32);
  }

  #flush(): void {
    this.#hash.update(this.#text);
    this.#text = "";
  }
}

const BLOCK_CHARACTERS = 65_536;
