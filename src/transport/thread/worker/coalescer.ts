/**
 * A rest between two passes over transports that wait for the system by themselves. Each
 * pass costs as much as reading several sockets. Without a rest it would read two or three,
 * as fast as a thousand players can send; one or two who answer each other wait for nothing.
 */
import { blockFor } from "../../../block.ts";

/** Has what comes densely be read together. */
export class Coalescer {
  /** How many records the game was told since the last look. */
  count = 0;
  readonly #rest: (timeMs: number) => void;
  #lookedMs = 0;

  /** @param rest blocks the thread for so many milliseconds */
  constructor(rest: (timeMs: number) => void = blockFor) {
    this.#rest = rest;
  }

  /** Before a pass: rests, where much has just come, so that more is there. */
  pause(nowMs: number): void {
    const isDense = this.count > DENSE_RECORDS;
    if (isDense) this.#rest(REST_MS);
    if (!isDense && nowMs - this.#lookedMs < REST_MS) return;
    this.count = 0;
    this.#lookedMs = nowMs;
  }
}

/** So many records in a millisecond are of more than a few players. */
const DENSE_RECORDS = 32;
const REST_MS = 1;
