/**
 * What one side of a stream sends: numbered frames, as far as the peer's window and the
 * broker allow; the rest waits.
 *
 *     write ──▶ queue ── window, broker ──▶ frames        ack ──▶ window ──▶ push
 *
 * What is published is copied, and gone for the core: the window bounds how much of it the
 * client, the broker and the peer have. Knows no peer and no lifecycle.
 */
import { ackFrame, after, FRAME, HEAD_BYTES, newFrame } from "./stream-frames.ts";

/** Where the frames go. */
export interface OutputLine {
  /** Whether data may be published now; else `push` is called when it may. */
  mayPublish(): boolean;
  /** The most bytes of one message. */
  mostBytes(): number;
  publish(frame: Uint8Array): void;
  /** So many bytes that waited have left. */
  drained(sizeBytes: number): void;
}

/** The sending half of one stream. */
export class StreamOutput {
  /** The number of the next frame. */
  number = 0;
  /** Whether the end of the stream is to follow what waits, or was published behind it. */
  end: "none" | "marked" | "sent" = "none";
  readonly #line: OutputLine;
  /** What the peer has room for. */
  #windowBytes = 0;
  #mostWindowBytes = 0;
  #queue: Uint8Array[] = [];
  /** How much of the first one that waits has been published. */
  #offset = 0;
  /** What has left of those that wait and was not told yet. */
  #leftBytes = 0;
  #isPushing = false;

  constructor(line: OutputLine) {
    this.#line = line;
  }

  /** Whether bytes wait here. */
  get isWaiting(): boolean {
    return this.#queue.length > 0;
  }

  /** The peer is there, and has that window. */
  begin(windowBytes: number): void {
    this.#windowBytes = this.#mostWindowBytes = Math.min(windowBytes, MOST_WINDOW_BYTES);
  }

  /** As that of a link. */
  write(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    const isFirst = this.#queue.length === 0 && !this.#isPushing;
    const sentBytes = isFirst ? this.#publish(bytes, 0) : 0;
    if (sentBytes === bytes.length) return true;
    if (isFirst) {
      this.#offset = sentBytes;
      this.#leftBytes += sentBytes; // the core is told of it with the rest, when it knows that some of it waits
    }
    this.#queue.push(bytes);
    return false;
  }

  /** Publishes what waits, as far as it goes, and behind all of it the end. */
  push(): void {
    if (this.#isPushing) return;
    this.#isPushing = true;
    for (let first: Uint8Array | undefined; (first = this.#queue[0]) !== undefined; ) {
      const sentBytes = this.#publish(first, this.#offset);
      this.#leftBytes += sentBytes;
      this.#offset += sentBytes;
      if (this.#offset < first.length) break;
      this.#queue.shift();
      this.#offset = 0;
    }
    this.#isPushing = false;
    if (this.end === "marked" && this.#queue.length === 0 && this.#line.mayPublish()) {
      this.end = "sent";
      this.#line.publish(this.next(FRAME.fin));
    }
    const leftBytes = this.#leftBytes;
    this.#leftBytes = 0;
    if (leftBytes > 0) this.#line.drained(leftBytes);
  }

  /** The peer has read so many bytes. Returns whether that can be. */
  acked(sizeBytes: number): boolean {
    if (sizeBytes === 0 || this.#windowBytes + sizeBytes > this.#mostWindowBytes) return false;
    this.#windowBytes += sizeBytes;
    return true;
  }

  /** The next numbered frame, of a kind without more. */
  next(kind: number): Uint8Array {
    return newFrame(kind, this.#takeNumber());
  }

  /** The same for one that acknowledges. */
  nextAck(sizeBytes: number): Uint8Array {
    return ackFrame(this.#takeNumber(), sizeBytes);
  }

  /** Drops what waits. */
  clear(): void {
    this.#queue = [];
    this.#leftBytes = 0;
  }

  /** Publishes `bytes` from `from` on, as far as it goes. Returns how many. */
  #publish(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.#windowBytes > 0 && this.#line.mayPublish()) {
      const most = Math.max(1, Math.min(FRAME_BYTES, this.#line.mostBytes() - HEAD_BYTES));
      const sizeBytes = Math.min(bytes.length - at, this.#windowBytes, most);
      const frame = newFrame(FRAME.data, this.#takeNumber(), sizeBytes);
      frame.set(bytes.subarray(at, at + sizeBytes), HEAD_BYTES);
      this.#windowBytes -= sizeBytes;
      at += sizeBytes;
      this.#line.publish(frame);
    }
    return at - from;
  }

  #takeNumber(): number {
    const { number } = this;
    this.number = after(number);
    return number;
  }
}

/** The most that a side has under way, whatever its peer has room for. */
export const MOST_WINDOW_BYTES = 262_144;
/** The most of the stream in one message. */
const FRAME_BYTES = 65_536;
