/**
 * The deadlines of one peer: the start time of each, and which deadline comes
 * first.
 *
 *     monitor ── update: stamps ──▶ since … ── + limit ──▶ the earliest ──▶ setDeadline ── handleTimeout ──▶ late?
 *
 * Active peers set no timers; a silent one is checked once per deadline. A link that is
 * paused, or has no line, receives nothing, so no deadline for the peer's messages runs
 * then. All times are polled time.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { UnsentAge } from "../send/unsent-age.ts";

/** The parts that the timers depend on. */
export interface PeerTimersParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly link: Link;
  readonly ingress: Ingress<Member, unknown>;
  readonly lifecycle: { readonly isPending: boolean };
  readonly age: UnsentAge;
  readonly limits: PeerLimits;
}

/** Why a peer's time is up; the code is the limit's name. */
export type PeerTimeout = CloseReason & { readonly code: PeerTimer };

/** The timers of one connection. */
export class PeerTimers<Member extends ConnectionRef> {
  readonly #owner: ConnectionOwner<Member>;
  readonly #link: Link;
  readonly #ingress: Ingress<Member, unknown>;
  readonly #lifecycle: { readonly isPending: boolean };
  readonly #age: UnsentAge;
  readonly #limits: PeerLimits;
  /** The deadline that is set now; `Infinity` for none. */
  #deadlineMs = Infinity;
  #first: PeerTimer = "idleTimeoutMs";
  #firstMs = Infinity;
  // Start times, and the values that show a restart.
  #openMs: number | undefined;
  #endedMs: number | undefined;
  #quietMs = 0;
  #partialMs = 0;
  #partialBehind = -1;
  #pausedMs = 0;
  #pauses = 0;
  /** Since when the link has no line, as far as that does not count yet. */
  #downMs: number | undefined;

  constructor({ owner, link, ingress, lifecycle, age, limits }: PeerTimersParts<Member>) {
    this.#owner = owner;
    this.#link = link;
    this.#ingress = ingress;
    this.#lifecycle = lifecycle;
    this.#age = age;
    this.#limits = limits;
  }

