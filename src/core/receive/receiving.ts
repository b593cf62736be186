/**
 * What one peer said, as the game takes it: how much of it a frame shows, and
 * in which order it is handed out. Every rule about receiving that the game's
 * pace decides has its place here; what the world's pace decides is `intake.ts`.
 *
 *     intake ── inbox ┊ latch ──▶ ready ──▶ tryRecv ──▶ game
 *
 * Never learns how messages wait, nor why a connection ends.
 */

import type { PollContext } from "../frame/poll-context.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { Intake } from "./intake.ts";

/** What receiving depends on. */
export interface ReceivingParts<In> {
  readonly intake: Intake<In>;
  readonly books: TrafficRecorder;
  readonly context: Pick<PollContext<never>, "polledMs">;
}

/** The receiving half of a connection. */
export class Receiving<In> {
  readonly inbox: Inbox<In>;
  protected readonly books: TrafficRecorder;
  readonly #parts: ReceivingParts<In>;
  readonly #member: { file(): void };
  #settledMs = 0;

  constructor(parts: ReceivingParts<In>, member: { file(): void }) {
    this.inbox = parts.intake.inbox;
    this.#parts = parts;
    this.books = parts.books;
    this.#member = member;
  }

  /** How many messages this frame still has for the game. */
  get ready(): number {
    return this.inbox.ready;
  }

  /** How many messages could still become visible in this frame. */
  get arriving(): number {
    return this.inbox.arriving;
  }

  /** From now on nothing is shown. */
  hold(): void {
    this.inbox.isHeld = true;
  }

  /** What this frame had is there again, and the next one shows more. */
  release(): void {
    this.inbox.isHeld = false;
    if (this.inbox.length > 0) this.#member.file();
  }

  /** Begins a frame, before anything becomes visible in it. */
  sift(): void {}

  /** The next message of this frame, or `undefined`: the usual case. */
  tryRecv(): In | undefined {
    const { inbox } = this;
    if (inbox.ready === 0) return undefined;
    const message = inbox.take();
    if (inbox.notifyOnTake) this.tellTaken();
    return message;
  }

  /** The last message of this frame, or `undefined`: the usual case. Passes over those before it. */
  tryRecvLatest(): In | undefined {
    const passed = this.ready - 1;
    if (passed < 0) return undefined;
    for (let count = 0; count < passed; count++) this.tryRecv();
    if (passed > 0) this.books.skipped(passed);
    return this.tryRecv();
  }

  /** Lets at most `most` messages become visible, and answers how many did. */
  latch(most: number): number {
    const { inbox } = this;
    const count = inbox.latch(Math.min(most, this.arriving));
    if (count > 0) this.books.received(count, inbox.latchedBytes);
    return count;
  }

  /** Copies into the books what was counted at the world's pace. */
  settle(): void {
    const { intake, context } = this.#parts;
    const counters = this.books.own;
    counters.inboxPeakBytes = this.inbox.peakBytes;
    // A pause that began since the last frame counts from this one on.
    const wasPaused = intake.paused && intake.pauses === counters.pauses;
    if (wasPaused) counters.pausedMs += context.polledMs - this.#settledMs;
    counters.pauses = intake.pauses;
    this.#settledMs = context.polledMs;
  }

  /** A message was taken: the reading may go on, or the end that stood behind it is to be shown. */
  tellTaken(): void {
    this.#parts.intake.readOn();
    if (this.#parts.intake.hasEnded && this.inbox.length === 0) this.#member.file();
  }
}
