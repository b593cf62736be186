/**
 * Receiving under the rules that a user may choose: how many messages a second
 * become visible, and what is lost at the receive limit. All of it is decided
 * as a frame begins; between frames nothing is dropped that could be seen.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import type { LossRecorder } from "../frame/loss-recorder.ts";
import type { PollContext } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import { type TokenBucket, tokenBucket } from "../limits/token-bucket.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { GuardedIntake } from "./guarded-intake.ts";
import { Receiving, type ReceivingParts } from "./receiving.ts";

/** What sifting depends on, beside what receiving does. */
export interface SiftingParts<In> extends ReceivingParts<In> {
  readonly intake: GuardedIntake<In>;
  /** Ends the connection from this side; what came stays to be taken. */
  readonly fail: (reason: CloseReason) => void;
  readonly limits: Limits & PeerLimits;
  readonly losses: Pick<LossRecorder<never>, "count" | "report">;
  readonly context: Pick<PollContext<never>, "polledMs" | "uncountedMs">;
}

/** The receiving half of a connection, with rules. */
export class SiftedReceiving<In> extends Receiving<In> {
  readonly #parts: SiftingParts<In>;
  readonly #rate: TokenBucket;
  /** How many messages may still become visible in this frame. */
  #allowance = Infinity;
  // How many may come, where too many close: apart from those that are shown, which may wait for other reasons.
  readonly #comingRate: TokenBucket;
  #cameBefore = 0;
  #uncountedMs: number;

  constructor(parts: SiftingParts<In>, member: { file(): void }) {
    super(parts, member);
    this.#parts = parts;
    const { limits, context } = parts;
    this.#rate = tokenBucket(limits.messageRateHz, context.polledMs);
    this.#comingRate = tokenBucket(limits.messageRateHz, context.polledMs);
    this.#uncountedMs = context.uncountedMs;
  }

  /** Whether a frame shows all that came, whatever it is. */
  get showsAll(): boolean {
    const { messageRateHz, receiveOverflow } = this.#parts.limits;
    return messageRateHz === Infinity && receiveOverflow === "pause";
  }

  override get arriving(): number {
    return Math.min(super.arriving, this.#allowance);
  }

  /** When a message that waits for the rate may become visible, in polled time; `Infinity` when none does. */
  get resumesMs(): number {
    const isBehind = this.#allowance < 1 && super.arriving > 0;
    return isBehind ? this.#rate.nextMs(this.#parts.context.polledMs) : Infinity;
  }

  override sift(): void {
    this.#allowance = this.#rate.available(this.#parts.context.polledMs);
    const { receiveOverflow } = this.#parts.limits;
    if (receiveOverflow === "close") this.#judge();
    else if (receiveOverflow !== "pause") this.#shed();
    this.#parts.losses.report(); // now, so that nobody hears of it after the end
  }

  override latch(most: number): number {
    const count = super.latch(most);
    this.#allowance -= count;
    this.#rate.use(count);
    return count;
  }

  override settle(): void {
    super.settle();
    this.#parts.intake.readOn(); // what was shed has made room
  }

  /** Ends it when too much waits, or came too fast. What came while a late frame did not count has that time too. */
  #judge(): void {
    const { intake, fail, limits, context } = this.#parts;
    const { receiveLimitBytes, messageRateHz } = limits;
    const came = intake.whole - this.#cameBefore;
    this.#cameBefore = intake.whole;
    this.#comingRate.credit(context.uncountedMs - this.#uncountedMs);
    this.#uncountedMs = context.uncountedMs;
    if (intake.paused) fail(over("receiveLimitBytes", `${receiveLimitBytes} bytes wait`));
    else if (came > this.#comingRate.available(context.polledMs)) {
      fail(over("messageRateHz", `more than ${messageRateHz} messages came in a second`));
    } else this.#comingRate.use(came);
  }

  #shed(): void {
    const { intake, losses, limits } = this.#parts;
    const { inbox } = intake;
    const { receiveOverflow, receiveLimitBytes } = limits;
    const before = inbox.length;
    while (inbox.weightBytes > receiveLimitBytes && inbox.length > 1) {
      if (receiveOverflow === "drop-newest" && !inbox.dropNewest()) break;
      if (receiveOverflow === "drop-oldest") dropOldest(inbox);
    }
    if (inbox.length < before) losses.count(before - inbox.length, 0);
  }
}

/** What may wait until the reading stops: more where a frame will drop the rest, so that it may be the newest. */
export function pauseBytesOf({ receiveOverflow, receiveLimitBytes }: Limits & PeerLimits): number {
  return receiveOverflow.startsWith("drop") ? 2 * receiveLimitBytes : receiveLimitBytes;
}

/** Forgets the oldest message, seen or held or not: a frame is only about to begin. */
function dropOldest(inbox: Inbox<unknown>): void {
  const { isHeld } = inbox;
  inbox.isHeld = false;
  if (inbox.ready === 0) inbox.latch(1);
  inbox.take();
  inbox.isHeld = isHeld;
}

function over(code: string, what: string): CloseReason {
  return { kind: "overflow", code, message: `the peer sent too much: ${what}` };
}
