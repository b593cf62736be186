/**
 * The receive policy: how many messages a second become visible, and which are
 * lost at the receive limit. A connection has one only if its user chose a rate or
 * an overflow policy. It decides when a frame begins; between frames it drops no
 * message that the game could see.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { LossRecorder } from "../frame/loss-recorder.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import { type TokenBucket, tokenBucket } from "../limits/token-bucket.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { Ingress } from "./ingress.ts";

/** The parts that a receive policy depends on. */
export interface ReceivePolicyParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly ingress: Ingress<Member, unknown>;
  readonly limits: Limits & PeerLimits;
  readonly losses: LossRecorder<Member>;
  /** Ends the connection, as the peer is at fault; visible messages can still be taken. */
  readonly lifecycle: { fault(reason: CloseReason): void };
}

/** The policy of one connection. */
export class ReceivePolicy<Member extends ConnectionRef> {
  /** The number of messages that may still become visible in this frame. */
  allowance: number = Infinity;

  readonly #parts: ReceivePolicyParts<Member>;
  readonly #displayRate: TokenBucket;
  /** The rate for `"close"`. Separate from the display rate, as messages may wait for other reasons. */
  readonly #arrivalRate: TokenBucket;
  #countedMessages = 0;
  #uncountedMs: number;

  constructor(parts: ReceivePolicyParts<Member>) {
    this.#parts = parts;
    const { messageRateHz } = parts.limits;
    const { polledMs, uncountedMs } = parts.owner.context;
    this.#displayRate = tokenBucket(messageRateHz, polledMs);
    this.#arrivalRate = tokenBucket(messageRateHz, polledMs);
    this.#uncountedMs = uncountedMs;
  }

  /** The time when the next message may become visible, in polled time; `Infinity` when one may now. */
  get resumesMs(): number {
    if (this.allowance >= 1) return Infinity;
    return this.#displayRate.nextMs(this.#parts.owner.context.polledMs);
  }

  /** Begins a frame: sets its allowance. Over the limit, closes the connection or drops messages. */
  apply(): void {
    const { owner, limits } = this.#parts;
    this.allowance = this.#displayRate.available(owner.context.polledMs);
    if (limits.receiveOverflow === "close") this.#closeIfOver();
    else if (limits.receiveOverflow !== "pause") this.#shed();
  }

  /** Counts `count` messages that have become visible. */
  use(count: number): void {
    this.allowance -= count;
    this.#displayRate.use(count);
  }

  /**
   * Ends the connection when too many bytes wait, or messages arrived too fast. The
   * uncounted time of a late frame counts here, as messages arrived in it.
   */
  #closeIfOver(): void {
    const { ingress, limits, owner } = this.#parts;
    const { receiveLimitBytes, messageRateHz } = limits;
    const { polledMs, uncountedMs } = owner.context;
    const arrived = ingress.messageCount - this.#countedMessages;
    this.#countedMessages = ingress.messageCount;
    this.#arrivalRate.credit(uncountedMs - this.#uncountedMs);
    this.#uncountedMs = uncountedMs;
    if (ingress.paused) this.#fault("receiveLimitBytes", `${receiveLimitBytes} bytes wait`);
    else if (arrived > this.#arrivalRate.available(polledMs)) {
      this.#fault("messageRateHz", `more than ${messageRateHz} messages came in a second`);
    } else this.#arrivalRate.use(arrived);
  }

  #fault(code: string, what: string): void {
    const { ingress, lifecycle, losses } = this.#parts;
    losses.count(dropArriving(ingress.inbox), 0);
    lifecycle.fault({ kind: "overflow", code, message: `the peer sent too much: ${what}` });
  }

  #shed(): void {
    const { ingress, losses, limits } = this.#parts;
    const { inbox } = ingress;
    const { receiveOverflow, receiveLimitBytes } = limits;
    const before = inbox.length;
    while (inbox.weightBytes > receiveLimitBytes && inbox.length > 1) {
      if (receiveOverflow === "drop-newest" && !inbox.dropNewest()) break;
      if (receiveOverflow === "drop-oldest") dropOldest(inbox);
    }
    if (inbox.length < before) losses.count(before - inbox.length, 0);
  }
}

/** Whether these limits need a policy. Without one, a frame shows all messages that have arrived. */
export function needsPolicy({ messageRateHz, receiveOverflow }: PeerLimits): boolean {
  return messageRateHz !== Infinity || receiveOverflow !== "pause";
}

/** The limit that pauses reading, in bytes; doubled for drop policies, so that the newest messages can arrive. */
export function pauseBytesOf({ receiveOverflow, receiveLimitBytes }: Limits & PeerLimits): number {
  return receiveOverflow.startsWith("drop") ? 2 * receiveLimitBytes : receiveLimitBytes;
}

/** Drops the messages that no frame has shown, when their sender is cut off. Returns how many. */
export function dropArriving(inbox: Inbox<unknown>): number {
  const before = inbox.length;
  while (inbox.dropNewest());
  return before - inbox.length;
}

/** Drops the oldest message, visible or held; runs before the frame begins. */
function dropOldest(inbox: Inbox<unknown>): void {
  const { isHeld } = inbox;
  inbox.isHeld = false;
  if (inbox.ready === 0) inbox.latch(1);
  inbox.take();
  inbox.isHeld = isHeld;
}
