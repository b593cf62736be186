/**
 * A session of the end that listens: it waits for its player to come back, for as long as
 * the window says.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import type { LinkEvents } from "../../../port/link.ts";
import { encodeGreeting, type Hello, isSameToken, type Refusal } from "./greetings.ts";
import type { Line } from "./line.ts";
import type { SessionAgenda } from "./session-agenda.ts";
import { SessionLink } from "./session-link.ts";
import type { SessionLine, Terms } from "./session-options.ts";
import { expired, overflow } from "./session-reasons.ts";
import type { Tombstone } from "./tombstones.ts";

/** The acceptor of a session, which knows all of them. */
export interface SessionTable {
  /** The session has lost its line. */
  suspended(session: AcceptedLink): void;
  /** It has a line again. */
  resumed(session: AcceptedLink): void;
  /** It has closed. */
  closed(session: AcceptedLink): void;
}

/** A session that a peer has begun. */
export class AcceptedLink extends SessionLink {
  /** What it is found by. */
  readonly key: string;
  /** The number of its newest line. */
  epoch: number;
  /** Why a later line of its peer is refused. */
  refusal: Tombstone["refusal"] = "aborted";
  /** Whether the core has taken it. */
  isTaken = true;
  readonly #table: SessionTable;
  readonly #token: Uint8Array;

  constructor(
    table: SessionTable,
    terms: Terms,
    agenda: SessionAgenda,
    key: string,
    line: Line,
    hello: Hello,
  ) {
    super(terms, line.inner, false);
    this.#table = table;
    this.key = key;
    this.#token = hello.token;
    this.epoch = hello.epoch;
    this.adopt(line, 0, hello.ackBytes);
    this.join(agenda);
  }

  attach(events: LinkEvents): void {
    this.events = events;
    this.phase = "open";
    this.beginLinked();
    this.#welcome();
    events.opened();
    this.proceed();
  }

  /** Goes on with another line, which has proved to be of the same peer. Returns why not, if it does not. */
  resumeWith(line: Line, { epoch, received, ackBytes }: Hello): Refusal | undefined {
    this.epoch = epoch;
    const wasLinked = this.line !== undefined;
    if (wasLinked && this.phase === "open") this.events?.suspended();
    if (this.isClosed) return this.refusal; // by that event
    if (!this.adopt(line, received, ackBytes)) {
      this.giveUp("overflow", overflow());
      return "overflow";
    }
    if (!wasLinked) this.#table.resumed(this);
    this.#welcome();
    this.tellResumed();
    if (line === this.line) this.proceed();
    return undefined;
  }

  /** Whether who says `token` is its peer. */
  isProvedBy(token: Uint8Array): boolean {
    return isSameToken(this.#token, token);
  }

  /** Closes it, for a reason of this side. */
  giveUp(refusal: AcceptedLink["refusal"], reason: CloseReason): void {
    this.refusal = refusal;
    this.finish(reason);
  }

  /** What is kept of it when it has closed. */
  get tombstone(): Tombstone {
    const { goodbye, byeAt } = this.stream;
    return { token: this.#token, refusal: this.refusal, goodbye, byeAt };
  }

  /** What is known of its newest line. */
  get knownLine(): SessionLine {
    return { remoteAddress: this.remoteAddress, security: this.security, request: this.request };
  }

  protected override get tellsLater(): boolean {
    return true;
  }

  protected override suspend(): void {
    this.endAlone();
    if (!this.isClosed) this.#table.suspended(this);
  }

  protected override refuse(): void {
    const { line } = this;
    this.isTaken = false;
    this.line = undefined;
    line?.leaveWith(encodeGreeting({ kind: "refused", why: "full", code: 0, text: "" }), this.agenda);
  }

  protected override forget(): void {
    if (this.isOver || (this.stream.marks.length > 0 && this.stream.isAcked)) this.refusal = "ended";
    this.#table.closed(this);
  }

  protected override get ownDueMs(): number {
    return this.line === undefined ? this.downSinceMs + this.terms.resumeWindowMs : Infinity;
  }

  protected override runOwn(): void {
    if (this.line !== undefined || this.nowMs < this.downSinceMs + this.terms.resumeWindowMs) return;
    this.giveUp("expired", expired(this.terms.resumeWindowMs, this.lostBy));
  }

  #welcome(): void {
    const { ackBytes, terms } = this;
    const { received } = this.input;
    const { resumeWindowMs: windowMs, gateway } = terms;
    this.line?.write(encodeGreeting({ kind: "welcome", received, ackBytes, windowMs, gateway }));
  }
}
