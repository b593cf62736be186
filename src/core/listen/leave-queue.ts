/**
 * The leave queue of a listener: the accepted connections that are over, until the game
 * takes them.
 *
 *     poll: a connection closes ── put ──▶ leave queue ── take ──▶ tryLeave ──▶ game
 *
 * What the game does not take waits for a time. Nobody need take anything: until the
 * first take, the queue keeps only what closed at this time. It needs no timer, as each
 * put drops what is too old. Knows nothing of its members.
 */

/** The leave queue of one listener. */
export class LeaveQueue<Member> {
  readonly #waitMs: number;
  // Parallel arrays, in order; what lies before the head was taken.
  readonly #members: Member[] = [];
  readonly #times: number[] = [];
  #head = 0;
  /** Whether the game has ever asked for one. */
  #isAsked = false;

  /** @param waitMs how long a member waits to be taken, in milliseconds of polled time */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Adds a member that has closed at `nowMs`, in polled time. */
  put(member: Member, nowMs: number): void {
    this.#dropBefore(this.#isAsked ? nowMs - this.#waitMs : nowMs);
    this.#members.push(member);
    this.#times.push(nowMs);
  }

  /** Drops what nobody takes, once time has gone on to `nowMs`. Returns whether none of that is left. */
  forgetUnasked(nowMs: number): boolean {
    if (this.#isAsked) return true;
    this.#dropBefore(nowMs);
    return this.#head === this.#members.length;
  }

  /** Returns the next member, or `undefined` when there is none. */
  take(nowMs: number): Member | undefined {
    this.#isAsked = true;
    this.#dropBefore(nowMs - this.#waitMs);
    const member = this.#members[this.#head];
    if (member === undefined) return undefined;
    this.#head++;
    this.#shrink();
    return member;
  }

  /** Whether a member waits, and somebody takes them. */
  hasLeftovers(nowMs: number): boolean {
    if (!this.#isAsked) return false;
    this.#dropBefore(nowMs - this.#waitMs);
    return this.#head < this.#members.length;
  }

  #dropBefore(ms: number): void {
    const first = this.#head;
    while ((this.#times[this.#head] ?? Infinity) < ms) this.#head++;
    if (this.#head > first) this.#shrink();
  }

  /** Lets go of what was taken, once it is half of all: each member is moved once at most. */
  #shrink(): void {
    if (this.#head * 2 < this.#members.length) return;
    this.#members.splice(0, this.#head);
    this.#times.splice(0, this.#head);
    this.#head = 0;
  }
}
