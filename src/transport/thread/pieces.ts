/**
 * What a record has to say that is larger than one: it comes in pieces, of which the last is
 * the record itself. Strangers decide how large some of it is, such as the headers of a
 * request, or a message. What a game writes has pieces of its own, which others come between.
 */
import { joined } from "./records.ts";
import { copyOf, LARGEST_PAYLOAD_BYTES } from "./ring.ts";

/** The kind of a record that has a piece of the next one of the same id; no other kind has this number. */
export const PIECE = 0;

/** Calls `write` with each piece of `bytes` that comes before the last, and returns the last. */
export function cut(bytes: Uint8Array, write: (piece: Uint8Array) => void): Uint8Array {
  let at = 0;
  for (; bytes.length - at > LARGEST_PAYLOAD_BYTES; at += LARGEST_PAYLOAD_BYTES)
    write(bytes.subarray(at, at + LARGEST_PAYLOAD_BYTES));
  return bytes.subarray(at);
}

/** The pieces that have come of records that are not whole. */
export class Pieces {
  readonly #pieces = new Map<number, Uint8Array[]>();

  /** Whether there is none, which is the usual case. */
  get isEmpty(): boolean {
    return this.#pieces.size === 0;
  }

  add(id: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const known = this.#pieces.get(id) ?? [];
    this.#pieces.set(id, known);
    known.push(copyOf(bytes, start, end));
  }

  /** All bytes of the record whose last piece these are. */
  take(id: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Uint8Array<ArrayBuffer> {
    const known = this.#pieces.get(id) ?? [];
    this.#pieces.delete(id);
    return joined([...known, bytes.subarray(start, end)]);
  }
}
