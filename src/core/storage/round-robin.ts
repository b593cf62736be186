/**
 * Fair turns under a budget: one step for each member, in rounds. When the budget is
 * used up in the middle of a round, the next run begins with the member that
 * would have been next. Knows nothing of what a step is.
 */
import { ReusableList } from "./reusable-list.ts";

/** The rule that decides who has a turn. */
interface RoundRobinRule<Member> {
  /** Returns how many steps `member` has left. */
  remaining(member: Member): number;
}

/** The turns of some members. */
export class RoundRobin<Member> {
  readonly #rule: RoundRobinRule<Member>;
  readonly #members = new ReusableList<Member>();
  #tick = 0;
  #next: Member | undefined;

  constructor(rule: RoundRobinRule<Member>) {
    this.#rule = rule;
  }

  /** Whether no member has a turn left. */
  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** Gives `member` turns in the frame `tick`; those of earlier frames are forgotten. */
  add(member: Member, tick: number): void {
    if (tick !== this.#tick) this.#members.truncate(0);
    this.#tick = tick;
    this.#members.push(member);
  }

  /**
   * Calls `step` for each member in turn, until none has a step left or `step`
   * returns `false`, which stops before this one. A step that throws stops after it.
   *
   * @returns how many steps are left
   */
  run(step: (member: Member) => boolean): number {
    const members = this.#members;
    this.#beginWithNext();
    while (members.length > 0) {
      let kept = 0;
      for (let index = 0; index < members.length; index++) {
        const member = members.at(index);
        if (this.#rule.remaining(member) === 0) continue;
        let goesOn: boolean;
        try {
          goesOn = step(member);
        } catch (error) {
          this.#stopAfter(kept, index);
          throw error;
        }
        if (!goesOn) return this.#stop(kept, index);
        if (this.#rule.remaining(member) > 0) members.set(kept++, member);
      }
      members.truncate(kept);
    }
    this.#next = undefined;
    return 0;
  }

  /**
   * Calls `steps` once for each member, which takes all of its steps. Returns 0, as
   * none has a turn left. A call that throws stops after this member's turn.
   */
  runAll(steps: (member: Member) => void): number {
    const members = this.#members;
    this.#beginWithNext();
    for (let index = 0; index < members.length; index++) {
      try {
        steps(members.at(index));
      } catch (error) {
        this.#stopAfter(0, index);
        throw error;
      }
    }
    members.truncate(0);
    this.#next = undefined;
    return 0;
  }

  /** Begins with the member that was next when the last run stopped. */
  #beginWithNext(): void {
    if (this.#next === undefined) return;
    const members = this.#members;
    let at = 0;
    while (at < members.length && members.at(at) !== this.#next) at++;
    if (at < members.length) this.#rotate(at, at);
  }

  /** Stops after the turn of the member at `index`, which comes last if it has steps left. */
  #stopAfter(kept: number, index: number): void {
    const member = this.#members.at(index);
    const hasMore = this.#rule.remaining(member) > 0;
    if (hasMore) this.#members.set(kept, member);
    this.#stop(hasMore ? kept + 1 : kept, index + 1);
  }

  /** The members that had no turn in this round come first, then those that had one. */
  #stop(kept: number, index: number): number {
    const members = this.#members;
    this.#rotate(index, kept);
    this.#next = undefined;
    let left = 0;
    for (let at = 0; at < members.length; at++) {
      const remaining = this.#rule.remaining(members.at(at));
      if (left === 0 && remaining > 0) this.#next = members.at(at);
      left += remaining;
    }
    return left;
  }

  /** Puts the members from `start` on in front, and the first `kept` behind them; the others are forgotten. */
  #rotate(start: number, kept: number): void {
    const members = this.#members;
    const behind = Array.from({ length: kept }, (_, index) => members.at(index));
    const front = members.length - start;
    for (let index = 0; index < front; index++) members.set(index, members.at(start + index));
    members.truncate(front);
    for (const member of behind) members.push(member);
  }
}
