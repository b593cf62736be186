/**
 * Deadlines in polled time: the time that frames have counted, which a late
 * frame moves by no more than a bound. So a stalled game does not time out
 * peers that did nothing wrong.
 */

/** What runs against time, and until when. */
export class Deadlines<Member extends { expire(): void }> {
  readonly #maxFrameMs: number;
  readonly #until = new Map<Member, number>();
  #polledMs = 0;

  constructor(maxFrameMs: number) {
    this.#maxFrameMs = maxFrameMs;
  }

  /** Begins or replaces the deadline of `member`, `lengthMs` of polled time from here. */
  set(member: Member, lengthMs: number): void {
    if (lengthMs === Infinity) this.#until.delete(member);
    else this.#until.set(member, this.#polledMs + lengthMs);
  }

  /** Takes the deadline of `member` away. */
  clear(member: Member): void {
    this.#until.delete(member);
  }

  /**
   * How soon a poll should come for the deadlines' sake, in milliseconds;
   * `Infinity` when none runs. One frame counts for no more than a bound, so
   * this is never more than that.
   */
  get dueInMs(): number {
    let dueInMs = Infinity;
    for (const untilMs of this.#until.values()) dueInMs = Math.min(dueInMs, untilMs - this.#polledMs);
    return dueInMs === Infinity ? Infinity : Math.max(0, Math.min(dueInMs, this.#maxFrameMs));
  }

  /** A frame of `deltaMs` has passed: expires what is late, and answers how long the frame counted. */
  pass(deltaMs: number): number {
    const passedMs = Math.min(deltaMs, this.#maxFrameMs);
    this.#polledMs += passedMs;
    if (this.#until.size > 0) this.#expire();
    return passedMs;
  }

  #expire(): void {
    for (const [member, untilMs] of this.#until) {
      if (untilMs > this.#polledMs) continue;
      this.#until.delete(member);
      member.expire();
    }
  }
}
