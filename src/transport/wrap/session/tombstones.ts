/**
 * Why sessions that have closed did so, for the peers who come back: each for a while, and no
 * more than so many. Knows no line.
 */
import type { Goodbye } from "../../../port/close-reason.ts";

/** What is kept of a session. */
export interface Tombstone {
  readonly token: Uint8Array;
  readonly refusal: "ended" | "expired" | "overflow" | "aborted";
  readonly goodbye: Goodbye | undefined;
  /** A peer that has so much of the stream has all but its end; `Infinity` when there was none. */
  readonly byeAt: number;
}

/** The sessions that have closed of late. */
export class Tombstones {
  readonly #most: number;
  readonly #keptMs: number;
  readonly #byKey = new Map<string, Tombstone & { readonly untilMs: number }>();

  /** @param keptMs how long each is kept, in counted time */
  constructor(most: number, keptMs: number) {
    this.#most = most;
    this.#keptMs = keptMs;
  }

  /** Keeps one; the oldest gives way. */
  add(key: string, tombstone: Tombstone, nowMs: number): void {
    this.#purge(nowMs);
    for (const oldest of this.#byKey.keys()) {
      if (this.#byKey.size < this.#most) break;
      this.#byKey.delete(oldest);
    }
    this.#byKey.set(key, { ...tombstone, untilMs: nowMs + this.#keptMs });
  }

  /** Why that session has closed; usually nobody asks. */
  get(key: string, nowMs: number): Tombstone | undefined {
    this.#purge(nowMs);
    return this.#byKey.get(key);
  }

  #purge(nowMs: number): void {
    for (const [key, { untilMs }] of this.#byKey) {
      if (untilMs > nowMs) return; // the later ones too
      this.#byKey.delete(key);
    }
  }
}
