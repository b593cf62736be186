/**
 * Fair turns under a budget: one step each, round and round, and when the
 * budget is used up in the middle of a round, the next run begins with whoever
 * would have been next. Knows nothing of what a step is.
 */

import { TurningList } from "./turning-batch.ts";

/** What a turn depends on. */
export interface RoundRobinRule<Member> {
  /** How many steps `member` still has to make. */
  remaining(member: Member): number;
}

/** Takes members round, step by step. */
export class RoundRobin<Member> {
  readonly #rule: RoundRobinRule<Member>;
  readonly #members = new TurningList<Member>();
  #tick = 0;
  #next: Member | undefined;

  constructor(rule: RoundRobinRule<Member>) {
    this.#rule = rule;
  }

  /** Whether nobody was offered a turn that is left. */
  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** Gives `member` turns in the frame `tick`; offers of earlier frames are forgotten. */
  add(member: Member, tick: number): void {
    if (tick !== this.#tick) this.#members.truncate(0);
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
    const members = this.#members;
    this.#rotate();
    while (members.length > 0) {
      let kept = 0;
      for (let index = 0; index < members.length; index++) {
        const member = members.at(index);
        if (this.#rule.remaining(member) === 0) continue;
        if (!step(member)) return this.#stop(kept, index);
        if (this.#rule.remaining(member) > 0) members.put(kept++, member);
      }
      members.truncate(kept);
    }
    this.#next = undefined;
    return 0;
  }

  /** Has each member make all of its steps, one member after the other, as `steps` does. Answers 0: nobody is to come again. */
  runOut(steps: (member: Member) => void): number {
    const members = this.#members;
    this.#rotate();
    for (let index = 0; index < members.length; index++) steps(members.at(index));
    members.truncate(0);
    this.#next = undefined;
    return 0;
  }

  /** Begins with the one who was next when the last run stopped. */
  #rotate(): void {
    if (this.#next === undefined) return;
    const members = this.#members;
    let at = 0;
    while (at < members.length && members.at(at) !== this.#next) at++;
    if (at < members.length) members.turn(at, at);
  }

  /** Those who had no turn in this round come first, then those who had. */
  #stop(kept: number, index: number): number {
    const members = this.#members;
    members.turn(index, kept);
    this.#next = members.at(0);
    let left = 0;
    for (let at = 0; at < members.length; at++) left += this.#rule.remaining(members.at(at));
    return left;
  }
}
