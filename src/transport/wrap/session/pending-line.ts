/**
 * A line that has not said whose it is: it has a deadline, and a place among few.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import { GreetingReader, type Hello, type Read } from "./greetings.ts";
import type { Line, LineHandler } from "./line.ts";
import type { Scheduled } from "./session-agenda.ts";

/** Who decides on such lines. */
export interface PendingEvents {
  /** It has said whose it is. Returns who takes what comes after it. */
  greeted(pending: PendingLine, line: Line, hello: Hello): LineHandler | undefined;
  /** It has said something else. */
  spokeOtherwise(pending: PendingLine, line: Line, read: Read): void;
  /** It has closed before it had said so. */
  left(pending: PendingLine, reason: CloseReason): void;
  /** It took too long. */
  late(pending: PendingLine): void;
}

/** One such line. */
export class PendingLine implements LineHandler, Scheduled {
  readonly order: number;
  dueMs: number;
  heapIndex = -1;
  line: Line | undefined;
  readonly #decides: PendingEvents;
  readonly #reader = new GreetingReader(["new", "resume"]);

  constructor(decides: PendingEvents, order: number, dueMs: number) {
    this.#decides = decides;
    this.order = order;
    this.dueMs = dueMs;
  }

  run(): void {
    this.dueMs = Infinity;
    this.#decides.late(this);
  }

  lineOpened(): void {}

  lineReceived(line: Line, bytes: Uint8Array): void {
    const { taken, read } = this.#reader.read(bytes);
    if (read === undefined) return;
    if (read.kind !== "greeting" || (read.greeting.kind !== "new" && read.greeting.kind !== "resume")) {
      this.#decides.spokeOtherwise(this, line, read);
      return;
    }
    const handler = this.#decides.greeted(this, line, read.greeting);
    if (handler !== undefined && taken < bytes.length) handler.lineReceived(line, bytes.subarray(taken));
  }

  linePartial(): void {}

  lineDrained(): void {}

  lineClosed(_line: Line, reason: CloseReason): void {
    this.#decides.left(this, reason);
  }
}
