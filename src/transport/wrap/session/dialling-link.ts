/**
 * A session of the end that connects: it dials, says who it is, and dials again when
 * the line is lost, until the window has passed.
 *
 *     dial ──▶ hello ──▶ welcome ──▶ frames … lost ──▶ dial again
 *                 └────▶ refused: closed
 *
 * The session begins with the first welcome. What happens before is what happens to the
 * bare transport.
 */
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../../port/link.ts";
import { encodeGreeting, GreetingReader, type Read, VERSION, type Welcome } from "./greetings.ts";
import { Line } from "./line.ts";
import { offNetworkSign, onNetworkSign } from "./network-signs.ts";
import { Redial } from "./redial.ts";
import type { SessionAgenda } from "./session-agenda.ts";
import { SessionLink } from "./session-link.ts";
import type { Terms } from "./session-options.ts";
import { expired, goodbyeOf, overflow, refusedReason, unanswered } from "./session-reasons.ts";

/** What a session that dials depends on. */
export interface DiallingParts {
  readonly terms: Terms;
  /** Makes another link below. */
  readonly dial: () => Link;
  /** The agenda of a poller. */
  readonly agendaOf: (poller: object) => SessionAgenda;
  /** Counts it, until it has closed. */
  readonly live: Set<object>;
}

/** A session that this side has connected. */
export class DiallingLink extends SessionLink {
  readonly #parts: DiallingParts;
  readonly #redial: Redial;
  readonly #id = new Uint8Array(8);
  readonly #token = new Uint8Array(16);
  #epoch = 0;
  #gateway = "";
  #windowMs: number;
  #try: Try | undefined;
  readonly #hurry = () => this.#hurryUp();

  constructor(parts: DiallingParts) {
    super(parts.terms, parts.dial(), true);
    this.#parts = parts;
    this.#windowMs = parts.terms.resumeWindowMs;
    this.#redial = new Redial(parts.terms.random);
  }

