/**
 * How a connection lives and ends.
 *
 *     connecting ──▶ open ──▶ closing ──▶ lingering ──▶ closed
 *     at the door ──▶ ┘ └──▶ ending ──▶ hearing ──▶ ┘
 *                     └────────────── cut ─────────▶ ┘
 *
 * Decides which phase it is in, out of what the intake has filed and what the
 * game has called, and why it ended. Ends the link, and tells its owner what
 * became of it. Never looks at a message or a clock.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner } from "../frame/poll-context.ts";
import type { Limits } from "../limits/limits.ts";
import type { Intake } from "../receive/intake.ts";
import type { Outbox } from "../send/outbox.ts";
import { type ConnectionState, type Phase, STATE_OF } from "./phase.ts";

/** What a lifeline runs along. */
export interface LifelineParts {
  readonly link: Link;
  readonly intake: Pick<
    Intake<unknown>,
    "progress" | "hasEnded" | "reason" | "inbox" | "closed" | "discard" | "shut"
  >;
  readonly outbox: Outbox;
  readonly limits: Limits;
}

/** The life of one connection. */
export class Lifeline<Member extends { file(): void }> {
  /** Why it is over; `undefined` until it is. */
  closeReason: CloseReason | undefined;
  /** Whether the peer has finished, and the game has all that it said. */
  recvEnded = false;

  protected readonly parts: LifelineParts;
  readonly #owner: ConnectionOwner<Member>;
  #phase: Phase;
  /** Why this side ended it, when it did. */
  #ownReason: CloseReason | undefined;
  #forgetSignal: (() => void) | undefined;

