/**
 * What one socket has joined, and by which of them a message is its. The broker sends a copy
 * for each that matches; the one that was joined first counts.
 *
 *     message, and by which subscription it came ──▶ is it this one's?
 *
 * The first, as a copy of a join that the broker does not know yet is on its way from nobody.
 * A queue group counts where the socket hears the subject in no other way, and what the
 * broker does not permit counts in none. Knows no broker.
 */
import { hasWildcards, isReserved, matches } from "../../port/subject.ts";

/** One thing that was joined. */
export interface Join {
  readonly pattern: string;
  readonly queue: string | undefined;
  /** Which one of all it is. */
  readonly order: number;
  /** Whether the broker does not permit it, on the connection that there is. */
  isRefused: boolean;
}

/** All that one socket has joined, each with what it has beside. */
export class Joins<Of> {
  readonly #all = new Map<string, { readonly join: Join; readonly of: Of }>();
  /** Of those without a queue group, the ones with wildcards, in their order. */
  #wild: Join[] = [];
  #lastOrder = 0;

  /** Adds one; `undefined` when it is there already. `of` is asked for what goes with it. */
  add(pattern: string, queue: string | undefined, of: (join: Join) => Of): void {
    const key = keyOf(pattern, queue);
    if (this.#all.has(key)) return;
    const join: Join = { pattern, queue, order: ++this.#lastOrder, isRefused: false };
    this.#all.set(key, { join, of: of(join) });
    if (queue === undefined && hasWildcards(pattern)) this.#wild.push(join);
  }

  /** Removes one, and returns what went with it; `undefined` when it is not there. */
  remove(pattern: string, queue: string | undefined): Of | undefined {
    const key = keyOf(pattern, queue);
    const found = this.#all.get(key);
    this.#all.delete(key);
    this.#wild = this.#wild.filter((join) => join !== found?.join);
    return found?.of;
  }

  /** Removes all, and returns what went with them. */
  clear(): Of[] {
    const all = [...this.#all.values()].map(({ of }) => of);
    this.#all.clear();
    this.#wild = [];
    return all;
  }

  /** The broker is asked for all of them again. */
  askAgain(): void {
    for (const { join } of this.#all.values()) join.isRefused = false;
  }

  /** Whether a message to `subject` that has come by `join` is that one's. */
  isFirst({ pattern, queue, order }: Join, subject: string): boolean {
    if (pattern !== subject && isReserved(subject)) return false;
    return !this.receives(subject, queue === undefined ? order : Infinity);
  }

  /** Whether a subject is received, in no queue group, by what was joined before that order. */
  receives(subject: string, before: number = Infinity): boolean {
    const exact = this.#all.get(keyOf(subject, undefined))?.join;
    if (exact !== undefined && exact.order < before && !exact.isRefused) return true;
    for (const wild of this.#wild) {
      if (wild.order >= before) break;
      if (!wild.isRefused && matches(wild.pattern, subject)) return true;
    }
    return false;
  }
}

function keyOf(pattern: string, queue: string | undefined): string {
  return queue === undefined ? pattern : `${pattern} ${queue}`;
}
