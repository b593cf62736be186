/**
 * What one peer said, as the game takes it: how much of it a frame shows, and
 * in which order it is handed out. Every rule about receiving that the game's
 * pace decides has its place here; what the world's pace decides is `intake.ts`.
 *
 *     intake ── inbox ┊ latch ──▶ ready ──▶ tryRecv ──▶ game
 *
 * Never decodes, and never learns why a connection ends.
 */
import type { Books } from "./books.ts";
import type { Intake } from "./intake.ts";
import type { Lifeline } from "./lifeline.ts";

/** What receiving depends on. */
export interface ReceivingParts<In> {
  readonly intake: Intake<In>;
  readonly life: Pick<Lifeline<never>, "isEnding">;
  readonly books: Books;
}

/** The receiving half of a connection. */
export class Receiving<In> {
  readonly #parts: ReceivingParts<In>;
  readonly #member: { file(): void };
  #held = false;

  constructor(parts: ReceivingParts<In>, member: { file(): void }) {
    this.#parts = parts;
    this.#member = member;
  }

  /** How many messages this frame still has for the game. */
  get ready(): number {
    return this.#held ? 0 : this.#parts.intake.inbox.ready;
  }

  /** How many messages could still become visible in this frame. */
  get arriving(): number {
    return this.#held ? 0 : this.#parts.intake.inbox.arriving;
  }

  /** Whether anything waits, for this frame or a later one. */
  get hasWaiting(): boolean {
    return !this.#held && this.#parts.intake.inbox.length > 0;
  }

  /** From now on nothing is shown. */
  hold(): void {
    this.#held = true;
  }

  /** What this frame had is there again, and the next one shows more. */
  release(): void {
    this.#held = false;
    if (this.hasWaiting) this.#member.file();
  }

  /** Begins a frame, before anything becomes visible in it. */
  sift(): void {}

  /** The next message of this frame, or `undefined`: the usual case. */
  tryRecv(): In | undefined {
    const { intake, life } = this.#parts;
    if (this.ready === 0) return undefined;
    const message = intake.take();
    if (life.isEnding && intake.inbox.length === 0) this.#member.file(); // the next poll may show it
    return message;
  }

  /** The last message of this frame, or `undefined`: the usual case. Passes over those before it. */
  tryRecvLatest(): In | undefined {
    const passed = this.ready - 1;
    if (passed < 0) return undefined;
    for (let count = 0; count < passed; count++) this.tryRecv();
    if (passed > 0) this.#parts.books.skipped(passed);
    return this.tryRecv();
  }

  /** Lets at most `most` messages become visible, and answers how many did. */
  latch(most: number): number {
    const { intake, books } = this.#parts;
    const count = intake.inbox.latch(Math.min(most, this.arriving));
    if (count > 0) books.received(count, intake.inbox.latchedBytes);
    return count;
  }

  /** Copies into the books what was counted at the world's pace, once a frame of `passedMs`. */
  settle(passedMs: number): void {
    const { intake, books } = this.#parts;
    const counters = books.own;
    counters.inboxPeakBytes = intake.peakBytes;
    // A pause that began since the last frame counts from this one on.
    if (intake.paused && intake.pauses === counters.pauses) counters.pausedMs += passedMs;
    counters.pauses = intake.pauses;
  }
}
