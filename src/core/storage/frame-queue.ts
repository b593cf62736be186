/**
 * The frame queue: the only place where time is divided into frames.
 *
 *     writer ── put ──▶ arriving ┊ latch ┊ ready ── take ──▶ reader
 *
 * Items arrive at any time; the reader reads once per frame. Between two latches
 * the ready side can only shrink, so a tick sees the same state from its first
 * line to its last. Knows nothing of bytes, sockets or clocks.
 */
import type { MessageSink } from "../../codec/codec.ts";
import type { Inbox } from "./inbox.ts";

/** A queue that is divided by the boundary of a frame. */
export class FrameQueue<Item> implements Inbox<Item>, MessageSink<Item> {
  /** Whether the items are hidden from the reader for now. */
  isHeld = false;
  /** Whether the owner wants to be notified after a {@link take}, as it waits for room. */
  notifyOnTake = false;
  /** The largest weight so far, in bytes. */
  peakBytes = 0;
  // One ring holds both sides: head ≤ visibleEnd ≤ tail. The three only grow, and are masked to find a slot.
  #items: (Item | undefined)[] = [];
  #sizes: number[] = [];
  #extras: number[] | undefined;
  #extraBytes = 0;
  #mask = -1;
  #head = 0;
  #visibleEnd = 0;
  #tail = 0;
  #weightBytes = 0;
  #latchedBytes = 0;

  /** How many items the reader can take in this frame. */
  get ready(): number {
    return this.isHeld ? 0 : this.#visibleEnd - this.#head;
  }

  /** How many items the next {@link latch} can make ready. */
  get arriving(): number {
    return this.isHeld ? 0 : this.#tail - this.#visibleEnd;
  }

  /** How many items it holds, arriving and ready. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** The weight of all items, in bytes: for each its size, or its memory if that is more, plus {@link ITEM_WEIGHT_BYTES}. */
  get weightBytes(): number {
    return this.#weightBytes;
  }

  /** The total size of the items that the last {@link latch} made ready, in bytes. */
  get latchedBytes(): number {
    return this.#latchedBytes;
  }

