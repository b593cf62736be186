/**
 * Who has messages in this frame, and how a visitor is led round: without a
 * budget one connection after the other, under one in fair turns. Knows
 * connections by what can be taken from them.
 */

import type { Inbox } from "../storage/inbox.ts";
import { RoundRobin } from "../storage/round-robin.ts";
import { BudgetMeter, type DrainBudget } from "./drain-budget.ts";

/** From whom messages are taken. */
export interface Source<In> {
  readonly inbox: Pick<Inbox<In>, "ready" | "nextBytes" | "take" | "notifyOnTake">;
  readonly rooms: { readonly receiving: { tellTaken(): void } };
}

type Visit<From, In> = (from: From, message: In) => void;

/** The rounds of one listener's visitors. */
export class ListenerDrain<From extends Source<In>, In> {
  readonly #turns = new RoundRobin<From>({ remaining: (from) => from.inbox.ready });
  readonly #spending: BudgetMeter;
  #visiting = false;

  constructor(clock: () => number) {
    this.#spending = new BudgetMeter(clock);
  }

  /** `from` has messages in the frame `tick`. */
  add(from: From, tick: number): void {
    this.#turns.add(from, tick);
  }

  /** Answers how many messages are left. Allocates nothing when there are none. */
  run(visit: Visit<From, In>, budget: DrainBudget): number {
    if (this.#visiting) throw new Error("drain: called from within drain(), by its visitor");
    this.#spending.begin(budget);
    return this.#turns.isEmpty ? 0 : this.#lead(visit);
  }

  #lead(visit: Visit<From, In>): number {
    const spending = this.#spending;
    this.#visiting = true;
    try {
      if (spending.isUnlimited) return this.#turns.runOut((from) => visitAll(from, visit));
      return this.#turns.run((from) => {
        if (!spending.spend(from.inbox.nextBytes)) return false;
        visit(from, take(from)); // it has one, or it would have no turn
        return true;
      });
    } finally {
      this.#visiting = false;
    }
  }
}

/** All that `from` has in one turn: cheaper for each message than turns of their own. */
function visitAll<From extends Source<In>, In>(from: From, visit: Visit<From, In>): void {
  while (from.inbox.ready > 0) visit(from, take(from));
}

/** The next message, where there is one. */
function take<In>({ inbox, rooms }: Source<In>): In {
  const message = inbox.take() as In; // which may be `undefined`, where a codec has such messages
  if (inbox.notifyOnTake) rooms.receiving.tellTaken();
  return message;
}
