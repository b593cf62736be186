/**
 * An acceptor of sessions: it reads the first bytes of each line, and makes a new session, or
 * gives the line to the one that it is of.
 *
 *     line ──▶ pending line ── hello ──┬─ new ──▶ the core's incoming
 *                                      └─ resume ──▶ the session that has that token
 *
 * The core is asked when a session is new, so that a full server takes those back that it
 * has. Lines without a session are under bounds of their own.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../../port/acceptor.ts";
import type { CloseReason } from "../../../port/close-reason.ts";
import type { Link } from "../../../port/link.ts";
import { AcceptedLink, type SessionTable } from "./accepted-link.ts";
import { encodeGreeting, type Hello, isSameToken, type Read, type Refusal, VERSION } from "./greetings.ts";
import { Line, type LineHandler } from "./line.ts";
import { type PendingEvents, PendingLine } from "./pending-line.ts";
import { SessionAgenda } from "./session-agenda.ts";
import { carriesAny } from "./session-link.ts";
import type { Terms } from "./session-options.ts";
import { Tombstones } from "./tombstones.ts";

/** One acceptor of sessions. */
export class SessionAcceptor implements Acceptor, SessionTable, PendingEvents {
  readonly carriesCode: (code: number) => boolean = carriesAny;
  readonly #terms: Terms;
  readonly #inner: Acceptor;
  readonly #agenda: SessionAgenda;
  readonly #sessions = new Map<string, AcceptedLink>();
  /** Those without a line, the one that is so longest first. */
  readonly #suspended = new Set<AcceptedLink>();
  /** The peers without a session, the one that is so longest first: how to drop each. */
  readonly #pending = new Map<object, () => void>();
  readonly #tombstones: Tombstones;
  #events: AcceptorEvents | undefined;
  #isClosed = false;

