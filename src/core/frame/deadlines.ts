/**
 * Deadlines in polled time, which is the time that frames have counted. Each
 * member has one, the earliest of its own. Every frame checks all of them, the
 * fastest way for a few; `deadline-heap.ts` is for many. Knows no connection.
 *
 * A deadline that is set by a call between two frames begins with the next frame:
 * the time since the last one had passed before the call.
 *
 * A late frame counts for a bounded time and expires no deadline, as the messages
 * that arrived meanwhile have not been read yet. The next frame expires them,
 * even if it is late too.
 */

/** The deadlines of one poller. */
export class Deadlines<Member extends Expiring> {
  /** Polled time: the time that frames have counted, in milliseconds. */
  polledMs = 0;
  readonly #maxFrameMs: number;
  /** The time of late frames that was not counted, in milliseconds. */
  uncountedMs = 0;
  readonly #waiting = new Map<Member, Deadline<Member>>();
  /** The lengths of the deadlines that begin with the next frame, in milliseconds. */
  readonly #beginning = new Map<Member, number>();
  #wasLate = false;

  constructor(maxFrameMs: number) {
    this.#maxFrameMs = maxFrameMs;
  }

  /** Sets the deadline of `member`, in polled time; `Infinity` removes it. For what a frame decides. */
  set(member: Member, untilMs: number): void {
    this.#beginning.delete(member);
    this.place(member, untilMs);
  }

  /** Sets the deadline of `member` to `lengthMs` after the next frame. For what a call between two frames decides. */
  begin(member: Member, lengthMs: number): void {
    this.set(member, Infinity);
    if (lengthMs !== Infinity) this.#beginning.set(member, lengthMs);
  }

  /**
   * The delay until the next poll that a deadline needs, in milliseconds;
   * `Infinity` when there is none, and 0 when one has to begin. Never more than the
   * bound of one frame, as no frame counts for more.
   */
  get dueInMs(): number {
    if (this.#beginning.size > 0) return 0;
    const { first } = this;
    if (first === undefined) return Infinity;
    return Math.max(0, Math.min(first.untilMs - this.polledMs, this.#maxFrameMs));
  }

  /** Counts a frame, and expires the deadlines that have passed. Takes the frame object, as V8 would box the number. */
  pass({ deltaMs }: { readonly deltaMs: number }): void {
    const passedMs = Math.min(deltaMs, this.#maxFrameMs);
    const isLate = deltaMs > passedMs;
    this.polledMs += passedMs;
    this.uncountedMs += deltaMs - passedMs;
    if (this.#beginning.size > 0) this.#beginAll();
    if (!isLate || this.#wasLate) this.#expire();
    this.#wasLate = isLate;
  }

  /** The earliest deadline. */
  protected get first(): Deadline<Member> | undefined {
    let first: Deadline<Member> | undefined;
    for (const deadline of this.#waiting.values()) {
      if (first === undefined || deadline.untilMs < first.untilMs) first = deadline;
    }
    return first;
  }

  /** Puts the deadline of `member` where {@link first} finds it; `Infinity` removes it. */
  protected place(member: Member, untilMs: number): void {
    if (untilMs === Infinity) this.#waiting.delete(member);
    else this.#waiting.set(member, { member, untilMs });
  }

  #beginAll(): void {
    for (const [member, lengthMs] of this.#beginning) this.place(member, this.polledMs + lengthMs);
    this.#beginning.clear();
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

/** A member with a deadline. */
export interface Expiring {
  /** Called when its deadline has passed. */
  handleTimeout(): void;
  /** A field for the `DeadlineHeap`, which stores its entry here. */
  deadline?: Deadline<unknown> | undefined;
}
