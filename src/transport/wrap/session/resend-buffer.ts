/**
 * The bytes of a stream that the peer has not acknowledged, each at its position in the
 * stream: a ring that grows as it must, and is small again when it is empty. Knows no
 * line and no limit.
 */

/** A part of a stream, from {@link startAt} to {@link endAt}. */
export class ResendBuffer {
  /** The position of the first byte that it has. */
  startAt = 0;
  /** The position behind the last one. */
  endAt = 0;
  #ring: Uint8Array = NOTHING;
  /** Where in the ring the first byte is. */
  #head = 0;

  /** How much memory it has, in bytes. */
  get capacityBytes(): number {
    return this.#ring.length;
  }

  /** Copies `bytes` behind the others. */
  append(bytes: Uint8Array): void {
    const length = this.endAt - this.startAt;
    if (length + bytes.length > this.#ring.length) this.#grow(length + bytes.length);
    const ring = this.#ring;
    const tail = (this.#head + length) % ring.length;
    const untilEnd = Math.min(bytes.length, ring.length - tail);
    ring.set(untilEnd === bytes.length ? bytes : bytes.subarray(0, untilEnd), tail);
    if (untilEnd < bytes.length) ring.set(bytes.subarray(untilEnd), 0);
    this.endAt += bytes.length;
  }

  /** Drops the bytes before the position `toAt`, which is one that it has, or its end. */
  drop(toAt: number): void {
    if (toAt <= this.startAt) return;
    const ring = this.#ring;
    if (toAt >= this.endAt) {
      this.#head = 0;
      if (ring.length > KEPT_BYTES) this.#ring = NOTHING;
    } else this.#head = (this.#head + toAt - this.startAt) % ring.length;
    this.startAt = Math.min(toAt, this.endAt);
  }

  /** Copies the `sizeBytes` bytes from the position `fromAt` into `target`, at `offset`. It has all of them. */
  copy(fromAt: number, sizeBytes: number, target: Uint8Array, offset: number): void {
    const ring = this.#ring;
    const from = (this.#head + fromAt - this.startAt) % Math.max(1, ring.length);
    const untilEnd = Math.min(sizeBytes, ring.length - from);
    target.set(ring.subarray(from, from + untilEnd), offset);
    if (untilEnd < sizeBytes) target.set(ring.subarray(0, sizeBytes - untilEnd), offset + untilEnd);
  }

  /** Drops everything. */
  clear(): void {
    this.startAt = this.endAt;
    this.#ring = NOTHING;
    this.#head = 0;
  }

  #grow(leastBytes: number): void {
    let capacity = Math.max(FIRST_BYTES, this.#ring.length);
    while (capacity < leastBytes) capacity *= 2;
    const grown = new Uint8Array(capacity);
    this.copy(this.startAt, this.endAt - this.startAt, grown, 0);
    this.#ring = grown;
    this.#head = 0;
  }
}

const NOTHING = new Uint8Array(0);
/** The first size: what a player sends in a round trip, so that a thousand players take a megabyte. */
const FIRST_BYTES = 1_024;
/** The most that an empty buffer keeps. */
const KEPT_BYTES = 65_536;