  constructor(parts: LifelineParts, owner: ConnectionOwner<Member>) {
    this.parts = parts;
    this.#owner = owner;
    this.#phase = owner.listener === undefined ? "connecting" : "at the door";
    if (this.#phase === "connecting") this.#watch(parts.limits.timeoutMs);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get state(): ConnectionState {
    return STATE_OF[this.#phase];
  }

  get maySend(): boolean {
    return this.#phase === "open" || this.#phase === "connecting";
  }

  /** The game has taken this guest. */
  admit(): void {
    if (this.#phase === "at the door") this.#phase = "open";
    if (this.parts.intake.hasEnded) this.#owner.member.file();
  }

  /** Moves on as far as the link has come, and answers whether the game sees a change. */
  advance(): boolean {
    const before = this.#phase;
    const hadEnded = this.recvEnded;
    const { progress, inbox } = this.parts.intake;
    const allTaken = inbox.length === 0;
    if (before === "cut") this.#over();
    if (this.#isOpening && (progress === "open" || progress === "ended" || !allTaken)) this.#open();
    if (before === "closing" && progress !== "connecting") this.#wantFlush(); // it waited to open
    if (progress === "ended" && allTaken) this.#hearEnd();
    if (progress === "closed" && this.#phase !== "closed") {
      if (allTaken) this.#over();
      else if (this.#phase === "open") this.#phase = "closing";
    }
    return this.#phase !== before || this.recvEnded !== hadEnded;
  }

  /** Sends what is queued, in one write, and behind the last the end of the stream. */
  flush(): void {
    const { link, intake, outbox } = this.parts;
    if (intake.progress === "closed" || intake.progress === "connecting" || this.#isOpening) return;
    const isLast = this.#phase === "ending" || this.#phase === "closing";
    outbox.flush(isLast);
    if (outbox.storedBytes > 0) this.#wantFlush(); // the link is behind: again with the next one
    if (this.#phase === "ending") {
      this.#phase = "hearing";
      link.endSending();
    } else if (this.#phase === "closing") {
      this.#phase = "lingering";
      link.end(this.#ownReason ?? intake.reason);
    }
  }

  /** This side has no more to say, and goes on hearing. */
  end(): void {
    if (!this.maySend) return;
    this.#ownReason = LOCAL_CLOSE;
    this.#phase = this.#phase === "open" ? "ending" : "ending early";
    this.#wantFlush();
  }

  /** This side says goodbye, and hears nothing more. */
  close(): void {
    const before = this.#phase;
    if (this.state === "closed") return;
    this.parts.intake.discard();
    this.#owner.member.file();
    if (before === "closing" || before === "lingering") return;
    this.#ownReason = LOCAL_CLOSE;
    if (before === "connecting" && this.parts.outbox.pendingBytes === 0) this.#cut(LOCAL_CLOSE);
    else this.#beginClosing();
  }

  /** This side drops everything. */
  abort(): void {
    this.#cut(LOCAL_ABORT);
  }

  /** Its deadline has passed. */
  expire(): void {
    const { progress } = this.parts.intake;
    // An opening or an end that is filed, and not yet seen, came in time.
    if (progress === "closed" || (this.#isOpening && progress !== "connecting")) return;
    this.#cut(this.#lateReason());
  }

  /** Cuts the link; what came stays to be taken, and the next poll sees why. */
  breakOff(reason: CloseReason): void {
    const { intake, link } = this.parts;
    if (intake.progress === "closed") return;
    this.#ownReason = reason;
    intake.closed(reason);
    link.abort(reason);
  }

  /** Lets `signal` end the attempt to connect: filed, and seen at the next poll. */
  interruptBy(signal: AbortSignal): void {
    const interrupt = () => {
      if (this.parts.intake.progress !== "connecting") return;
      const message = "the signal ended the attempt to connect";
      this.breakOff({ kind: "aborted", message, cause: signal.reason });
    };
    this.#forgetSignal = () => signal.removeEventListener("abort", interrupt);
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt);
  }

  get #isOpening(): boolean {
    return this.#phase === "connecting" || this.#phase === "ending early";
  }

  #open(): void {
    const { context, member } = this.#owner;
    const endsAtOnce = this.#phase === "ending early";
    this.#phase = endsAtOnce ? "ending" : "open";
    this.#watch(Infinity);
    this.#forgetSignal?.();
    if (endsAtOnce || this.parts.outbox.storedBytes > 0) this.#wantFlush();
    if (!endsAtOnce) context.emit("open", member);
  }

  #hearEnd(): void {
    const { link, intake } = this.parts;
    this.recvEnded = true;
    const mayAnswer = link.allowHalfOpen && intake.reason?.kind === "remote";
    if (this.#phase === "open" && !mayAnswer) this.#beginClosing();
  }

  #beginClosing(): void {
    this.#phase = "closing";
    this.#watch(this.parts.limits.closeTimeoutMs);
    this.#wantFlush();
  }

  /** Ends it from this side, at once; the next poll announces it. */
  #cut(reason: CloseReason): void {
    const { link, intake, outbox } = this.parts;
    if (this.state === "closed") return;
    this.#phase = "cut";
    this.closeReason = reason;
    intake.shut();
    outbox.clear();
    link.abort(reason);
    this.#owner.member.file();
  }

  #over(): void {
    this.closeReason ??= this.#finalReason();
    this.#phase = "closed";
    this.parts.outbox.clear();
    this.#watch(Infinity);
    this.#forgetSignal?.();
    const { context, member } = this.#owner;
    context.emit("close", member);
  }

  #wantFlush(): void {
    this.#owner.context.queueFlush(this.#owner.member);
  }

  #watch(lengthMs: number): void {
    const { context, member } = this.#owner;
    context.setDeadline(member, context.polledMs + lengthMs);
  }

  /** This side's reason comes first, unless the link broke with bytes of ours in it, or while the peer was heard. */
  #finalReason(): CloseReason {
    const own = this.#ownReason;
    const worlds = this.parts.intake.reason;
    if (own === undefined) return worlds ?? LOCAL_CLOSE;
    const broke = worlds !== undefined && worlds.kind !== "local" && worlds.kind !== "remote";
    const hears = this.#phase === "ending" || this.#phase === "hearing";
    return broke && (hears || this.parts.outbox.pendingBytes > 0) ? worlds : own;
  }

  #lateReason(): CloseReason {
    const { timeoutMs, closeTimeoutMs } = this.parts.limits;
    if (this.#isOpening) {
      const message = `the connection did not open within ${timeoutMs} ms`;
      return { kind: "timeout", code: "timeoutMs", message };
    }
    const { pendingBytes } = this.parts.outbox;
    if (this.#ownReason === undefined || pendingBytes === 0) return this.#finalReason();
    const message = `the peer did not take the last ${pendingBytes} bytes within ${closeTimeoutMs} ms`;
    return { kind: "timeout", code: "closeTimeoutMs", message };
  }
}

const LOCAL_CLOSE: CloseReason = { kind: "local", message: "this side closed the connection" };
const LOCAL_ABORT: CloseReason = { kind: "local", message: "this side aborted the connection" };