  constructor(terms: Terms, inner: Acceptor) {
    this.#terms = terms;
    this.#inner = inner;
    this.#agenda = new SessionAgenda(terms.clock);
    this.#tombstones = new Tombstones(
      Math.max(LEAST_TOMBSTONES, terms.maxSuspended),
      Math.max(LEAST_TOMBSTONE_MS, terms.resumeWindowMs),
    );
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    this.#inner.attach({
      listening: (address) => events.listening(address),
      incoming: (link) => this.#incoming(link),
      handshaking: (_from, drop) => this.#handshake(drop),
      rejected: (reason) => events.rejected(reason),
      closed: (reason) => {
        this.#closeDown();
        events.closed(reason);
      },
    });
  }

  close(): void {
    this.#inner.close();
    this.#closeDown();
  }

  pump(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined {
    this.#agenda.advance(nowMs);
    const innerMs = this.#inner.pump?.(nowMs, poller, beginsFrame);
    const ownMs = this.#agenda.pump(nowMs, poller, beginsFrame);
    const isIdle = innerMs === undefined && ownMs === Infinity;
    if (isIdle && this.#isClosed && this.#sessions.size === 0) return undefined;
    return Math.min(ownMs, innerMs ?? Infinity);
  }

  beginTimedDrain(): number | undefined {
    return this.#inner.beginTimedDrain?.();
  }

  endTimedDrain(visited: number): void {
    this.#inner.endTimedDrain?.(visited);
  }

  // The calls of sessions.

  suspended(session: AcceptedLink): void {
    this.#suspended.add(session);
    if (this.#isClosed) {
      session.giveUp("expired", NOT_LISTENING);
      return;
    }
    const [longest] = this.#suspended;
    if (this.#suspended.size > this.#terms.maxSuspended)
      longest?.giveUp("overflow", tooManySuspended(this.#terms.maxSuspended));
  }

  resumed(session: AcceptedLink): void {
    this.#suspended.delete(session);
  }

  closed(session: AcceptedLink): void {
    this.#suspended.delete(session);
    if (this.#sessions.get(session.key) !== session) return;
    this.#sessions.delete(session.key);
    if (session.isTaken) this.#tombstones.add(session.key, session.tombstone, this.#agenda.nowMs);
  }

  // The calls of pending lines.

  greeted(pending: PendingLine, line: Line, hello: Hello): LineHandler | undefined {
    this.#forget(pending);
    const key = keyOf(hello.id);
    const session = this.#sessions.get(key);
    if (session !== undefined) return this.#resume(session, line, hello);
    const tombstone = this.#tombstones.get(key, this.#agenda.nowMs);
    if (tombstone === undefined && hello.kind === "new" && hello.received === 0)
      return this.#begin(key, line, hello);
    if (tombstone !== undefined && isSameToken(tombstone.token, hello.token)) {
      const { refusal, goodbye, byeAt } = tombstone;
      this.#refuse(line, hello.received >= byeAt ? "ended" : refusal, goodbye?.code, goodbye?.text);
      return undefined;
    }
    const { gateway } = this.#terms;
    const isElsewhere = gateway !== "" && hello.gateway !== "" && hello.gateway !== gateway;
    this.#refuse(line, isElsewhere ? "elsewhere" : "unknown");
    return undefined;
  }

  spokeOtherwise(pending: PendingLine, line: Line, read: Read): void {
    this.#forget(pending);
    if (read.kind === "version") this.#refuse(line, "version");
    else line.drop();
    const what =
      read.kind === "version"
        ? `version ${read.version} of sessions, and this side version ${VERSION}`
        : `no session: it began with "${read.kind === "foreign" ? read.start : ""}"`;
    this.#events?.rejected({ kind: "protocol", message: `the peer speaks ${what}` });
  }

  left(pending: PendingLine, reason: CloseReason): void {
    this.#forget(pending);
    this.#events?.rejected({ ...reason, message: `${reason.message} before it had begun a session` });
  }

  late(pending: PendingLine): void {
    this.#forget(pending);
    pending.line?.drop();
    const message = `the peer did not begin a session within ${this.#terms.handshakeTimeoutMs} ms`;
    this.#events?.rejected({ kind: "timeout", code: "handshakeTimeoutMs", message });
  }

  /** A link below, whose peer has to say whose it is. */
  #incoming(inner: Link): void {
    if (this.#isClosed) {
      inner.abort();
      return;
    }
    const agenda = this.#agenda;
    const pending = new PendingLine(this, agenda.nextOrder(), agenda.nowMs + this.#terms.handshakeTimeoutMs);
    const line = new Line(inner, pending);
    pending.line = line;
    this.#makeRoom();
    this.#pending.set(pending, () => line.drop());
    agenda.schedule(pending);
    line.begin();
  }

  /** The handshake of a link below, which counts as a line that has said nothing. */
  #handshake(drop: () => void): Handshake {
    const key = {};
    this.#makeRoom();
    this.#pending.set(key, drop);
    const end = (): boolean => this.#pending.delete(key);
    return {
      refusal: this.#isClosed ? NOT_LISTENING : undefined,
      identified: () => (this.#pending.has(key) ? undefined : NOT_LISTENING),
      incoming: (link) => {
        if (end()) this.#incoming(link);
        else link.abort();
      },
      rejected: (reason) => {
        if (end()) this.#events?.rejected(reason);
      },
    };
  }

  #makeRoom(): void {
    const { maxPending } = this.#terms;
    if (this.#pending.size < maxPending) return;
    for (const [key, drop] of this.#pending) {
      this.#pending.delete(key);
      if (key instanceof PendingLine) this.#agenda.remove(key);
      drop();
      const message = `the listener has reached its maxPending: ${maxPending} lines have not begun a session`;
      this.#events?.rejected({ kind: "overflow", code: "maxPending", message });
      return;
    }
  }

  #begin(key: string, line: Line, hello: Hello): LineHandler {
    const session = new AcceptedLink(this, this.#terms, this.#agenda, key, line, hello);
    this.#sessions.set(key, session);
    this.#events?.incoming(session);
    return session;
  }

  #resume(session: AcceptedLink, line: Line, hello: Hello): LineHandler | undefined {
    if (!session.isProvedBy(hello.token)) {
      this.#refuse(line, "unknown");
      this.#events?.rejected({ kind: "denied", message: "the token of a resume was a wrong one" });
    } else if (hello.epoch <= session.epoch) line.drop();
    else if (!this.#mayResume(session, line)) this.#refuse(line, "not-allowed");
    else {
      const refusal = session.resumeWith(line, hello);
      if (refusal === undefined) return session;
      this.#refuse(line, refusal);
    }
    return undefined;
  }

  /** Whether the game lets the line have the session. It is a callback of the network, so a throw is a no. */
  #mayResume(session: AcceptedLink, line: Line): boolean {
    const { mayResume } = this.#terms;
    if (mayResume === undefined) return true;
    const { remoteAddress, security, request } = line.inner;
    try {
      // A promise would be true, so nothing else than the word itself is.
      if (mayResume({ before: session.knownLine, now: { remoteAddress, security, request } }) === true)
        return true;
      this.#events?.rejected({ kind: "denied", code: "mayResume", message: "mayResume refused a line" });
    } catch (cause) {
      const message = "mayResume threw (see cause), so the line was refused";
      this.#events?.rejected({ kind: "failed", code: "mayResume", message, cause });
    }
    return false;
  }

  /** Ends a line with a word why. */
  #refuse(line: Line, why: Refusal, code = 0, text = ""): void {
    line.leaveWith(encodeGreeting({ kind: "refused", why, code, text }), this.#agenda);
  }

  #forget(pending: PendingLine): void {
    this.#pending.delete(pending);
    this.#agenda.remove(pending);
  }

  /** Takes nobody any more: who is without a line stays so. */
  #closeDown(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const [key, drop] of [...this.#pending]) {
      this.#pending.delete(key);
      if (key instanceof PendingLine) this.#agenda.remove(key);
      drop();
    }
    for (const session of [...this.#suspended]) session.giveUp("expired", NOT_LISTENING);
  }
}

function keyOf(id: Uint8Array): string {
  return String.fromCharCode(...id);
}

function tooManySuspended(most: number): CloseReason {
  return {
    kind: "overflow",
    code: "maxSuspended",
    message: `the listener has reached its maxSuspended: ${most} sessions are without a line`,
  };
}

/** A cable that is pulled ends far more sessions than may wait, and each should hear why. */
const LEAST_TOMBSTONES = 4_096;
/** A phone that was asleep comes back after minutes, and should hear that it is late. */
const LEAST_TOMBSTONE_MS = 600_000;
const NOT_LISTENING: CloseReason = {
  kind: "reset",
  code: "resume-expired",
  message: "the session cannot be resumed, as the listener is closed",
};
