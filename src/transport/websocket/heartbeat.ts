/**
 * The heartbeat: finds peers that are gone without a close, and has round trips
 * measured. It pings a new link and then each one once an interval, and expires one
 * that stays silent; for a link that this side has paused, it shows the peer that the
 * link lives. Knows no sockets.
 *
 *     pump ──▶ the members that are new or due ──▶ ping, or expire, or show life
 *      └─────▶ those whose ping was answered ───▶ show the round trip
 *
 * All times are polled time, and one frame counts for a bounded length of it. So
 * a game that stalled does not expire healthy peers. Every member is due once an
 * interval, and the members are queued in that order: a frame checks only those
 * that are due.
 */

/** A link that is checked. */
export interface HeartbeatTarget {
  /** Whether this side has paused the link. It then receives nothing, no pings either, and does not expire. */
  readonly isPaused: boolean;
  /** Calls `received` of the heartbeat if bytes have arrived that it was not told of, as of an unfinished TLS record. */
  reportPartial(): void;
  /** Sends a ping, and calls `answered` of the heartbeat when its answer has come. */
  ping(): void;
  /** Shows the game the round trip of the answered ping: a frame begins. */
  showRtt(): void;
  /** Shows the peer that the link lives, without a ping of it. */
  showLife(): void;
  /** Ends the link: it was silent for the whole deadline. */
  expire(): void;
}

/** The times of a heartbeat, in milliseconds of polled time. */
export interface HeartbeatOptions {
  readonly pingIntervalMs: number;
  readonly deadPeerMs: number;
}

/** When a member was last heard of, and is to be checked next. */
interface Times {
  lastReceivedMs: number;
  readonly dueMs: number;
}

/** The heartbeat of all links of one acceptor, or of one client. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** The times of each member, the next due one first: a map keeps the order of insertion. */
  readonly #members = new Map<HeartbeatTarget, Times>();
  /** The members that were added since the last pump. */
  readonly #added = new Set<HeartbeatTarget>();
  readonly #answered = new Set<HeartbeatTarget>();
  #polledMs = 0;
  #lastPumpMs: number | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: HeartbeatTarget): void {
    if (this.#options.pingIntervalMs === Infinity) return;
    this.#schedule(member, this.#polledMs);
    this.#added.add(member);
  }

  remove(member: HeartbeatTarget): void {
    this.#members.delete(member);
    this.#added.delete(member);
  }

  /** Notes that the member's ping was answered. */
  answered(member: HeartbeatTarget): void {
    this.#answered.add(member);
  }

  /** Notes that bytes of the member's peer have arrived, of any kind. */
  received(member: HeartbeatTarget): void {
    const times = this.#members.get(member);
    if (times !== undefined) times.lastReceivedMs = this.#polledMs;
  }

  /**
   * Checks the members that are due, and returns the delay until the next one is, in
   * milliseconds. Shows round trips where it begins a frame.
   */
  pump(nowMs: number, beginsFrame: boolean): number {
    const deltaMs = nowMs - (this.#lastPumpMs ?? nowMs);
    if (beginsFrame) this.#showAnswered();
    this.#lastPumpMs = nowMs;
    this.#polledMs += Math.min(Math.max(deltaMs, 0), MAX_FRAME_MS);
    this.#pingAdded();
    for (const [member, times] of this.#members) {
      const { dueMs } = times;
      if (dueMs > this.#polledMs) return Math.min(dueMs - this.#polledMs, MAX_FRAME_MS);
      this.#check(member, times);
    }
    return Infinity;
  }

  #check(member: HeartbeatTarget, times: Times): void {
    const { pingIntervalMs, deadPeerMs } = this.#options;
    const isPaused = member.isPaused;
    if (!isPaused && this.#polledMs - times.lastReceivedMs >= pingIntervalMs) member.reportPartial();
    const lastReceivedMs = isPaused ? this.#polledMs : times.lastReceivedMs;
    const silentMs = this.#polledMs - lastReceivedMs;
    this.#members.delete(member);
    if (silentMs >= deadPeerMs) {
      member.expire();
      return;
    }
    this.#schedule(member, lastReceivedMs);
    if (isPaused) member.showLife();
    else member.ping();
  }

  #pingAdded(): void {
    if (this.#added.size === 0) return;
    const added = [...this.#added]; // a ping may end the link
    this.#added.clear();
    for (const member of added) if (!member.isPaused) member.ping();
  }

  #showAnswered(): void {
    if (this.#answered.size === 0) return;
    for (const member of this.#answered) member.showRtt();
    this.#answered.clear();
  }

  #schedule(member: HeartbeatTarget, lastReceivedMs: number): void {
    this.#members.set(member, { lastReceivedMs, dueMs: this.#polledMs + this.#options.pingIntervalMs });
  }
}

/** The most that one frame counts for; the same as a poller's default `maxFrameMs`. */
const MAX_FRAME_MS = 1_000;
