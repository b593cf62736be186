/**
 * A ring: records of bytes from one thread to one other, in shared memory, in order.
 *
 *     writer ── tryWrite ──▶ │ record │ record │ free … │ ── drain ──▶ reader
 *                            read position ─▶ written position
 *
 * Both positions only grow, modulo 2^32, so a side that missed some steps of the other
 * compares nothing that could have passed by. A record is never cut: where it does not
 * fit before the end of the memory, the rest of that is skipped. The reader copies what
 * it finds into memory of its own and frees the ring before it hands anything on, so
 * that no code but this file ever sees shared memory. Knows no kinds of records, and
 * wakes nobody.
 */

/** Where a ring lies: its bytes, a power of two, and the words of its two positions. */
export interface RingPlace {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly writtenAt: number;
  readonly readAt: number;
}

/** Is given a record: its three numbers, and its bytes from `start` to `end`, which are lent for the call. */
export type TakeRecord = (
  kind: number,
  id: number,
  extra: number,
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
) => void;

/** The writing side of a ring. */
export class RingWriter {
  readonly #place: RingPlace;
  readonly #numbers: Int32Array;
  readonly #mask: number;
  #position: number;
  /** The read position when it was last looked at: the real one is there, or further on. */
  #knownRead: number;

  constructor(place: RingPlace) {
    this.#place = place;
    const { bytes, words, writtenAt, readAt } = place;
    this.#numbers = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#mask = bytes.length - 1;
    this.#position = Atomics.load(words, writtenAt);
    this.#knownRead = Atomics.load(words, readAt);
  }

