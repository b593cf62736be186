/**
 * What one side of a stream hears: frames by their numbers, whose bytes go to the core, or
 * wait while it does not read.
 *
 *     frame ──▶ number, window ──▶ core ──▶ acknowledged
 *                     └─ paused: kept, at most a window ─┘
 *
 * Knows no peer and no lifecycle.
 */
import { after } from "./stream-frames.ts";

/** Who takes the bytes. */
export interface InputReader {
  received(bytes: Uint8Array): void;
  /** So many bytes have been read. */
  read(sizeBytes: number): void;
  /** All has been read, and the peer's stream has ended. */
  ended(): void;
}

/** The hearing half of one stream. */
export class StreamInput {
  /** The peer's end: it has not come, or waits behind bytes, or was told. */
  end: "none" | "waiting" | "told" = "none";
  readonly #reader: InputReader;
  /** The number of the next frame. */
  #number = 0;
  /** What the peer may still send. */
  #windowBytes: number;
  /** What was read, and not acknowledged. */
  #unackedBytes = 0;
  readonly #ackEachBytes: number;
  readonly #kept = new KeptBytes();
  #isPaused = false;
  /** Nobody wants the bytes any more. */
  #isDiscarding = false;
  #isReading = false;

  constructor(windowBytes: number, reader: InputReader) {
    this.#windowBytes = windowBytes;
    this.#ackEachBytes = Math.max(1, windowBytes >> 2);
    this.#reader = reader;
  }

  /** Whether no numbered frame has come. */
  get isNew(): boolean {
    return this.#number === 0;
  }

  /** Whether that is the number of the next frame. */
  isNext(number: number): boolean {
    return number === this.#number;
  }

  /** Counts the frame with that number. Returns whether it is the next one. */
  take(number: number): boolean {
    if (number !== this.#number) return false;
    this.#number = after(number);
    return true;
  }

  /** Takes bytes, which are lent. Returns whether the peer may send them. */
  data(bytes: Uint8Array): boolean {
    if (bytes.length === 0 || bytes.length > this.#windowBytes || this.end !== "none") return false;
    this.#windowBytes -= bytes.length;
    if (this.#isPaused || this.#isReading || !this.#kept.isEmpty) this.#kept.add(bytes);
    else {
      this.#isReading = true;
      this.#give(bytes);
      this.#isReading = false;
      if (!this.#kept.isEmpty) this.#read();
    }
    return true;
  }

  /** Takes the end of the stream. Returns whether it can end. */
  fin(): boolean {
    if (this.end !== "none") return false;
    this.end = "waiting";
    this.#tellEnd();
    return true;
  }

  pause(): void {
    if (!this.#isDiscarding) this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#read();
  }

  /** Takes the rest for nobody. */
  discard(): void {
    this.#isDiscarding = true;
    this.resume();
  }

  /** Forgets what waits, and takes nothing more. */
  clear(): void {
    this.#isDiscarding = true;
    this.#kept.clear();
    this.end = "told";
  }

  /** Returns how much is to be acknowledged, once that is enough to tell; 0 when it is not, which is usual. */
  takeAck(): number {
    const sizeBytes = this.#unackedBytes;
    if (sizeBytes < this.#ackEachBytes) return 0;
    this.#unackedBytes = 0;
    this.#windowBytes += sizeBytes;
    return sizeBytes;
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#isPaused) {
      const first = this.#kept.take();
      if (first === undefined) break;
      this.#give(first);
    }
    this.#isReading = false;
    this.#tellEnd();
  }

  #give(bytes: Uint8Array): void {
    if (!this.#isDiscarding) this.#reader.received(bytes);
    this.#unackedBytes += bytes.length;
    this.#reader.read(bytes.length);
  }

  #tellEnd(): void {
    if (this.end !== "waiting" || !this.#kept.isEmpty || this.#isReading) return;
    this.end = "told";
    this.#reader.ended();
  }
}

/** Copies of bytes that wait, in a few pieces, however small they have come. */
class KeptBytes {
  #pieces: { readonly bytes: Uint8Array; length: number }[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  add(bytes: Uint8Array): void {
    let last = this.#pieces.at(-1);
    if (last === undefined || last.bytes.length - last.length < bytes.length) {
      last = { bytes: new Uint8Array(Math.max(PIECE_BYTES, bytes.length)), length: 0 };
      this.#pieces.push(last);
    }
    last.bytes.set(bytes, last.length);
    last.length += bytes.length;
  }

  /** Removes and returns the first piece; `undefined` when there is none. */
  take(): Uint8Array | undefined {
    const first = this.#pieces.shift();
    return first?.bytes.subarray(0, first.length);
  }

  clear(): void {
    this.#pieces = [];
  }
}

const PIECE_BYTES = 4_096;
