/**
 * What a frame queue of a connection's messages can do, however they wait in it: as
 * messages (`frame-queue.ts`) or as the bytes they came in (`record-queue.ts`).
 * An interface only, so that a page loads what it needs.
 */
import type { MessageSink } from "../../codec/codec.ts";

/** Messages of one peer, with a frame's border across them. Sizes are those on the wire. */
export interface Inbox<Item> extends MessageSink<Item> {
  /** Whether the reader is to see nothing, for the time being. */
  isHeld: boolean;
  /** Whether someone waits for it to get emptier, and is to be told when something was taken. */
  notifyOnTake: boolean;
  /** The most that it ever weighed, in bytes. */
  readonly peakBytes: number;
  /** How many items the reader may take in this frame. */
  readonly ready: number;
  /** How many items the next latch could let cross. */
  readonly arriving: number;
  /** How many items it holds on both sides. */
  readonly length: number;
  /** What both sides weigh, in bytes: each item its size and a fixed weight. */
  readonly weightBytes: number;
  /** The sizes of the items that the last latch let through, in bytes. */
  readonly latchedBytes: number;
  /** The size of the item that `take` would answer, in bytes; 0 when there is none. */
  readonly nextBytes: number;
  /** Lets at most `most` items cross the border, the oldest first, and answers how many did. */
  latch(most?: number): number;
  /** The oldest ready item, or `undefined` when this frame has no more: the usual case. */
  take(): Item | undefined;
  /** Forgets the newest item, if it is still arriving, and answers whether it was. */
  dropNewest(): boolean;
  /** Forgets everything on both sides. */
  clear(): void;
}
