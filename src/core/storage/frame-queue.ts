/**
 * The frame queue: the one place where time is cut into frames.
 *
 *     writer ── put ──▶ arriving ┊ latch ┊ ready ── take ──▶ reader
 *
 * Items arrive whenever they like; the reader looks once per frame. Between two
 * latches the ready side can only shrink, so a tick sees the same world from
 * its first line to its last. Knows nothing of bytes' meaning, sockets or
 * clocks.
 */
import type { Inbox } from "./inbox.ts";

/** A queue with a frame's border across it. */
export class FrameQueue<Item> implements Inbox<Item> {
  /** Whether the reader is to see nothing, for the time being. */
  isHeld = false;
  /** Whether someone waits for it to get emptier, and is to be told when something was taken. */
  notifyOnTake = false;
  /** The most that it ever weighed, in bytes. */
  peakBytes = 0;
  // One ring holds both sides: head ≤ border ≤ tail, all of them ever growing.
  #items: (Item | undefined)[] = [];
  #sizes: number[] = [];
  #mask = -1;
  #head = 0;
  #visibleEnd = 0;
  #tail = 0;
  #weightBytes = 0;
  #latchedBytes = 0;

  /** How many items the reader may take in this frame. */
  get ready(): number {
    return this.isHeld ? 0 : this.#visibleEnd - this.#head;
  }

  /** How many items the next latch could let cross. */
  get arriving(): number {
    return this.isHeld ? 0 : this.#tail - this.#visibleEnd;
  }

  /** How many items it holds on both sides. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** What both sides weigh, in bytes: each item its size and {@link ITEM_WEIGHT_BYTES}. */
  get weightBytes(): number {
    return this.#weightBytes;
  }

  /** The sizes of the items that the last {@link latch} let through, in bytes. */
  get latchedBytes(): number {
    return this.#latchedBytes;
  }

  /** The size of the item that {@link take} would answer, in bytes; 0 when there is none. */
  get nextBytes(): number {
    return this.ready > 0 ? (this.#sizes[this.#head & this.#mask] ?? 0) : 0;
  }

  /** Files an item on the arriving side. */
  put(item: Item, sizeBytes: number): void {
    if (this.#tail - this.#head > this.#mask) this.#grow();
    const slot = this.#tail++ & this.#mask;
    this.#items[slot] = item;
    this.#sizes[slot] = sizeBytes;
    this.#weightBytes += sizeBytes + ITEM_WEIGHT_BYTES;
    if (this.#weightBytes > this.peakBytes) this.peakBytes = this.#weightBytes;
  }

  /** Lets at most `most` items cross the border, the oldest first, and answers how many did. */
  latch(most: number = Infinity): number {
    const count = Math.min(most, this.arriving);
    this.#latchedBytes = 0;
    if (this.#head === this.#visibleEnd && count === this.length) {
      // All that there is, as mostly: no size needs to be looked up.
      this.#visibleEnd = this.#tail;
      this.#latchedBytes = this.#weightBytes - count * ITEM_WEIGHT_BYTES;
      return count;
    }
    for (let index = 0; index < count; index++) {
      this.#latchedBytes += this.#sizes[this.#visibleEnd++ & this.#mask] ?? 0;
    }
    return count;
  }

  /** The oldest ready item, or `undefined` when this frame has no more: the usual case. */
  take(): Item | undefined {
    if (this.#head === this.#visibleEnd || this.isHeld) return undefined;
    const slot = this.#head++ & this.#mask;
    const item = this.#items[slot];
    this.#items[slot] = undefined;
    if (this.#head === this.#tail) this.#rewind();
    else this.#weightBytes -= (this.#sizes[slot] ?? 0) + ITEM_WEIGHT_BYTES;
    return item;
  }

  /** Forgets the newest item, if it is still arriving, and answers whether it was. */
  dropNewest(): boolean {
    if (this.#tail === this.#visibleEnd) return false;
    const slot = --this.#tail & this.#mask;
    this.#items[slot] = undefined;
    this.#weightBytes -= (this.#sizes[slot] ?? 0) + ITEM_WEIGHT_BYTES;
    return true;
  }

  /** Forgets everything on both sides. */
  clear(): void {
    this.#use({ items: [], sizes: [] });
    this.#rewind();
  }

  #rewind(): void {
    this.#head = this.#visibleEnd = this.#tail = 0;
    this.#weightBytes = 0;
    if (this.#items.length <= KEPT_SLOTS) return;
    keepSpare({ items: this.#items, sizes: this.#sizes });
    this.#use({ items: [], sizes: [] });
  }

  #grow(): void {
    const { items, sizes } = ringOf(Math.max(FIRST_SLOTS, this.#items.length * 2));
    const mask = items.length - 1;
    for (let index = this.#head; index < this.#tail; index++) {
      items[index & mask] = this.#items[index & this.#mask];
      sizes[index & mask] = this.#sizes[index & this.#mask] ?? 0;
    }
    this.#use({ items: items as (Item | undefined)[], sizes });
  }

  #use({ items, sizes }: Ring<Item>): void {
    this.#items = items;
    this.#sizes = sizes;
    this.#mask = items.length - 1;
  }
}

/** The slots of a queue; as many as a power of two, or none. */
interface Ring<Item> {
  readonly items: (Item | undefined)[];
  readonly sizes: number[];
}

/** An empty ring with `slots` at least: the one put aside, where it is large enough. */
function ringOf(slots: number): Ring<unknown> {
  if (slots <= KEPT_SLOTS || slots > spareRing.items.length) {
    return { items: new Array(slots).fill(undefined), sizes: new Array(slots).fill(0) };
  }
  const ring = spareRing;
  spareRing = NO_RING;
  return ring;
}

/** Keeps an emptied ring for whoever needs one next. */
function keepSpare(ring: Ring<unknown>): void {
  const slots = ring.items.length;
  if (slots > spareRing.items.length && slots <= SPARE_SLOTS) spareRing = ring;
}

/**
 * What an item costs beside its bytes: two slots, and a small string's or
 * array's header. Charged so that a flood of empty messages is not free.
 */
export const ITEM_WEIGHT_BYTES = 64;

/** A power of two, as every capacity is. Enough for what a player sends in a frame. */
const FIRST_SLOTS = 4;
/** A ring above this is given back when empty: one flood must not cost each queue memory for ever. */
const KEPT_SLOTS = 256;
/** One ring of up to 4 MiB is kept for all: a flood fills the same one in every frame. */
const SPARE_SLOTS = 262_144;

const NO_RING: Ring<unknown> = { items: [], sizes: [] };
let spareRing = NO_RING;
