/**
 * The receive policy: how many messages a second become visible, and what is lost
 * at the receive limit, where the user chose one of them. All of it is decided as
 * a frame begins; between frames nothing is dropped that could be seen.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { LossRecorder } from "../frame/loss-recorder.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import { type TokenBucket, tokenBucket } from "../limits/token-bucket.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { Ingress } from "./ingress.ts";

/** What a receive policy depends on. */
export interface ReceivePolicyParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly ingress: Ingress<Member, unknown>;
  readonly limits: Limits & PeerLimits;
  readonly losses: LossRecorder<Member>;
  /** Ends the connection from this side; what came stays to be taken. */
  readonly lifecycle: { fail(reason: CloseReason): void };
}

/** The policy of one connection. */
export class ReceivePolicy<Member extends ConnectionRef> {
  /** How many messages may still become visible in this frame. */
  allowance: number = Infinity;

  readonly #parts: ReceivePolicyParts<Member>;
  readonly #displayRate: TokenBucket;
  /** For `"close"`. Separate from the display rate, since messages may wait for other reasons. */
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

  /** When the next message may become visible, in polled time; `Infinity` when one may now. */
  get resumesMs(): number {
    if (this.allowance >= 1) return Infinity;
    return this.#displayRate.nextMs(this.#parts.owner.context.polledMs);
  }

  /** Begins a frame: sets its allowance, and closes or drops what is too much. */
  apply(): void {
    const { owner, limits } = this.#parts;
    this.allowance = this.#displayRate.available(owner.context.polledMs);
    if (limits.receiveOverflow === "close") this.#closeIfOver();
    else if (limits.receiveOverflow !== "pause") this.#shed();
  }

  /** `count` messages have become visible. */
  use(count: number): void {
    this.allowance -= count;
    this.#displayRate.use(count);
  }

  /** Ends the connection when too much waits, or came too fast. A late frame's uncounted time counts here: the messages came in it. */
  #closeIfOver(): void {
    const { ingress, lifecycle, limits, owner } = this.#parts;
    const { receiveLimitBytes, messageRateHz } = limits;
    const { polledMs, uncountedMs } = owner.context;
    const arrived = ingress.messageCount - this.#countedMessages;
    this.#countedMessages = ingress.messageCount;
    this.#arrivalRate.credit(uncountedMs - this.#uncountedMs);
    this.#uncountedMs = uncountedMs;
    if (ingress.paused) lifecycle.fail(over("receiveLimitBytes", `${receiveLimitBytes} bytes wait`));
    else if (arrived > this.#arrivalRate.available(polledMs)) {
      lifecycle.fail(over("messageRateHz", `more than ${messageRateHz} messages came in a second`));
    } else this.#arrivalRate.use(arrived);
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

/** Whether these limits ask for a policy: without one a frame shows all that came. */
export function needsPolicy({ messageRateHz, receiveOverflow }: PeerLimits): boolean {
  return messageRateHz !== Infinity || receiveOverflow !== "pause";
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
