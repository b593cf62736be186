/**
 * The lifecycle of a connection: its phases, from connecting to closed.
 *
 *     connecting ──▶ open ──▶ closing ──▶ lingering ──▶ closed
 *     pending ─────▶ ┘ └──▶ half-closing ──▶ half-closed ──▶ ┘
 *                      └──────────── aborted ──────────────▶ ┘
 *
 * Decides the phase from the events in the ingress and the game's calls, and the
 * close reason. Ends the link, and reports to the owner. Never looks at a message
 * or a clock.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { Outbox } from "../send/outbox.ts";
import { type ConnectionState, type Phase, STATE_OF } from "./phase.ts";

/** The parts that a lifecycle depends on. */
export interface LifecycleParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly link: Link;
  readonly ingress: Ingress<Member, unknown>;
  readonly outbox: Outbox;
  readonly limits: Limits;
}

/** The lifecycle of one connection. */
export class Lifecycle<Member extends ConnectionRef> {
  /** The reason why it is closed; `undefined` until then. */
  closeReason: CloseReason | undefined;
  /** Whether the peer has finished sending, and the game has taken its last message. */
  recvEnded = false;

  readonly #owner: ConnectionOwner<Member>;
  readonly #link: Link;
  readonly #ingress: Ingress<Member, unknown>;
  readonly #outbox: Outbox;
  readonly #limits: Limits;
  #phase: Phase;
  /** The reason of this side, when this side ended it. */
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

  /** Whether it is accepted, and open in both directions. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Whether the game has not accepted it yet. */
  get isPending(): boolean {
    return this.#phase === "pending";
  }

  /** Whether the deadlines of the peer run; otherwise this phase has a deadline of its own. */
  get isMonitored(): boolean {
    return RECEIVING.has(this.#phase) || (this.#phase === "closing" && this.#ingress.progress === "closed");
  }

  /** Whether it is accepted, and the peer may send; a frame then has no other changes to show. */
  get isReceiving(): boolean {
    return this.#phase !== "pending" && RECEIVING.has(this.#phase) && this.#ingress.progress === "open";
  }

  /** Opens a pending connection, when the game has accepted it. */
  accept(): void {
    if (this.#phase === "pending") this.#phase = "open";
    if (this.#ingress.hasEnded) this.#owner.member.markDirty();
  }

  /** Advances the phase to the progress of the link. Returns whether the game sees a change. */
  advance(): boolean {
    const before = this.#phase;
    const hadEnded = this.recvEnded;
    const { progress, inbox } = this.#ingress;
    const allTaken = inbox.length === 0;
    if (before === "aborted") this.#finish();
    if (this.#isOpening && (progress === "open" || progress === "ended" || !allTaken)) this.#open();
    if (before === "closing" && progress !== "connecting") this.#queueFlush(); // the close waited for the connection to open
    if (progress === "ended" && allTaken) this.#endReceiving();
    if (progress === "closed" && this.#phase !== "closed") {
      if (allTaken) this.#finish();
      else if (this.#phase === "open") this.#phase = "closing";
    }
    return this.#phase !== before || this.recvEnded !== hadEnded;
  }

  /** Sends the queued bytes in one write, and after the last of them the end of the stream. */
  flush(): void {
    const { progress } = this.#ingress;
    const outbox = this.#outbox;
    if (progress === "closed" || progress === "connecting" || this.#isOpening) {
      outbox.copyOutOfBroadcast(); // these bytes may wait for long
      return;
    }
    const isLast = this.#phase === "half-closing" || this.#phase === "closing";
    outbox.flush(isLast);
    if (outbox.storedBytes > 0) this.#queueFlush(); // the link is behind: the next flush tries again
    if (!isLast) return; // a codec behind the link may have closed it meanwhile
    if (this.#phase === "half-closing") {
      this.#phase = "half-closed";
      this.#link.endSending();
    } else if (this.#phase === "closing") {
      this.#phase = "lingering";
      this.#link.end(this.#ownReason ?? this.#ingress.reason);
    }
  }

  /** Ends this side's stream, and keeps receiving. */
  end(): void {
    if (!this.maySend) return;
    this.#ownReason = LOCAL_CLOSE;
    this.#phase = this.#phase === "open" ? "half-closing" : "half-closing-on-open";
    this.#queueFlush();
  }

  /** Closes from this side, and receives nothing more. */
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

  /** Aborts from this side: drops everything in both directions. */
  abort(): void {
    this.#abortWith(LOCAL_ABORT);
  }

  /** Aborts when the deadline of this phase has passed. */
  handleTimeout(): void {
    const { progress } = this.#ingress;
    // The link opened or ended in time when that event is queued for the next frame.
    if (progress === "closed" || (this.#isOpening && progress !== "connecting")) return;
    this.#abortWith(this.#lateReason());
  }

  /** Aborts the link. Received messages can still be taken, and the next poll shows the reason. */
  fail(reason: CloseReason): void {
    if (this.#ingress.progress === "closed") return;
    this.#ownReason = reason;
    this.#ingress.closed(reason);
    this.#link.abort(reason);
  }

  /** Fails the attempt to connect when `signal` aborts; the next poll shows it. */
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

  /** Aborts now, from this side; the next poll emits the close. */
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

  /** This side's reason wins, unless the link broke while bytes were unsent or the peer could still send. */
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
