/**
 * The interface of a queue of received messages. They wait in it as messages
 * (`frame-queue.ts`) or as the bytes they arrived in (`record-queue.ts`). Only an
 * interface, so that a page loads only the queue it needs.
 */
/** The messages of one peer, divided by the boundary of a frame. Sizes are those on the wire. */
export interface Inbox<Item> {
  /** Whether the messages are hidden from the reader for now. */
  isHeld: boolean;
  /** Whether the owner wants to be notified after a `take`, as it waits for room. */
  notifyOnTake: boolean;
  /** The largest weight so far, in bytes. */
  readonly peakBytes: number;
  /** How many items the reader can take in this frame. */
  readonly ready: number;
  /** How many items the next `latch` can make ready. */
  readonly arriving: number;
  /** How many items it holds, arriving and ready. */
  readonly length: number;
  /** The weight of all items, in bytes: for each its size, or its memory if that is more, plus a fixed weight. */
  readonly weightBytes: number;
  /** The total size of the items that the last `latch` made ready, in bytes. */
  readonly latchedBytes: number;
  /** The size of the item that `take` would return, in bytes; 0 if there is none. */
  readonly nextBytes: number;
  /** Makes at most `maxItems` items ready, the oldest first, and returns how many. */
  latch(maxItems?: number): number;
  /** Returns `undefined` when this frame has no more items, which is the usual case; otherwise the oldest ready item. */
  take(): Item | undefined;
  /** Drops the newest item if it is still arriving, and returns whether it did. */
  dropNewest(): boolean;
  /** Drops all items, arriving and ready. */
  clear(): void;
}
