/**
 * What the network thread has told of a link while the game did not want to receive:
 * it waits here, in order, behind the bytes that came before it. Its size is bounded by
 * the window of the link. Decides nothing about when it is handed on.
 */

import type { ClosedValue } from "./records.ts";
import { TELL } from "./records.ts";

/** The held records of one link. */
export class HeldRecords {
  #records: HeldRecord[] = [];
  #closed: ClosedValue | undefined;

  /** How the link has closed behind all that is held; `undefined` when it has not. */
  get closed(): ClosedValue | undefined {
    return this.#closed;
  }

  get isEmpty(): boolean {
    return this.#records.length === 0 && this.#closed === undefined;
  }

  /** Whether the peer's stream has ended in what is held. Signs of life may follow it, as of TLS's own goodbye. */
  get hasEnd(): boolean {
    return this.#records.some(({ kind }) => kind === TELL.ended);
  }

  add(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#records.push({ kind, extra, bytes });
  }

  /** The link has closed behind all that is held. */
  close(value: ClosedValue): void {
    this.#closed = value;
  }

  /** Hands on what is held, as long as `isWanted`. */
  visit(
    isWanted: () => boolean,
    tell: (kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>) => void,
    close: (value: ClosedValue) => void,
  ): void {
    let next = 0;
    for (; next < this.#records.length && isWanted(); next++) {
      const { kind, extra, bytes } = this.#records[next] as HeldRecord;
      tell(kind, extra, bytes);
    }
    this.#records.splice(0, next);
    const closed = this.#closed;
    if (closed === undefined || this.#records.length > 0 || !isWanted()) return;
    this.#closed = undefined;
    close(closed);
  }
}

interface HeldRecord {
  readonly kind: number;
  readonly extra: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}
