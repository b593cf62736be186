/**
 * The lifecycle of a connection: its phases, from connecting to closed.
 *
 *     connecting ──▶ open ──▶ closing ──▶ lingering ──▶ closed
 *     pending ─────▶ ┘ └──▶ half-closing ──▶ half-closed ──▶ ┘
 *                      └──────────── aborted ──────────────▶ ┘
 *
 * Decides the phase from the ingress and the game's calls, and ends the link; `ending.ts`
 * has the deadlines and reasons. Knows no clock.
 */
import type { CloseReason, Goodbye } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { Outbox } from "../send/outbox.ts";
import { failOn } from "./attempt-signal.ts";
import {
  didNotClose,
  didNotOpen,
  type Ending,
  finalReasonOf,
  isBroken,
  isFault,
  LIMIT_OF,
  LOCAL_ABORT,
  LOCAL_CLOSE,
} from "./ending.ts";
import { type ConnectionState, type Phase, RECEIVING, STATE_OF } from "./phase.ts";

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
  /** Whether the peer has finished sending, and the game has taken its last message. */
  recvEnded = false;

  readonly #owner: ConnectionOwner<Member>;
  readonly #link: Link;
  readonly #ingress: Ingress<Member, unknown>;
  readonly #outbox: Outbox;
  readonly #limits: Limits;
  #phase: Phase;
  #decided: CloseReason | undefined; // why it ends, from the moment when that is certain
  #course: CloseReason | undefined; // the same if the ending under way takes its course
  #ending: Ending | undefined; // who ends it in an orderly way, since it does
  #local: CloseReason = LOCAL_CLOSE; // the reason of a close of this side, with its last word
  #forgetSignal: (() => void) | undefined;

  constructor({ owner, link, ingress, outbox, limits }: LifecycleParts<Member>) {
    this.#owner = owner;
    this.#link = link;
    this.#ingress = ingress;
    this.#outbox = outbox;
    this.#limits = limits;
    this.#phase = owner.listener === undefined ? "connecting" : "pending";
    if (this.#phase === "connecting") owner.context.beginDeadline(owner.member, limits.timeoutMs);
  }

  get state(): ConnectionState {
    return STATE_OF[this.#phase];
  }

  get closeReason(): CloseReason | undefined {
    return this.#decided ?? this.#course;
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
    if (RECEIVING.has(this.#phase)) return true;
    return this.state === "closing" && this.#ingress.progress === "closed";
  }

  /** Whether the peer may send; once it is accepted, a frame then has no other changes to show. */
  get isReceiving(): boolean {
    return RECEIVING.has(this.#phase) && this.#ingress.progress === "open";
  }

  /** Opens a pending connection, when the game has accepted it. */
  accept(): void {
    if (this.#phase === "pending") this.#phase = "open";
    if (this.#ingress.hasEnded || !this.#ingress.hasLine) this.#owner.member.markDirty();
  }

  /** Opens it when the link has. Returns whether it does. */
  tryOpen(): boolean {
    if (!this.#isOpening || !this.#ingress.hasOpened) return false;
    this.#open();
    return true;
  }

  /** Advances the phase to the progress of the link. Returns whether the game sees a change. */
  advance(): boolean {
    const before = this.#phase;
    const hadEnded = this.recvEnded;
    const { progress, inbox, reason } = this.#ingress;
    const allTaken = inbox.length === 0;
    if (before === "closing" && progress !== "connecting") this.#queueFlush(); // the close waited for the connection to open
    if (progress === "ended") {
      if (isFault(reason) && RECEIVING.has(this.#phase)) this.#beginClosing("fault");
      if (allTaken) this.#endReceiving();
    }
    if (progress === "closed" && this.#phase !== "closed") {
      if (allTaken) this.#finish();
      else if (this.#phase === "open") this.#take("closing");
      if (isBroken(reason)) this.#decide(reason);
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
    if (this.#ingress.progress === "closed") return; // the write has closed the link
    if (outbox.storedBytes > 0) this.#queueFlush(); // the link is behind: the next flush tries again
    if (!isLast) return; // a codec behind the link may have closed it meanwhile
    const isHalf = this.#phase === "half-closing";
    this.#phase = isHalf ? "half-closed" : "lingering";
    if (isHalf) this.#link.endSending();
    else this.#link.end(this.#ending === "game" ? this.#local : this.#ingress.reason);
  }

  /** Ends this side's stream, and keeps receiving. */
  end(): void {
    if (!this.maySend) return;
    this.#ending = "game";
    this.#take(this.#phase === "open" ? "half-closing" : "half-closing-on-open");
    this.#queueFlush();
  }

  /** Closes from this side with its last word, and receives nothing more. */
  close(goodbye?: Goodbye): void {
    const before = this.#phase;
    if (this.state === "closed") return;
    this.#ingress.discard();
    this.#owner.member.markDirty();
    if (before === "closing" || before === "lingering") return;
    if (goodbye !== undefined) this.#local = { ...LOCAL_CLOSE, goodbye };
    if (before === "connecting" && this.#outbox.pendingBytes === 0) this.#abortWith(this.#local);
    else {
      this.#startClosing("game");
      this.#owner.context.beginDeadline(this.#owner.member, this.#limits.closeTimeoutMs);
    }
  }

  /** Aborts from this side: drops everything in both directions. */
  abort(goodbye?: Goodbye): void {
    this.#abortWith(goodbye === undefined ? LOCAL_ABORT : { ...LOCAL_ABORT, goodbye });
  }

  /** Ends the link when the deadline of this phase has passed. */
  handleTimeout(): void {
    const { progress, reason } = this.#ingress;
    // The link opened in time when that event is queued for the next frame; `fail` knows one that has closed.
    if (this.#isOpening && progress !== "connecting") return;
    const { pendingBytes } = this.#outbox;
    const isWhole = progress === "ended" && pendingBytes === 0;
    if (this.#isOpening) this.fail(didNotOpen(this.#limits));
    else if (isWhole) this.fail(finalReasonOf(this.#ending, this.#local, reason));
    else this.fail(didNotClose(this.#limits, pendingBytes));
  }

  /** Drops what was to leave, and aborts the link. Received messages can still be taken; the next poll shows the reason. */
  fail(reason: CloseReason): void {
    if (this.#ingress.progress === "closed") return;
    this.#forgetSignal?.();
    const first = this.#decided ?? reason;
    this.#ingress.reason = first;
    this.#ingress.closed(first);
    this.#link.abort(first);
  }

  /** Ends the connection, as the peer is at fault. Received messages can still be taken; the next poll shows the reason. */
  fault(reason: CloseReason): void {
    if (this.#ingress.progress === "connecting") this.fail(reason);
    else this.#ingress.refuse(reason);
  }

  /** Drops the messages of a peer that is gone, which the game did not take in time. */
  forsake(reason: CloseReason): void {
    if (this.isPending) {
      this.#owner.listener?.forget(this.#owner.member);
      this.#abortWith(reason);
      return;
    }
    this.#decide(reason);
    this.#ingress.reason = this.#decided;
    this.#ingress.discard();
    this.#owner.member.markDirty();
  }

  /** Fails the attempt to connect when `signal` aborts; the next poll shows it. */
  abortOn(signal: AbortSignal): void {
    const isTrying = () => this.#ingress.progress === "connecting";
    this.#forgetSignal = failOn(signal, (reason) => isTrying() && this.fail(reason));
  }

  get #isOpening(): boolean {
    return this.#phase === "connecting" || this.#phase === "half-closing-on-open";
  }

  #open(): void {
    const { context, member } = this.#owner;
    const endsAtOnce = this.#phase === "half-closing-on-open";
    this.#phase = endsAtOnce ? "half-closing" : "open";
    context.setDeadline(member, Infinity);
    this.#forgetSignal?.();
    if (endsAtOnce || this.#outbox.storedBytes > 0) this.#queueFlush();
    if (!endsAtOnce) context.emit("open", member);
  }

  #endReceiving(): void {
    this.recvEnded = true;
    const mayAnswer = this.#link.allowHalfOpen && this.#ingress.reason?.kind === "remote";
    if (this.#phase === "open" && !mayAnswer) this.#beginClosing("peer");
  }

  /** Closes in a frame, for what the peer did. */
  #beginClosing(ending: Ending): void {
    const { context, member } = this.#owner;
    this.#startClosing(ending);
    context.setDeadline(member, context.polledMs + this.#limits[LIMIT_OF[ending]]);
    if (isBroken(this.#ingress.reason)) this.#decide(this.#ingress.reason);
  }

  #startClosing(ending: Ending): void {
    this.#ending = ending;
    this.#take("closing");
    this.#queueFlush();
  }

  /** Aborts now, from this side; the next poll emits the close. */
  #abortWith(reason: CloseReason): void {
    if (this.state === "closed") return;
    const wasClosed = this.#ingress.progress === "closed";
    this.#phase = "aborted";
    this.#decide(reason);
    this.#forgetSignal?.();
    this.#ingress.detach();
    this.#outbox.clear();
    if (!wasClosed) this.#link.abort(reason);
    this.#owner.member.markDirty();
  }

  #finish(): void {
    const { context, member } = this.#owner;
    this.#decide(finalReasonOf(this.#ending, this.#local, this.#ingress.reason));
    this.#phase = "closed";
    this.#outbox.clear();
    context.setDeadline(member, Infinity);
    this.#forgetSignal?.();
    context.emit("close", member);
  }

  /** Takes the first step of an orderly ending. The game may do so between two frames, and learns of nothing else then. */
  #take(phase: Phase): void {
    this.#phase = phase;
    this.#course = this.#ending === "game" ? this.#local : this.#ingress.reason;
  }

  /** Makes the reason certain; the first one stays. */
  #decide(reason: CloseReason): void {
    if (this.#decided !== undefined) return;
    this.#decided = reason;
    if (isFault(reason)) this.#owner.listener?.unlist(this.#owner.member);
  }

  #queueFlush(): void {
    this.#owner.context.queueFlush(this.#owner.member);
  }
}
