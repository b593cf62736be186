/**
 * How a connection lives and ends.
 *
 *     connecting ──▶ open ──▶ closing ──▶ lingering ──▶ closed
 *     pending ─────▶ ┘ └──▶ half-closing ──▶ half-closed ──▶ ┘
 *                      └──────────── aborted ──────────────▶ ┘
 *
 * Decides which phase it is in, out of what the ingress has queued and what the
 * game has called, and why it ended. Ends the link, and tells its owner what
 * became of it. Never looks at a message or a clock.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { Outbox } from "../send/outbox.ts";
import { type ConnectionState, type Phase, STATE_OF } from "./phase.ts";

/** What a life depends on. */
export interface LifecycleParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly link: Link;
  readonly ingress: Ingress<Member, unknown>;
  readonly outbox: Outbox;
  readonly limits: Limits;
}

/** The life of one connection. */
export class Lifecycle<Member extends ConnectionRef> {
  /** Why it is over; `undefined` until it is. */
  closeReason: CloseReason | undefined;
  /** Whether the peer has finished, and the game has taken all that it sent. */
  recvEnded = false;

  readonly #owner: ConnectionOwner<Member>;
  readonly #link: Link;
  readonly #ingress: Ingress<Member, unknown>;
  readonly #outbox: Outbox;
  readonly #limits: Limits;
  #phase: Phase;
  /** Why this side ended it, when it did. */
  #ownReason: CloseReason | undefined;
  #forgetSignal: (() => void) | undefined;

