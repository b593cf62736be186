/**
 * Where the reading and the writing of a record of any size has got to. Knows bytes,
 * and no fields.
 */

/** A whole record that is read from its start. */
export class RecordReading {
  /** Where the next value is, in bytes of the view's buffer. */
  at: number;
  /** The memory that the values so far take, in bytes. */
  memoryBytes = 0;
  readonly view: DataView;
  readonly littleEndian: boolean;

  constructor(view: DataView, start: number, littleEndian: boolean) {
    this.view = view;
    this.at = start;
    this.littleEndian = littleEndian;
  }

  /** Reads a length or a number of items, of one or two bytes. */
  takeCount(sizeBytes: 1 | 2): number {
    const { at, view } = this;
    this.at += sizeBytes;
    return sizeBytes === 1 ? view.getUint8(at) : view.getUint16(at, this.littleEndian);
  }

  /** The next `count` bytes, which are lent. */
  takeBytes(count: number): Uint8Array {
    const { at, view } = this;
    this.at += count;
    return new Uint8Array(view.buffer, at, count);
  }
}

/** The buffer that records are written to, which grows as they need it and is used again. */
export class RecordWriting {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  /** Where the next value goes. */
  at = 0;
  readonly littleEndian: boolean;
  readonly #maxBytes: number;

  constructor(littleEndian: boolean, maxBytes: number) {
    this.littleEndian = littleEndian;
    this.#maxBytes = maxBytes;
  }

  /** Begins a new record. */
  begin(): void {
    this.at = 0;
  }

  /** Makes room for `count` more bytes, which need not all be used. */
  reserve(count: number): void {
    const needed = this.at + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  /**
   * Goes on behind the next `count` bytes, which were written.
   *
   * @throws RangeError when the record is over its limit
   */
  advance(count: number): void {
    this.at += count;
    if (this.at <= this.#maxBytes) return;
    throw new RangeError(
      `message: a record of ${this.at} bytes or more is over the limit of ${this.#maxBytes}`,
    );
  }

  /** Writes a length or a number of items, of one or two bytes. */
  putCount(sizeBytes: 1 | 2, count: number): void {
    this.reserve(sizeBytes);
    if (sizeBytes === 1) this.view.setUint8(this.at, count);
    else this.view.setUint16(this.at, count, this.littleEndian);
    this.advance(sizeBytes);
  }
}

const FIRST_BYTES = 256;
