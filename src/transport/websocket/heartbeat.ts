/**
 * Finds peers that are gone without a word: pings those that are silent, and
 * ends those that stay so. All in polled time, which a late frame moves by no
 * more than a bound, so a game that stalled does not end peers that did nothing
 * wrong.
 *
 *     pump ──▶ those whose turn it is ──▶ ping, or expire
 *
 * Every member has a turn once an interval, and they queue up in that order; a
 * frame looks at those that are due and never at all.
 */

/** Whose heart is watched. */
export interface HeartbeatTarget {
  /** Whether it is held back by this side, which then cannot hear it and does not judge it. */
  readonly isPaused: boolean;
  ping(): void;
  /** It was silent for the whole deadline. */
  expire(): void;
}

/** How often, and how long. */
export interface HeartbeatPlan {
  readonly pingIntervalMs: number;
  readonly deadPeerMs: number;
}

/** The hearts of all links that one poller's acceptor, or one client, has. */
export class Heartbeat {
  readonly #plan: HeartbeatPlan;
  /** When each was last heard and is due, the next one first: a set keeps the order of adding. */
  readonly #members = new Map<HeartbeatTarget, { heardMs: number; dueMs: number }>();
  #polledMs = 0;
  #lastPumpMs: number | undefined;

  constructor(plan: HeartbeatPlan) {
    this.#plan = plan;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: HeartbeatTarget): void {
    if (this.#plan.pingIntervalMs !== Infinity) this.#queue(member, this.#polledMs);
  }

  remove(member: HeartbeatTarget): void {
    this.#members.delete(member);
  }

  /** Something came from it, whatever it was. */
  markAlive(member: HeartbeatTarget): void {
    const times = this.#members.get(member);
    if (times !== undefined) times.heardMs = this.#polledMs;
  }

  /** Gives those their turn whose time has come, and answers how soon the next one is due. */
  pump(nowMs: number): number {
    const deltaMs = nowMs - (this.#lastPumpMs ?? nowMs);
    this.#lastPumpMs = nowMs;
    this.#polledMs += Math.min(Math.max(deltaMs, 0), MAX_FRAME_MS);
    for (const [member, { heardMs, dueMs }] of this.#members) {
      if (dueMs > this.#polledMs) return Math.min(dueMs - this.#polledMs, MAX_FRAME_MS);
      this.#takeTurn(member, member.isPaused ? this.#polledMs : heardMs);
    }
    return Infinity;
  }

  #takeTurn(member: HeartbeatTarget, heardMs: number): void {
    const silentMs = this.#polledMs - heardMs;
    this.#members.delete(member);
    if (silentMs >= this.#plan.deadPeerMs) {
      member.expire();
      return;
    }
    this.#queue(member, heardMs);
    if (silentMs >= this.#plan.pingIntervalMs) member.ping();
  }

  #queue(member: HeartbeatTarget, heardMs: number): void {
    this.#members.set(member, { heardMs, dueMs: this.#polledMs + this.#plan.pingIntervalMs });
  }
}

/** The most that one frame counts for, as a poller's own deadlines have it by default. */
const MAX_FRAME_MS = 1_000;
