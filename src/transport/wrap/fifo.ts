/**
 * Two queues: of items, and of bytes. First in, first out; taking costs the same
 * however much waits. Know no time and nothing of what they hold.
 */

/** A queue of items. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  get last(): Item | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1];
  }

  at(index: number): Item | undefined {
    return this.#items[this.#head + index];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const first = this.#items[this.#head];
    if (this.#head === this.#items.length) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= LONGEST_HOLE && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return first;
  }

  /** Puts `item` where the first one is; there must be one. */
  replaceFirst(item: Item): void {
    this.#items[this.#head] = item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}

/** A queue of bytes, in the pieces in which they were put. */
export class ByteFifo {
  readonly #pieces = new Fifo<Uint8Array>();
  /** How much of the first piece was taken. */
  #takenBytes = 0;
  length = 0;

  /** Puts bytes that nobody writes to any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.length += bytes.length;
  }

  /** Takes at most so many bytes, fewer where a piece ends: they are not copied. */
  takePart(mostBytes: number): Uint8Array {
    const piece = this.#pieces.first ?? NOTHING;
    const start = this.#takenBytes;
    const part = piece.subarray(start, Math.min(piece.length, start + mostBytes));
    this.length -= part.length;
    this.#takenBytes += part.length;
    if (this.#takenBytes < piece.length) return part;
    this.#pieces.shift();
    this.#takenBytes = 0;
    return part;
  }

  /** Takes exactly so many bytes, of those that are there, as one piece. */
  take(sizeBytes: number): Uint8Array {
    const first = this.takePart(sizeBytes);
    if (first.length === sizeBytes) return first;
    const whole = new Uint8Array(sizeBytes);
    whole.set(first);
    for (let at = first.length; at < sizeBytes; ) {
      const part = this.takePart(sizeBytes - at);
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  clear(): void {
    this.#pieces.clear();
    this.#takenBytes = 0;
    this.length = 0;
  }
}

const NOTHING = new Uint8Array(0);
/** The most places before the head that are kept, unless they are the smaller half. */
const LONGEST_HOLE = 256;