  /**
   * Updates the start times, and sets the deadline when it is sooner than before.
   *
   * @param againMs when the connection needs an update for another reason, in polled time
   */
  update(againMs: number = Infinity): void {
    const { context, member } = this.#owner;
    const nowMs = context.polledMs;
    this.#stamp(nowMs);
    this.#findFirst();
    const probeMs = this.#cannotSeeEnd ? nowMs + PROBE_MS : Infinity;
    const deadlineMs = Math.min(this.#firstMs, probeMs, againMs);
    if (deadlineMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    context.setDeadline(member, deadlineMs);
  }

  /** Marks the time of a flush, after which `pendingBytes` bytes have not left yet. */
  handleFlush(pendingBytes: number): void {
    if (pendingBytes === 0) return;
    this.#age.mark(pendingBytes, this.#owner.context.polledMs);
    this.update();
  }

  /** The deadline that was set has passed, or another one has taken its place. */
  forgetDeadline(): void {
    this.#deadlineMs = Infinity;
  }

  /** Checks a deadline that has passed. Returns why the connection has to end; `undefined`, the usual case, for an update. */
  handleTimeout(): PeerTimeout | undefined {
    const { polledMs } = this.#owner.context;
    this.#stamp(polledMs);
    this.#findFirst();
    if (this.#firstMs <= polledMs && this.#first === "idleTimeoutMs") this.#lookOnce(polledMs);
    if (this.#firstMs <= polledMs) {
      const { kind, what } = LATE[this.#first];
      const message = `${what} within ${this.#limits[this.#first]} ms${this.#ingress.unfinishedHint}`;
      return { kind, code: this.#first, message };
    }
    if (this.#cannotSeeEnd) this.#link.probe?.();
    this.#owner.member.markDirty();
    return undefined;
  }

  /** Asks the link for bytes that it did not report, and counts them as of now. */
  #lookOnce(polledMs: number): void {
    if (this.#link.reportPartial === undefined) return;
    this.#link.reportPartial();
    this.#stamp(polledMs);
    this.#findFirst();
  }

  /** Whether the link reads nothing, so that the peer's end would not be noticed. */
  get #cannotSeeEnd(): boolean {
    const { paused, progress } = this.#ingress;
    return paused && progress === "open";
  }

  #stamp(nowMs: number): void {
    const ingress = this.#ingress;
    const { paused, pauses, resumedMs, messageCount } = ingress;
    this.#skipOutage(nowMs);
    if (ingress.hasEnded) this.#endedMs ??= nowMs;
    if (paused && pauses !== this.#pauses) this.#pausedMs = nowMs;
    const isFirst = this.#openMs === undefined;
    const { lastReceivedMs } = this.#owner.member;
    this.#quietMs = paused || isFirst ? nowMs : Math.max(this.#quietMs, resumedMs, lastReceivedMs);
    this.#openMs ??= nowMs;
    // The partial message is the same one until the count of whole messages changes.
    const isOther = paused || messageCount !== this.#partialBehind;
    this.#partialMs = isOther ? nowMs : Math.max(this.#partialMs, resumedMs);
    this.#pauses = pauses;
    this.#partialBehind = ingress.partialBytes > 0 ? messageCount : -1;
  }

  /** The time without a line counts for nothing that the peer should send. */
  #skipOutage(nowMs: number): void {
    const downMs = nowMs - (this.#downMs ?? nowMs);
    this.#quietMs += downMs;
    this.#partialMs += downMs;
    if (this.#openMs !== undefined) this.#openMs += downMs;
    this.#downMs = this.#ingress.hasLine ? undefined : nowMs;
  }

  #findFirst(): void {
    const { paused, progress, messageCount, partialBytes, inbox } = this.#ingress;
    this.#firstMs = Infinity;
    const isUntaken = inbox.length > 0 || this.#lifecycle.isPending;
    if (isUntaken && this.#endedMs !== undefined) this.#offer("untakenTimeoutMs", this.#endedMs);
    if (progress === "closed") return;
    this.#offer("unsentTimeoutMs", this.#age.oldestMs);
    if (progress !== "open") return;
    if (paused) this.#offer("pauseTimeoutMs", this.#pausedMs);
    if (paused || !this.#ingress.hasLine) return;
    this.#offer("idleTimeoutMs", this.#quietMs);
    if (messageCount === 0) this.#offer("firstMessageTimeoutMs", this.#openMs ?? 0);
    if (partialBytes > 0) this.#offer("partialMessageTimeoutMs", this.#partialMs);
  }

  #offer(name: PeerTimer, sinceMs: number): void {
    const dueMs = sinceMs + this.#limits[name];
    if (dueMs >= this.#firstMs) return;
    this.#firstMs = dueMs;
    this.#first = name;
  }
}

/** The limits that the timers apply. */
type PeerTimer =
  | "firstMessageTimeoutMs"
  | "partialMessageTimeoutMs"
  | "idleTimeoutMs"
  | "unsentTimeoutMs"
  | "pauseTimeoutMs"
  | "untakenTimeoutMs";

const LATE: Record<PeerTimer, { readonly kind: CloseReason["kind"]; readonly what: string }> = {
  firstMessageTimeoutMs: { kind: "timeout", what: "the peer sent no whole message" },
  partialMessageTimeoutMs: { kind: "timeout", what: "the peer did not finish its message" },
  idleTimeoutMs: { kind: "timeout", what: "nothing came from the peer" },
  unsentTimeoutMs: { kind: "overflow", what: "the peer did not take what was sent" },
  pauseTimeoutMs: { kind: "overflow", what: "too little was taken of what the peer sent" },
  untakenTimeoutMs: { kind: "timeout", what: "the last messages of the peer were not taken" },
};

/** The interval of probes on a paused link, for a reset by its peer: short for a person, long for a machine. */
const PROBE_MS = 1_000;