  /**
   * Writes one record. Returns `false`, and has written nothing, when there is no room for it now.
   *
   * @param keptFree how many bytes must be free afterwards
   */
  tryWrite(
    kind: number,
    id: number,
    extra: number,
    bytes: Uint8Array = NO_BYTES,
    start: number = 0,
    end: number = bytes.length,
    keptFree: number = 0,
  ): boolean {
    if (end - start > LARGEST_PAYLOAD_BYTES) throw new RangeError(`a record of ${end - start} bytes`);
    const capacity = this.#mask + 1;
    const needed = HEADER_BYTES + rounded(end - start);
    const toEnd = capacity - (this.#position & this.#mask);
    const skipped = needed > toEnd ? toEnd : 0;
    if (!this.#hasRoom(skipped + needed + keptFree)) return false;
    const numbers = this.#numbers;
    if (skipped > 0) numbers[(this.#position & this.#mask) >>> 2] = SKIP;
    this.#position = (this.#position + skipped) | 0;
    const at = this.#position & this.#mask;
    const word = at >>> 2;
    numbers[word] = end - start;
    numbers[word + 1] = kind;
    numbers[word + 2] = id;
    numbers[word + 3] = extra;
    if (end > start) copy(bytes, start, end, this.#place.bytes, at + HEADER_BYTES);
    this.#position = (this.#position + needed) | 0;
    Atomics.store(this.#place.words, this.#place.writtenAt, this.#position);
    return true;
  }

  #hasRoom(sizeBytes: number): boolean {
    const capacity = this.#mask + 1;
    if (((this.#position - this.#knownRead) >>> 0) + sizeBytes <= capacity) return true;
    this.#knownRead = Atomics.load(this.#place.words, this.#place.readAt);
    return ((this.#position - this.#knownRead) >>> 0) + sizeBytes <= capacity;
  }
}

/** The reading side of a ring. */
export class RingReader {
  readonly #place: RingPlace;
  readonly #mask: number;
  #position: number;

  constructor(place: RingPlace) {
    this.#place = place;
    this.#mask = place.bytes.length - 1;
    this.#position = Atomics.load(place.words, place.readAt);
  }

  /** Whether a record waits. */
  get isEmpty(): boolean {
    return Atomics.load(this.#place.words, this.#place.writtenAt) === this.#position;
  }

  /** Gives the records that were written before the call to `take`; those that come meanwhile wait for the next call. */
  drain(take: TakeRecord): void {
    const target = Atomics.load(this.#place.words, this.#place.writtenAt);
    if (target === this.#position) return;
    const own = spare ?? new Piece();
    spare = undefined; // a call from within `take` reads into another one
    try {
      while (((target - this.#position) | 0) > 0) this.#take(own, target, take);
    } finally {
      spare = own;
    }
  }

  /** Copies as many whole records as fit, frees their place, and hands them on. */
  #take(own: Piece, target: number, take: TakeRecord): void {
    const { bytes, words, readAt } = this.#place;
    const at = this.#position & this.#mask;
    const waiting = (target - this.#position) >>> 0;
    const length = Math.min(waiting, bytes.length - at, own.bytes.length);
    copy(bytes, at, at + length, own.bytes, 0);
    const end = own.endOfWhole(length);
    const isSkipped = end < length && own.numbers[end >>> 2] === SKIP;
    this.#position = (this.#position + (isSkipped ? bytes.length - at : end)) | 0;
    Atomics.store(words, readAt, this.#position);
    own.visit(end, take);
  }
}

/** Memory of this thread that records are copied to. */
class Piece {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(PIECE_BYTES);
  readonly numbers: Int32Array = new Int32Array(this.bytes.buffer);

  /** Where the last whole record within the first `length` bytes ends. */
  endOfWhole(length: number): number {
    let end = 0;
    while (length - end >= HEADER_BYTES) {
      const sizeBytes = this.numbers[end >>> 2] as number;
      if (sizeBytes === SKIP) return end;
      const next = end + HEADER_BYTES + rounded(sizeBytes);
      if (next > length) return end;
      end = next;
    }
    return end;
  }

  visit(end: number, take: TakeRecord): void {
    const { numbers, bytes } = this;
    for (let at = 0; at < end; ) {
      const word = at >>> 2;
      const start = at + HEADER_BYTES;
      const sizeBytes = numbers[word] as number;
      at = start + rounded(sizeBytes);
      take(
        numbers[word + 1] as number,
        numbers[word + 2] as number,
        numbers[word + 3] as number,
        bytes,
        start,
        start + sizeBytes,
      );
    }
  }
}

/** A copy of the bytes of a record. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(start, end));
}

/** A view of the bytes of a record, plain and of this thread alone, for the duration of a call. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Uint8Array {
  const length = end - start;
  if (length > SMALL_BYTES) return bytes.subarray(start, end);
  // A new view takes twice as long as copying a line.
  for (let index = 0; index < length; index++) SMALL[index] = bytes[start + index] as number;
  return (smallViews[length] ??= SMALL.subarray(0, length));
}

/** The next multiple of the alignment. */
function rounded(sizeBytes: number): number {
  return (sizeBytes + 3) & ~3;
}

function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SMALL_BYTES) {
    to.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
    return;
  }
  for (let index = start; index < end; index++) to[at + index - start] = from[index] as number;
}

/** The size of a record without bytes: their number, and three numbers of the user's. */
export const HEADER_BYTES = 16;
/** The most bytes of one record: as many as one read of Node can have. */
export const LARGEST_PAYLOAD_BYTES = 65_536;
/** In the place of a size: the next record is at the beginning of the memory. */
const SKIP = -1;
/** Room for two of the largest records, so that one whole one always fits. */
const PIECE_BYTES = 2 * (HEADER_BYTES + LARGEST_PAYLOAD_BYTES);
/** Up to here a loop is faster than `set` with a view. */
const SMALL_BYTES = 64;
const SMALL = new Uint8Array(SMALL_BYTES);
const smallViews: Uint8Array[] = [];
const NO_BYTES = new Uint8Array(0);
/** Memory for the next `drain`, when none is under way. */
let spare: Piece | undefined;