  attach(events: LinkEvents): void {
    this.events = events;
    this.terms.random(this.#id);
    this.terms.random(this.#token);
    this.#parts.live.add(this);
    this.#begin(this.inner);
  }

  /** Joins those of its poller, whose pump does the rest. */
  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    if (this.phase === "closed") return undefined;
    if (this.agenda === undefined) {
      const agenda = this.#parts.agendaOf(poller ?? this);
      if (this.#try !== undefined) this.#try.sinceMs = agenda.nowMs;
      const below = this.#try?.line.inner ?? this.line?.inner;
      this.join(agenda); // before the line is pumped, which may open in that
      if (poller !== undefined) agenda.begin(nowMs, poller, beginsFrame, below);
      else if (below !== undefined) agenda.addPumped(below);
      if (poller !== undefined && beginsFrame !== false) this.showNow(agenda);
    }
    // The pump of the transport does the rest. It wants the next one too, as a recorder notes then what it shows.
    return poller === undefined ? this.agenda?.pump(nowMs, poller, beginsFrame) : Infinity;
  }

  protected override get tellsLater(): boolean {
    return false;
  }

  protected override suspend(): void {
    this.agenda?.removePumped(this.inner);
    this.#redial.lost(this.nowMs);
    onNetworkSign(this.#hurry);
  }

  protected override refuse(reason: CloseReason | undefined): void {
    this.#endTry(reason);
  }

  protected override forget(): void {
    this.#endTry();
    this.agenda?.removePumped(this.inner);
    offNetworkSign(this.#hurry);
    this.#parts.live.delete(this);
  }

  protected override get ownDueMs(): number {
    const tryMs = this.#try?.isTimed === true ? this.#try.sinceMs + this.terms.dialTimeoutMs : Infinity;
    if (!this.hasBeenLinked || this.line !== undefined) return tryMs;
    return Math.min(tryMs, this.#redial.dueMs, this.#expiresAtMs);
  }

  protected override runOwn(): void {
    const { nowMs } = this;
    const attempt = this.#try;
    if (attempt?.isTimed === true && nowMs >= attempt.sinceMs + this.terms.dialTimeoutMs) {
      this.#failed(attempt.line, unanswered(this.terms.dialTimeoutMs));
    }
    if (this.line !== undefined || !this.hasBeenLinked || this.phase === "closed") return;
    if (nowMs >= this.#expiresAtMs) this.finish(expired(this.#windowMs, this.lostBy));
    else if (this.#try === undefined && nowMs >= this.#redial.dueMs) this.#begin(this.#parts.dial());
  }

  get #expiresAtMs(): number {
    return this.downSinceMs + this.#windowMs;
  }

  // The events of the line.

  override lineOpened(line: Line): void {
    const attempt = this.#try;
    if (attempt?.line !== line) return;
    if (!this.hasBeenLinked) {
      attempt.sinceMs = this.nowMs;
      attempt.isTimed = true; // the connecting itself is timed by the core
    }
    const kind = this.hasBeenLinked ? "resume" : "new";
    const { ackBytes } = this;
    const { received } = this.input;
    const [id, token, epoch, gateway] = [this.#id, this.#token, ++this.#epoch, this.#gateway];
    line.write(encodeGreeting({ kind, id, token, epoch, received, ackBytes, gateway }));
    this.schedule();
  }

  override lineReceived(line: Line, bytes: Uint8Array): void {
    const attempt = this.#try;
    if (attempt?.line !== line) {
      super.lineReceived(line, bytes);
      return;
    }
    const { taken, read } = attempt.reader.read(bytes);
    if (read === undefined) return;
    this.#try = undefined;
    this.#answered(line, read);
    if (line === this.line && taken < bytes.length) super.lineReceived(line, bytes.subarray(taken));
  }

  override lineClosed(line: Line, reason: CloseReason): void {
    if (this.#try?.line !== line) super.lineClosed(line, reason);
    else this.#failed(line, line.isOpen && !this.hasBeenLinked ? silentReason(reason) : reason);
  }

  #begin(inner: Link): void {
    const line = new Line(inner, this);
    const reader = new GreetingReader(["welcome", "refused"]);
    this.#try = { line, reader, sinceMs: this.nowMs, isTimed: this.hasBeenLinked };
    this.#redial.begin();
    this.agenda?.addPumped(inner);
    line.begin();
    this.schedule();
  }

  /** A try has come to nothing. The first one is all that there is of the session. */
  #failed(line: Line, reason: CloseReason): void {
    this.#endTry();
    line.drop();
    if (!this.hasBeenLinked) {
      this.finish(reason);
      return;
    }
    this.lostBy = reason;
    this.#redial.failed(this.nowMs);
    this.schedule();
  }

  #endTry(reason?: CloseReason): void {
    const attempt = this.#try;
    this.#try = undefined;
    if (attempt === undefined) return;
    this.agenda?.removePumped(attempt.line.inner);
    attempt.line.drop(reason);
  }

  /** The other end has answered. */
  #answered(line: Line, read: Read): void {
    if (read.kind === "greeting" && read.greeting.kind === "welcome") {
      this.#welcomed(line, read.greeting);
      return;
    }
    if (read.kind !== "greeting" || read.greeting.kind !== "refused") {
      this.#failed(line, foreignReason(read));
      return;
    }
    this.agenda?.removePumped(line.inner);
    line.drop();
    const { greeting } = read;
    const reason = refusedReason(greeting, this.#gateway);
    if (reason === undefined) this.finishInOrder(goodbyeOf(greeting.code, greeting.text));
    else this.finish(reason);
  }

  #welcomed(line: Line, welcome: Welcome): void {
    const isFirst = !this.hasBeenLinked;
    if (!this.adopt(line, welcome.received, welcome.ackBytes)) {
      line.drop();
      this.finish(overflow());
      return;
    }
    this.#windowMs = Math.min(this.terms.resumeWindowMs, welcome.windowMs);
    this.#gateway = welcome.gateway;
    this.#redial.linked(this.nowMs);
    offNetworkSign(this.#hurry);
    if (isFirst) {
      this.phase = "open";
      this.events?.opened();
    } else this.tellResumed();
    if (line === this.line) this.proceed();
  }

  #hurryUp(): void {
    this.#redial.hurry(this.nowMs);
    this.schedule();
  }
}

/** A try to get a line. */
interface Try {
  readonly line: Line;
  readonly reader: GreetingReader;
  /** Since when it is timed, in counted time. */
  sinceMs: number;
  isTimed: boolean;
}

/** The reason of a line that closed before it had said anything. */
function silentReason(reason: CloseReason): CloseReason {
  return { ...reason, message: `${reason.message} before it had spoken; does it listen with session()?` };
}

/** The reason of a line whose other end speaks something else. */
function foreignReason(read: Read): CloseReason {
  const message =
    read.kind === "version"
      ? `the peer speaks version ${read.version} of sessions, and this side version ${VERSION}`
      : `the peer speaks no session: it answered "${read.kind === "foreign" ? read.start : ""}"; does it listen with session()?`;
  return { kind: "protocol", message };
}
