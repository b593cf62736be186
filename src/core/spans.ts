/**
 * Where the messages that may still be replaced or dropped stand in a run of
 * bytes, each under its key. Knows where, and not what.
 */

import { kindOf } from "../check.ts";

/**
 * What says which messages replace each other: a name, a number, or the thing
 * itself that they are about. Compared as in a Map.
 */
export type Key = string | number | object;

/** A message's place among the bytes. */
export interface Span {
  start: number;
  length: number;
  /** Between which two of the messages that none may pass it stands: a count of those before it. */
  readonly era: number;
}

/** Spans by key, in the order in which they stand. */
export class Spans {
  // New spans are behind all others, so a Map's order of insertion is their order in the run.
  readonly #spans = new Map<Key, Span>();

  get isEmpty(): boolean {
    return this.#spans.size === 0;
  }

  find(key: Key): Readonly<Span> | undefined {
    return this.#spans.get(key);
  }

  /** A message was put behind all others. */
  append(key: Key, span: Span): void {
    this.#spans.set(key, span);
  }

  /** The message of `key` has another length now, and all behind it have moved. Costs what the keys cost. */
  resize(key: Key, length: number): void {
    let moved = 0;
    for (const [other, span] of this.#spans) {
      span.start += moved;
      if (other !== key) continue;
      moved = length - span.length;
      span.length = length;
    }
  }

  /** The message of `key` is taken out, and all behind it have moved up. */
  remove(key: Key): void {
    this.resize(key, 0);
    this.#spans.delete(key);
  }

  /** Forgets the first, and answers its length; 0 when there is none. */
  shift(): number {
    for (const [key, { length }] of this.#spans) {
      this.#spans.delete(key);
      return length;
    }
    return 0;
  }

  /** All of them stand so many bytes further on. */
  moveBy(bytes: number): void {
    if (bytes !== 0) for (const span of this.#spans.values()) span.start += bytes;
  }

  clear(): void {
    if (this.#spans.size > 0) this.#spans.clear();
  }
}

/** @throws TypeError when `key` is undefined or null, which all messages about nothing would share */
export function checkKey(key: unknown): void {
  if (key !== undefined && key !== null) return;
  throw new TypeError(`key: expected a string, a number or an object, got ${kindOf(key)}`);
}
