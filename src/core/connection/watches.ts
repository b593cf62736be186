/**
 * What of one open connection runs against time, since when, and which of it
 * comes first.
 *
 *     frames ── look: stamps ──▶ since … ── + limit ──▶ the earliest ──▶ context ── wake ──▶ late?
 *
 * What happens only leaves a stamp; the context is told when something is due
 * sooner than it knows, and wakes us then. So talk costs nothing here, and
 * silence one look for each deadline. While the link is paused the peer cannot
 * be heard: nothing it should say is due then.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner } from "../frame/poll-context.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import type { GuardedIntake } from "../receive/guarded-intake.ts";
import type { GuardedOutbox } from "../send/guarded-outbox.ts";

/** What is watched. */
export interface WatchedParts {
  readonly link: Link;
  readonly intake: Pick<
    GuardedIntake<unknown>,
    "paused" | "pauses" | "resumedMs" | "progress" | "whole" | "partialBytes"
  >;
  readonly outbox: Pick<GuardedOutbox, "oldestMs" | "mark">;
  readonly limits: PeerLimits;
}

/** Whom they watch. */
export interface Watched {
  /** When something came from the peer last, in polled time, rounded up to a millisecond. */
  readonly heardMs: number;
  file(): void;
}

/** The watches over one connection. */
export class Watches<Member extends Watched> {
  readonly #parts: WatchedParts;
  readonly #owner: ConnectionOwner<Member>;
  /** When the context wakes us. Like all here in polled time. */
  #wakeMs = Infinity;
  #first: WatchedLimit = "idleTimeoutMs";
  #firstMs = Infinity;
  // Since when, and what tells that it has begun anew.
  #openMs: number | undefined;
  #quietMs = 0;
  #partialMs = 0;
  #partialBehind = -1;
  #pausedMs = 0;
  #pauses = 0;

  constructor(parts: WatchedParts, owner: ConnectionOwner<Member>) {
    this.#parts = parts;
    this.#owner = owner;
  }

  /**
   * Looks at what has happened, and has the context wake us in time.
   *
   * @param againMs when it wants to be filed again for a reason of its own
   */
  look(againMs: number = Infinity): void {
    const { context, member } = this.#owner;
    this.#stamp(context.polledMs);
    this.#findFirst();
    const probeMs = this.#isDeaf ? context.polledMs + PROBE_MS : Infinity;
    const wakeMs = Math.min(this.#firstMs, probeMs, againMs);
    if (wakeMs >= this.#wakeMs) return;
    this.#wakeMs = wakeMs;
    context.setDeadline(member, wakeMs);
  }

  /** Bytes were flushed and have not all left. */
  flushed(): void {
    this.#parts.outbox.mark(this.#owner.context.polledMs);
    this.look();
  }

  /**
   * The context wakes us. Answers why the connection has to end, or `undefined`,
   * the usual case, and then this frame looks at it.
   */
  wake(): CloseReason | undefined {
    const { polledMs } = this.#owner.context;
    const { limits, link } = this.#parts;
    this.#wakeMs = Infinity;
    this.#stamp(polledMs);
    this.#findFirst();
    if (this.#firstMs <= polledMs) {
      const { kind, what } = LATE[this.#first];
      return { kind, code: this.#first, message: `${what} within ${limits[this.#first]} ms` };
    }
    if (this.#isDeaf) link.probe?.();
    this.#owner.member.file();
    return undefined;
  }

  /** Whether the link would not hear its peer's end. */
  get #isDeaf(): boolean {
    const { paused, progress } = this.#parts.intake;
    return paused && progress === "open";
  }

  #stamp(nowMs: number): void {
    const { intake } = this.#parts;
    const { paused, pauses, resumedMs, whole } = intake;
    if (paused && pauses !== this.#pauses) this.#pausedMs = nowMs;
    const isFirst = this.#openMs === undefined;
    const { heardMs } = this.#owner.member;
    this.#quietMs = paused || isFirst ? nowMs : Math.max(this.#quietMs, resumedMs, heardMs);
    this.#openMs ??= nowMs;
    // It is the same message until one more is whole.
    const isOther = paused || whole !== this.#partialBehind;
    this.#partialMs = isOther ? nowMs : Math.max(this.#partialMs, resumedMs);
    this.#pauses = pauses;
    this.#partialBehind = intake.partialBytes > 0 ? whole : -1;
  }

  #findFirst(): void {
    const { paused, progress, whole, partialBytes } = this.#parts.intake;
    this.#firstMs = Infinity;
    if (progress === "closed") return;
    this.#offer("unsentTimeoutMs", this.#parts.outbox.oldestMs);
    if (progress !== "open") return;
    if (paused) {
      this.#offer("pauseTimeoutMs", this.#pausedMs);
      return;
    }
    this.#offer("idleTimeoutMs", this.#quietMs);
    if (whole === 0) this.#offer("firstMessageTimeoutMs", this.#openMs ?? 0);
    if (partialBytes > 0) this.#offer("partialMessageTimeoutMs", this.#partialMs);
  }

  #offer(name: WatchedLimit, sinceMs: number): void {
    const dueMs = sinceMs + this.#parts.limits[name];
    if (dueMs >= this.#firstMs) return;
    this.#firstMs = dueMs;
    this.#first = name;
  }
}

type WatchedLimit = keyof typeof LATE;

const LATE = {
  firstMessageTimeoutMs: { kind: "timeout", what: "the peer sent no whole message" },
  partialMessageTimeoutMs: { kind: "timeout", what: "the peer did not finish its message" },
  idleTimeoutMs: { kind: "timeout", what: "nothing came from the peer" },
  unsentTimeoutMs: { kind: "overflow", what: "the peer did not take what was sent" },
  pauseTimeoutMs: { kind: "overflow", what: "too little was taken of what the peer sent" },
} as const satisfies Partial<Record<keyof PeerLimits, { kind: CloseReason["kind"]; what: string }>>;

/** How often a paused link is asked whether its peer has reset it: soon for a person, seldom for a machine. */
const PROBE_MS = 1_000;