  constructor({ owner, link, ingress, outbox, limits }: LifecycleParts<Member>) {
    this.#owner = owner;
    this.#link = link;
    this.#ingress = ingress;
    this.#outbox = outbox;
    this.#limits = limits;
    this.#phase = owner.listener === undefined ? "connecting" : "pending";
    if (this.#phase === "connecting") this.#setDeadline(limits.timeoutMs);
  }

  get state(): ConnectionState {
    return STATE_OF[this.#phase];
  }

  get maySend(): boolean {
    return this.#phase === "open" || this.#phase === "connecting";
  }

  /** Whether it is open, in both directions, and accepted. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Whether the game has not accepted it yet. */
  get isPending(): boolean {
    return this.#phase === "pending";
  }

  /** Whether deadlines of the peer run; otherwise this step of its life has a deadline of its own. */
  get isMonitored(): boolean {
    return RECEIVING.has(this.#phase) || (this.#phase === "closing" && this.#ingress.progress === "closed");
  }

  /** Whether the peer may send, and nothing else goes on that a frame would have to look at. */
  get isReceiving(): boolean {
    return this.#phase !== "pending" && RECEIVING.has(this.#phase) && this.#ingress.progress === "open";
  }

  /** The game has accepted it. */
  accept(): void {
    if (this.#phase === "pending") this.#phase = "open";
    if (this.#ingress.hasEnded) this.#owner.member.markDirty();
  }

  /** Moves on as far as the link has come, and answers whether the game sees a change. */
  advance(): boolean {
    const before = this.#phase;
    const hadEnded = this.recvEnded;
    const { progress, inbox } = this.#ingress;
    const allTaken = inbox.length === 0;
    if (before === "aborted") this.#finish();
    if (this.#isOpening && (progress === "open" || progress === "ended" || !allTaken)) this.#open();
    if (before === "closing" && progress !== "connecting") this.#queueFlush(); // it waited to open
    if (progress === "ended" && allTaken) this.#endReceiving();
    if (progress === "closed" && this.#phase !== "closed") {
      if (allTaken) this.#finish();
      else if (this.#phase === "open") this.#phase = "closing";
    }
    return this.#phase !== before || this.recvEnded !== hadEnded;
  }

  /** Lets what is queued leave, in one write, and behind the last the end of the stream. */
  flush(): void {
    const { progress } = this.#ingress;
    const outbox = this.#outbox;
    if (progress === "closed" || progress === "connecting" || this.#isOpening) {
      outbox.copyOutOfBroadcast(); // it may wait for long
      return;
    }
    outbox.flush(this.#phase === "half-closing" || this.#phase === "closing");
    if (outbox.storedBytes > 0) this.#queueFlush(); // the link is behind: again with the next one
    if (this.#phase === "half-closing") {
      this.#phase = "half-closed";
      this.#link.endSending();
    } else if (this.#phase === "closing") {
      this.#phase = "lingering";
      this.#link.end(this.#ownReason ?? this.#ingress.reason);
    }
  }

  /** This side has no more to send, and goes on receiving. */
  end(): void {
    if (!this.maySend) return;
    this.#ownReason = LOCAL_CLOSE;
    this.#phase = this.#phase === "open" ? "half-closing" : "half-closing-on-open";
    this.#queueFlush();
  }

  /** This side closes, and receives nothing more. */
  close(): void {
    const before = this.#phase;
    if (this.state === "closed") return;
    this.#ingress.discard();
    this.#owner.member.markDirty();
    if (before === "closing" || before === "lingering") return;
    this.#ownReason = LOCAL_CLOSE;
    if (before === "connecting" && this.#outbox.pendingBytes === 0) this.#abortWith(LOCAL_CLOSE);
    else this.#beginClosing();
  }

  /** This side drops everything. */
  abort(): void {
    this.#abortWith(LOCAL_ABORT);
  }

  /** The deadline of this step of its life has passed. */
  handleTimeout(): void {
    const { progress } = this.#ingress;
    // An opening or an end that is queued, and not yet seen, came in time.
    if (progress === "closed" || (this.#isOpening && progress !== "connecting")) return;
    this.#abortWith(this.#lateReason());
  }

  /** Cuts the link; what came stays to be taken, and the next poll shows why. */
  fail(reason: CloseReason): void {
    if (this.#ingress.progress === "closed") return;
    this.#ownReason = reason;
    this.#ingress.closed(reason);
    this.#link.abort(reason);
  }

  /** Lets `signal` end the attempt to connect; the next poll shows it. */
  abortOn(signal: AbortSignal): void {
    const abort = () => {
      if (this.#ingress.progress !== "connecting") return;
      const message = "the signal ended the attempt to connect";
      this.fail({ kind: "aborted", message, cause: signal.reason });
    };
    this.#forgetSignal = () => signal.removeEventListener("abort", abort);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  }

  get #isOpening(): boolean {
    return this.#phase === "connecting" || this.#phase === "half-closing-on-open";
  }

  #open(): void {
    const { context, member } = this.#owner;
    const endsAtOnce = this.#phase === "half-closing-on-open";
    this.#phase = endsAtOnce ? "half-closing" : "open";
    this.#setDeadline(Infinity);
    this.#forgetSignal?.();
    if (endsAtOnce || this.#outbox.storedBytes > 0) this.#queueFlush();
    if (!endsAtOnce) context.emit("open", member);
  }

  #endReceiving(): void {
    this.recvEnded = true;
    const mayAnswer = this.#link.allowHalfOpen && this.#ingress.reason?.kind === "remote";
    if (this.#phase === "open" && !mayAnswer) this.#beginClosing();
  }

  #beginClosing(): void {
    this.#phase = "closing";
    this.#setDeadline(this.#limits.closeTimeoutMs);
    this.#queueFlush();
  }

  /** Ends it from this side, at once; the next poll tells it. */
  #abortWith(reason: CloseReason): void {
    if (this.state === "closed") return;
    this.#phase = "aborted";
    this.closeReason = reason;
    this.#ingress.detach();
    this.#outbox.clear();
    this.#link.abort(reason);
    this.#owner.member.markDirty();
  }

  #finish(): void {
    this.closeReason ??= this.#finalReason();
    this.#phase = "closed";
    this.#outbox.clear();
    this.#setDeadline(Infinity);
    this.#forgetSignal?.();
    this.#owner.context.emit("close", this.#owner.member);
  }

  #queueFlush(): void {
    this.#owner.context.queueFlush(this.#owner.member);
  }

  #setDeadline(lengthMs: number): void {
    const { context, member } = this.#owner;
    context.setDeadline(member, context.polledMs + lengthMs);
  }

  /** This side's reason comes first, unless the link broke with bytes of ours in it, or while the peer was still received. */
  #finalReason(): CloseReason {
    const own = this.#ownReason;
    const { reason } = this.#ingress;
    if (own === undefined) return reason ?? LOCAL_CLOSE;
    const broke = reason !== undefined && reason.kind !== "local" && reason.kind !== "remote";
    const receives = this.#phase === "half-closing" || this.#phase === "half-closed";
    return broke && (receives || this.#outbox.pendingBytes > 0) ? reason : own;
  }

  #lateReason(): CloseReason {
    const { timeoutMs, closeTimeoutMs } = this.#limits;
    if (this.#isOpening) {
      const message = `the connection did not open within ${timeoutMs} ms`;
      return { kind: "timeout", code: "timeoutMs", message };
    }
    const { pendingBytes } = this.#outbox;
    if (this.#ownReason === undefined || pendingBytes === 0) return this.#finalReason();
    const message = `the peer did not take the last ${pendingBytes} bytes within ${closeTimeoutMs} ms`;
    return { kind: "timeout", code: "closeTimeoutMs", message };
  }
}

/** The phases in which the peer may send. */
const RECEIVING: ReadonlySet<Phase> = new Set(["pending", "open", "half-closing", "half-closed"]);
const LOCAL_CLOSE: CloseReason = { kind: "local", message: "this side closed the connection" };
const LOCAL_ABORT: CloseReason = { kind: "local", message: "this side aborted the connection" };
