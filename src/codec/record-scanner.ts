/**
 * Finds the end of a record whose own lengths tell its size. Walks through the steps
 * that a schema was turned into, stops where a piece of the stream ends, and goes on
 * from there: no byte is looked at twice, however finely a stranger cuts the stream.
 * Reads lengths and no values, and refuses what is over a limit as soon as it is told.
 *
 *     skip 6 ─▶ text: read its length, skip it ─▶ list: read its count ─▶ … ─▶ the end
 */
import { DecodeError } from "./codec.ts";

/** One step through a record. */
export type Step =
  /** So many bytes follow, whatever they are. */
  | { readonly does: "skip"; readonly bytes: number }
  /** A length follows, and so many bytes. */
  | { readonly does: "sized"; readonly prefixBytes: 1 | 2 }
  /** A number of items follows, and the items, each of so many bytes. */
  | { readonly does: "items"; readonly itemBytes: number; readonly list: ListLimit }
  /** A number of items follows, and the items, by the steps up to `end`. */
  | { readonly does: "each"; readonly list: ListLimit; end: number }
  /** The end of an item's steps, which begin behind the step `begin`. */
  | { readonly does: "next"; readonly begin: number }
  /** A byte follows, and the steps up to `end` if it is 1. */
  | { readonly does: "option"; readonly path: string; end: number };

/** What a list may have. */
export interface ListLimit {
  /** Where it stands in the record, for errors. */
  readonly path: string;
  readonly maxItems: number;
}

/** The way through the records of one stream, one at a time. */
export class RecordScanner {
  readonly #maxBytes: number;
  readonly #littleEndian: boolean;
  #steps: readonly Step[] = [];
  #next = 0;
  /** How far it has got, from the start of the record, in bytes: perhaps beyond those that are there. */
  #at = 0;
  #neededBytes = 0;
  /** For each list that it is in, how many items are left, this one included. */
  readonly #left: number[] = [];

  constructor(maxBytes: number, littleEndian: boolean) {
    this.#maxBytes = maxBytes;
    this.#littleEndian = littleEndian;
  }

  /** How many bytes of the record it takes to go on; its size, once it is whole. */
  get neededBytes(): number {
    return this.#neededBytes;
  }

  /** Begins a new record, of these steps. */
  begin(steps: readonly Step[]): void {
    this.#steps = steps;
    this.#next = this.#at = this.#left.length = 0;
  }

  /**
   * Goes on as far as the first `available` bytes of the record go, which begins at
   * `start`. Returns whether they hold the whole record.
   *
   * @throws DecodeError when the record is over a limit
   */
  scan(view: DataView, start: number, available: number): boolean {
    const steps = this.#steps;
    while (this.#next < steps.length) {
      const step = steps[this.#next] as Step;
      this.#neededBytes = this.#at + lengthBytesOf(step);
      if (this.#neededBytes > available) return false;
      this.#take(step, view, start + this.#at);
      if (this.#at > this.#maxBytes) throw tooLong(this.#at, this.#maxBytes);
    }
    this.#neededBytes = this.#at;
    return this.#at <= available;
  }

  #take(step: Step, view: DataView, at: number): void {
    this.#next++;
    switch (step.does) {
      case "skip":
        this.#at += step.bytes;
        break;
      case "sized":
        this.#at += step.prefixBytes + this.#lengthAt(view, at, step.prefixBytes);
        break;
      case "items":
        this.#at += 2 + this.#countAt(view, at, step.list) * step.itemBytes;
        break;
      case "each": {
        const count = this.#countAt(view, at, step.list);
        this.#at += 2;
        if (count === 0) this.#next = step.end;
        else this.#left.push(count);
        break;
      }
      case "next": {
        const left = (this.#left.pop() as number) - 1;
        if (left === 0) break;
        this.#left.push(left);
        this.#next = step.begin + 1;
        break;
      }
      case "option":
        this.#at++;
        if (view.getUint8(at) === 0) this.#next = step.end;
        else if (view.getUint8(at) > 1) throw notOption(step.path, view.getUint8(at));
    }
  }

  #lengthAt(view: DataView, at: number, sizeBytes: 1 | 2): number {
    return sizeBytes === 1 ? view.getUint8(at) : view.getUint16(at, this.#littleEndian);
  }

  #countAt(view: DataView, at: number, { path, maxItems }: ListLimit): number {
    const count = this.#lengthAt(view, at, 2);
    if (count <= maxItems) return count;
    throw new DecodeError(`${path} has ${count} items, over maxItems, ${maxItems}`, { code: "maxItems" });
  }
}

/** How many bytes a step reads of the record. */
function lengthBytesOf(step: Step): number {
  switch (step.does) {
    case "skip":
    case "next":
      return 0;
    case "sized":
      return step.prefixBytes;
    case "option":
      return 1;
    default:
      return 2;
  }
}

function tooLong(bytes: number, maxBytes: number): DecodeError {
  return new DecodeError(`${bytes} bytes or more are over maxRecordBytes, ${maxBytes}`, {
    code: "maxRecordBytes",
  });
}

function notOption(path: string, byte: number): DecodeError {
  return new DecodeError(`${path} begins with ${byte}, which is neither 0 nor 1`);
}
