/**
 * Fair turns under a budget: one step each, round and round, and when the
 * budget is used up in the middle of a round, the next run begins with whoever
 * would have been next. Knows nothing of what a step is.
 */

/** What a turn depends on. */
export interface TurnRule<Member> {
  /** How many steps `member` still has to make. */
  leftOf(member: Member): number;
}

/** Takes members round, step by step. */
export class Turns<Member> {
  readonly #rule: TurnRule<Member>;
  #members: Member[] = [];
  #tick = 0;
  #next: Member | undefined;

  constructor(rule: TurnRule<Member>) {
    this.#rule = rule;
  }

  /** Gives `member` turns in the frame `tick`; offers of earlier frames are forgotten. */
  offer(member: Member, tick: number): void {
    if (tick !== this.#tick) this.#members.length = 0;
    this.#tick = tick;
    this.#members.push(member);
  }

  /**
   * Calls `step` for each member in turn, until nobody has a step left or one
   * answers `false` for "stop before this one".
   *
   * @returns how many steps are left
   */
  run(step: (member: Member) => boolean): number {
    this.#rotate();
    while (this.#members.length > 0) {
      let kept = 0;
      for (let index = 0; index < this.#members.length; index++) {
        const member = this.#members[index] as Member;
        if (this.#rule.leftOf(member) === 0) continue;
        if (!step(member)) return this.#stop(kept, index);
        if (this.#rule.leftOf(member) > 0) this.#members[kept++] = member;
      }
      this.#members.length = kept;
    }
    this.#next = undefined;
    return 0;
  }

  /** Begins with the one who was next when the last run stopped. */
  #rotate(): void {
    if (this.#next === undefined) return;
    const at = this.#members.indexOf(this.#next);
    if (at > 0) this.#members = [...this.#members.slice(at), ...this.#members.slice(0, at)];
  }

  /** Those who had no turn in this round come first, then those who had. */
  #stop(kept: number, index: number): number {
    this.#members = [...this.#members.slice(index), ...this.#members.slice(0, kept)];
    this.#next = this.#members[0];
    return this.#members.reduce((sum, member) => sum + this.#rule.leftOf(member), 0);
  }
}