  /** The size of the item that {@link take} would return, in bytes; 0 if there is none. */
  get nextBytes(): number {
    return this.ready > 0 ? (this.#sizes[this.#head & this.#mask] ?? 0) : 0;
  }

  /** The memory of the item that {@link take} would return, or its size if that is more; 0 if there is none. */
  get nextMemoryBytes(): number {
    if (this.ready === 0) return 0;
    return this.nextBytes + (this.#extras?.[this.#head & this.#mask] ?? 0);
  }

  /** Adds an item to the arriving side. Its size on the wire and the memory that it takes are in bytes. */
  put(item: Item, sizeBytes: number, memoryBytes: number = sizeBytes): void {
    if (this.#tail - this.#head > this.#mask) this.#grow();
    const slot = this.#tail++ & this.#mask;
    this.#items[slot] = item;
    this.#sizes[slot] = sizeBytes;
    this.#weightBytes += sizeBytes + ITEM_WEIGHT_BYTES;
    if (memoryBytes > sizeBytes || this.#extras !== undefined) this.#addExtra(slot, memoryBytes - sizeBytes);
    if (this.#weightBytes > this.peakBytes) this.peakBytes = this.#weightBytes;
  }

  /** Makes at most `maxItems` items ready, the oldest first, and returns how many. */
  latch(maxItems: number = Infinity): number {
    const count = Math.min(maxItems, this.arriving);
    this.#latchedBytes = 0;
    if (this.#head === this.#visibleEnd && count === this.length) {
      // The usual case: all items become ready, and their sizes need not be added up.
      this.#visibleEnd = this.#tail;
      this.#latchedBytes = this.#weightBytes - this.#extraBytes - count * ITEM_WEIGHT_BYTES;
      return count;
    }
    for (let index = 0; index < count; index++) {
      this.#latchedBytes += this.#sizes[this.#visibleEnd++ & this.#mask] ?? 0;
    }
    return count;
  }

  /** Returns `undefined` when this frame has no more items, which is the usual case; otherwise the oldest ready item. */
  take(): Item | undefined {
    if (this.#head === this.#visibleEnd || this.isHeld) return undefined;
    const slot = this.#head++ & this.#mask;
    const item = this.#items[slot];
    this.#items[slot] = undefined;
    if (this.#head === this.#tail) this.#rewind();
    else this.#removeWeight(slot);
    return item;
  }

  /** Drops the newest item if it is still arriving, and returns whether it did. */
  dropNewest(): boolean {
    if (this.#tail === this.#visibleEnd) return false;
    const slot = --this.#tail & this.#mask;
    this.#items[slot] = undefined;
    this.#removeWeight(slot);
    return true;
  }

  /** Drops all items, arriving and ready. */
  clear(): void {
    this.#use(NO_RING as Ring<Item>);
    this.#rewind();
  }

  #addExtra(slot: number, extraBytes: number): void {
    const extras = (this.#extras ??= zeros(this.#items.length));
    const extra = Math.max(0, extraBytes);
    extras[slot] = extra;
    this.#extraBytes += extra;
    this.#weightBytes += extra;
  }

  #removeWeight(slot: number): void {
    this.#weightBytes -= (this.#sizes[slot] ?? 0) + ITEM_WEIGHT_BYTES;
    if (this.#extras === undefined) return;
    const extra = this.#extras[slot] ?? 0;
    this.#extraBytes -= extra;
    this.#weightBytes -= extra;
  }

  #rewind(): void {
    this.#head = this.#visibleEnd = this.#tail = 0;
    this.#weightBytes = this.#extraBytes = 0;
    if (this.#items.length <= KEPT_SLOTS) return;
    keepSpare({ items: this.#items, sizes: this.#sizes, extras: this.#extras });
    this.#use(NO_RING as Ring<Item>);
  }

  #grow(): void {
    const ring = ringOf(Math.max(FIRST_SLOTS, this.#items.length * 2)) as Ring<Item>;
    const { items, sizes } = ring;
    const mask = items.length - 1;
    const extras = this.#extras === undefined ? ring.extras : (ring.extras ?? zeros(items.length));
    for (let index = this.#head; index < this.#tail; index++) {
      items[index & mask] = this.#items[index & this.#mask];
      sizes[index & mask] = this.#sizes[index & this.#mask] ?? 0;
      if (extras !== undefined) extras[index & mask] = this.#extras?.[index & this.#mask] ?? 0;
    }
    this.#use({ items, sizes, extras });
  }

  #use({ items, sizes, extras }: Ring<Item>): void {
    this.#items = items;
    this.#sizes = sizes;
    this.#extras = extras;
    this.#mask = items.length - 1;
  }
}

/** The slots of a queue. Their number is a power of two, or 0. */
interface Ring<Item> {
  readonly items: (Item | undefined)[];
  readonly sizes: number[];
  /** How much more memory than bytes each item takes; only made for the first that takes more. */
  readonly extras: number[] | undefined;
}

/** An empty ring of at least `slots` slots: the spare one if it is large enough. */
function ringOf(slots: number): Ring<unknown> {
  if (slots <= KEPT_SLOTS || slots > spareRing.items.length) {
    return { items: new Array(slots).fill(undefined), sizes: zeros(slots), extras: undefined };
  }
  const ring = spareRing;
  spareRing = NO_RING;
  return ring;
}

function zeros(slots: number): number[] {
  return new Array(slots).fill(0);
}

/** Keeps an emptied ring for the next queue that grows. */
function keepSpare(ring: Ring<unknown>): void {
  const slots = ring.items.length;
  if (slots > spareRing.items.length && slots <= SPARE_SLOTS) spareRing = ring;
}

/**
 * The memory that an item takes besides its bytes: two slots, and the header of a
 * small string or array. Counted so that a flood of empty messages is not free.
 */
export const ITEM_WEIGHT_BYTES = 64;

/** The first capacity, a power of two like all. Enough for the messages of a player in one frame. */
const FIRST_SLOTS = 4;
/** A larger ring is released when empty: one flood must not cost each queue its memory for ever. */
const KEPT_SLOTS = 256;
/** One spare ring of up to 6 MiB serves all queues: a flood then fills the same ring in every frame. */
const SPARE_SLOTS = 262_144;

const NO_RING: Ring<unknown> = { items: [], sizes: [], extras: undefined };
let spareRing = NO_RING;
