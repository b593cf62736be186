/**
 * A fast path: a frame queue for records of one size, which wait as the bytes they
 * arrived in. Objects that outlive their frame are expensive to collect: of the
 * 100 ns that a record of three f32 took, 60 were garbage collection. Bytes need
 * none, and the object is made when the game takes it.
 *
 *     decoder: checks ── putRecords ──▶ bytes ┊ latch ┊ ── take: reads ──▶ reader
 *
 * Behaves like `frame-queue.ts`, and knows only the size of a record.
 */
import type { RecordReader, RecordSink } from "../../codec/codec.ts";
import { ITEM_WEIGHT_BYTES } from "./frame-queue.ts";
import type { Inbox } from "./inbox.ts";

/** A queue of records that is divided by the boundary of a frame. */
export class RecordQueue<Item> implements Inbox<Item>, RecordSink {
  isHeld = false;
  notifyOnTake = false;
  peakBytes = 0;
  latchedBytes = 0;

  readonly #reader: RecordReader<Item>;
  readonly #sizeBytes: number;
  // One ring of records: head ≤ visibleEnd ≤ tail. The three only grow, and are masked to find a slot.
  #bytes = NO_BYTES;
  #view = new DataView(NO_BYTES.buffer);
  #mask = -1;
  #head = 0;
  #visibleEnd = 0;
  #tail = 0;

  constructor(reader: RecordReader<Item>) {
    this.#reader = reader;
    this.#sizeBytes = reader.sizeBytes;
  }

  get ready(): number {
    return this.isHeld ? 0 : this.#visibleEnd - this.#head;
  }

  get arriving(): number {
    return this.isHeld ? 0 : this.#tail - this.#visibleEnd;
  }

  get length(): number {
    return this.#tail - this.#head;
  }

  get weightBytes(): number {
    return this.length * (this.#sizeBytes + ITEM_WEIGHT_BYTES);
  }

  get nextBytes(): number {
    return this.ready > 0 ? this.#sizeBytes : 0;
  }

  /** Copies `count` records from `bytes`, which start at `start`, to the arriving side. */
  putRecords(bytes: Uint8Array, start: number, count: number): void {
    if (this.length + count > this.#mask + 1) this.#grow(this.length + count);
    const slot = this.#tail & this.#mask;
    const untilWrap = Math.min(count, this.#mask + 1 - slot);
    this.#copy(bytes, start, untilWrap, slot);
    this.#copy(bytes, start + untilWrap * this.#sizeBytes, count - untilWrap, 0);
    this.#tail += count;
    this.peakBytes = Math.max(this.peakBytes, this.weightBytes);
  }

  latch(maxItems: number = Infinity): number {
    const count = Math.min(maxItems, this.arriving);
    this.#visibleEnd += count;
    this.latchedBytes = count * this.#sizeBytes;
    return count;
  }

  take(): Item | undefined {
    if (this.#head === this.#visibleEnd || this.isHeld) return undefined;
    const item = this.#reader.readUnchecked(this.#view, (this.#head++ & this.#mask) * this.#sizeBytes);
    if (this.#head === this.#tail) this.#rewind();
    return item;
  }

  dropNewest(): boolean {
    if (this.#tail === this.#visibleEnd) return false;
    this.#tail--;
    return true;
  }

  clear(): void {
    this.#rewind();
  }

  #rewind(): void {
    this.#head = this.#visibleEnd = this.#tail = 0;
    if (this.#bytes.length <= KEPT_BYTES) return;
    keepSpare(this.#bytes);
    this.#use(NO_BYTES);
  }

  #grow(count: number): void {
    const before = { bytes: this.#bytes, mask: this.#mask };
    this.#use(bytesFor(Math.max(FIRST_RECORDS, 2 ** Math.ceil(Math.log2(count))) * this.#sizeBytes));
    const size = this.#sizeBytes;
    for (let index = this.#head; index < this.#tail; ) {
      const slot = index & before.mask;
      // Adjacent records stay adjacent: the size of the larger ring is a multiple of the smaller one's.
      const adjacent = Math.min(this.#tail - index, before.mask + 1 - slot);
      this.#copy(before.bytes, slot * size, adjacent, index & this.#mask);
      index += adjacent;
    }
  }

  #copy(bytes: Uint8Array, start: number, count: number, slot: number): void {
    if (count === 0) return;
    const end = start + count * this.#sizeBytes;
    const isWhole = start === 0 && end === bytes.length;
    this.#bytes.set(isWhole ? bytes : bytes.subarray(start, end), slot * this.#sizeBytes);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    const records = Math.floor(bytes.length / this.#sizeBytes);
    this.#mask = records === 0 ? -1 : 2 ** Math.floor(Math.log2(records)) - 1;
  }
}

/** A buffer of at least `sizeBytes`: the spare one if it is large enough. */
function bytesFor(sizeBytes: number): Uint8Array<ArrayBuffer> {
  if (sizeBytes <= KEPT_BYTES || sizeBytes > spareBytes.length) return new Uint8Array(sizeBytes);
  const bytes = spareBytes;
  spareBytes = NO_BYTES;
  return bytes;
}

/** Keeps the buffer of an emptied queue for the next queue that grows. */
function keepSpare(bytes: Uint8Array<ArrayBuffer>): void {
  if (bytes.length > spareBytes.length && bytes.length <= SPARE_BYTES) spareBytes = bytes;
}

/** The first capacity: enough for the messages of a player in one frame. */
const FIRST_RECORDS = 4;
/** A larger buffer is released when empty: one flood must not cost each queue its memory for ever. */
const KEPT_BYTES = 4_096;
/** One spare buffer of up to 16 MiB serves all queues: a flood then fills the same buffer in every frame. */
const SPARE_BYTES = 16_777_216;

const NO_BYTES = new Uint8Array(0);
let spareBytes = NO_BYTES;
