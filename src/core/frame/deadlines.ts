/**
 * Who is due, and when, in polled time: the time that frames have counted. Each
 * member has one deadline, the first of its own. Looks at all of them in every
 * frame, which a handful is soonest done with; `deadline-heap.ts` is for many.
 *
 * A late frame counts for no more than a bound, and ends nobody: what the peers
 * said meanwhile has not been read yet. The next one judges, late or not.
 */

/** What runs against time, and until when. */
export class Deadlines<Member extends Expiring> {
  /** The time that frames have counted, in milliseconds. */
  polledMs = 0;
  readonly #maxFrameMs: number;
  /** The time that late frames took and did not count, in milliseconds. */
  uncountedMs = 0;
  readonly #waiting = new Map<Member, Deadline<Member>>();
  #wasLate = false;

  constructor(maxFrameMs: number) {
    this.#maxFrameMs = maxFrameMs;
  }

  /** Begins or replaces the deadline of `member`, in polled time; `Infinity` takes it away. */
  set(member: Member, untilMs: number): void {
    if (untilMs === Infinity) this.#waiting.delete(member);
    else this.#waiting.set(member, { member, untilMs });
  }

  /**
   * How soon a poll should come for the deadlines' sake, in milliseconds;
   * `Infinity` when none runs. One frame counts for no more than a bound, so
   * this is never more than that.
   */
  get dueInMs(): number {
    const { first } = this;
    if (first === undefined) return Infinity;
    return Math.max(0, Math.min(first.untilMs - this.polledMs, this.#maxFrameMs));
  }

  /** A frame has passed: expires who is late. The frame itself, as V8 boxes a fraction that is handed on. */
  pass({ deltaMs }: { readonly deltaMs: number }): void {
    const passedMs = Math.min(deltaMs, this.#maxFrameMs);
    const isLate = deltaMs > passedMs;
    this.polledMs += passedMs;
    this.uncountedMs += deltaMs - passedMs;
    if (!isLate || this.#wasLate) this.#expire();
    this.#wasLate = isLate;
  }

  /** The earliest of all. */
  protected get first(): Deadline<Member> | undefined {
    let first: Deadline<Member> | undefined;
    for (const deadline of this.#waiting.values()) {
      if (first === undefined || deadline.untilMs < first.untilMs) first = deadline;
    }
    return first;
  }

  #expire(): void {
    for (let first = this.first; first !== undefined; first = this.first) {
      if (first.untilMs > this.polledMs) return;
      this.set(first.member, Infinity);
      first.member.handleTimeout();
    }
  }
}

/** One deadline, in polled time. */
export interface Deadline<Member> {
  readonly member: Member;
  readonly untilMs: number;
}

/** What is told that its deadline has passed. */
export interface Expiring {
  handleTimeout(): void;
  /** Where whoever keeps its deadline finds that again. */
  deadline?: Deadline<unknown> | undefined;
}
