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
import type { Keepers } from "./desk.ts";
import type { Intake } from "./intake.ts";
import type { Lifeline } from "./lifeline.ts";
import type { Limits } from "./limits.ts";
import type { CloseReason } from "./link.ts";
import { Rate } from "./rate.ts";

/** What receiving depends on. */
export interface ReceivingParts<In> {
  readonly intake: Intake<In>;
  readonly life: Pick<Lifeline<never>, "isEnding" | "breakOff">;
  readonly books: Books;
  readonly limits: Limits;
}

/** The receiving half of a connection. */
export class Receiving<In> {
  readonly #parts: ReceivingParts<In>;
  readonly #keepers: Keepers<{ file(): void }>;
  readonly #rate: Rate;
  /** How many messages may still become visible in this frame. */
  #allowance = Infinity;
  #held = false;

  constructor(parts: ReceivingParts<In>, keepers: Keepers<{ file(): void }>) {
    this.#parts = parts;
    this.#keepers = keepers;
    this.#rate = new Rate(parts.limits.messageRateHz, keepers.desk.polledMs);
  }

  /** How many messages this frame still has for the game. */
  get ready(): number {
    return this.#held ? 0 : this.#parts.intake.inbox.ready;
  }

  /** How many messages could still become visible in this frame. */
  get arriving(): number {
    return Math.min(this.#parts.intake.inbox.arriving, this.#allowance);
  }

  /** When a message that waits for the rate may become visible, in polled time; `Infinity` when none does. */
  get resumesMs(): number {
    const isBehind = !this.#held && this.#allowance < 1 && this.#parts.intake.inbox.arriving > 0;
    return isBehind ? this.#rate.nextMs(this.#keepers.desk.polledMs) : Infinity;
  }

  /** The size of the message that `tryRecv` would answer, in bytes. */
  get nextBytes(): number {
    return this.#parts.intake.inbox.nextBytes;
  }

  /** Whether anything waits, for this frame or a later one. */
  get hasWaiting(): boolean {
    return !this.#held && this.#parts.intake.inbox.length > 0;
  }

  /** From now on nothing is shown. */
  hold(): void {
    this.#held = true;
    this.#allowance = 0;
  }

  /** What this frame had is there again, and the next one shows more. */
  release(): void {
    this.#held = false;
    if (this.hasWaiting || this.#parts.life.isEnding) this.#keepers.member.file();
  }

  /** Begins a frame: decides what may become visible in it, and what is lost. */
  sift(): void {
    this.#allowance = this.#held ? 0 : this.#rate.available(this.#keepers.desk.polledMs);
    if (this.#parts.limits.receiveOverflow !== "pause") this.#shed();
  }

  /** The next message of this frame, or `undefined`: the usual case. */
  tryRecv(): In | undefined {
    const { intake, life } = this.#parts;
    if (this.ready === 0) return undefined;
    const message = intake.take();
    if (life.isEnding && intake.inbox.length === 0) this.#keepers.member.file(); // the next poll may show it
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
    const count = intake.inbox.latch(Math.min(most, this.#allowance));
    if (count === 0) return 0;
    this.#allowance -= count;
    this.#rate.use(count);
    books.received(count, intake.inbox.latchedBytes);
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
    intake.readOn(); // what was shed has made room
  }

  #shed(): void {
    const { intake, books, life, limits } = this.#parts;
    const { inbox } = intake;
    const { receiveOverflow, receiveLimitBytes, messageRateHz } = limits;
    if (receiveOverflow === "close") {
      if (intake.paused) life.breakOff(over("receiveLimitBytes", `${receiveLimitBytes} bytes wait`));
      else if (inbox.arriving > this.#allowance && !this.#held) {
        life.breakOff(over("messageRateHz", `more than ${messageRateHz} messages came in a second`));
      }
      return;
    }
    const before = inbox.length;
    while (inbox.weightBytes > receiveLimitBytes && inbox.length > 1) {
      if (receiveOverflow === "drop-oldest") inbox.dropOldest();
      else if (!inbox.dropNewest()) break;
    }
    if (inbox.length < before) books.lost(before - inbox.length, 0);
  }
}

/** What may wait until the reading stops: more where `poll()` will drop the rest, which then need not be the rest of a read. */
export function pauseBytesOf({ receiveOverflow, receiveLimitBytes }: Limits): number {
  return receiveOverflow.startsWith("drop") ? 2 * receiveLimitBytes : receiveLimitBytes;
}

function over(code: string, what: string): CloseReason {
  return { kind: "overflow", code, message: `the peer sent too much: ${what}` };
}
