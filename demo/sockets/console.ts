/**
 * The console as one more thing to poll: what is typed waits in a queue, and
 * the frame takes it when it gets there.
 *
 *     stdin ── whole lines ──▶ queue ── tryLine ──▶ frame
 *                                └─── wakes ──▶ activity ◀── wakes ─── poller
 *
 * Python's tutorials give the keyboard a thread of its own, because `input()`
 * blocks. Here nothing blocks, so one loop has both. Knows no connection.
 */
import { createInterface, type Interface } from "node:readline";
import { type Poller, waitForActivity } from "../../src/index.ts";

/** The lines that a person types, in frames. */
export class Console {
  readonly #input: Interface;
  readonly #maxLineBytes: number;
  readonly #lines: string[] = [];
  #ended = false;
  #hasActivity = false;
  #wake: (() => void) | undefined;
  #isPollerAwaited = false;

  /** @param maxLineBytes the longest line taken, in bytes of UTF-8; a longer one is refused with a word on stderr */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
    this.#input = createInterface({ input: process.stdin });
    this.#input.on("line", (line) => this.#enqueue(line));
    this.#input.on("close", () => {
      this.#ended = true;
      this.#tell();
    });
  }

  /** Whether stdin is over, and its last line was taken. */
  get hasEnded(): boolean {
    return this.#ended && this.#lines.length === 0;
  }

  /** The next line. `undefined` when nothing more was typed; that is not an error, and the usual case. */
  tryLine(): string | undefined {
    const line = this.#lines.shift();
    if (this.#lines.length === 0 && !this.#ended) this.#input.resume();
    return line;
  }

  /**
   * Waits until the poller or the console has something new, or the time is up.
   *
   * `Promise.race` of the two would do, and would leave the loser behind at
   * each turn. So there is one bell, and at most one wait of the poller's that
   * rings it: when a key came first, the next turn finds that wait still there.
   */
  activity(poller: Poller, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#hasActivity) this.#tell();
      if (this.#isPollerAwaited) return;
      this.#isPollerAwaited = true;
      waitForActivity(poller, timeoutMs).then(() => {
        this.#isPollerAwaited = false;
        this.#tell();
      });
    });
  }

  /** Lets go of stdin, so that the program can end. */
  close(): void {
    this.#input.close();
    process.stdin.destroy();
  }

  #enqueue(line: string): void {
    const sizeBytes = Buffer.byteLength(line);
    if (sizeBytes > this.#maxLineBytes) {
      console.error(`a line of ${sizeBytes} bytes is over the limit of ${this.#maxLineBytes}: not taken`);
      return;
    }
    this.#lines.push(line);
    if (this.#lines.length >= MOST_WAITING) this.#input.pause();
    this.#hasActivity = true;
    this.#tell();
  }

  #tell(): void {
    if (this.#wake === undefined) return; // the frame is at work, and looks before it waits
    this.#hasActivity = false;
    setImmediate(this.#wake); // after this turn's other lines, and the sockets
    this.#wake = undefined;
  }
}

/** Text from the network, made safe for a terminal: no escape codes, no bells. */
export function printable(text: string): string {
  return text.replace(/(?!\t)\p{Cc}/gu, "?");
}

/** A file at stdin is read at the pace of the frames; nobody types this much ahead. */
const MOST_WAITING = 1_024;
