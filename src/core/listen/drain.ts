/**
 * The connections of a listener that have messages in this frame, and how a
 * callback is led round them: without a budget one connection after the other,
 * under one in fair turns. Knows connections by what can be taken from them.
 */
import { RoundRobin } from "../storage/round-robin.ts";
import { BudgetMeter, type DrainBudget } from "./drain-budget.ts";

/** A connection, by what can be taken from it. */
export interface Drainable<In> {
  readonly receiver: {
    readonly ready: number;
    readonly nextBytes: number;
    tryRecv(): In | undefined;
  };
}

type Visit<From, In> = (from: From, message: In) => void;

/** The drain of one listener. */
export class ListenerDrain<From extends Drainable<In>, In> {
  readonly #turns = new RoundRobin<From>({ remaining: ({ receiver }) => receiver.ready });
  readonly #meter: BudgetMeter;
  #isVisiting = false;

  constructor(clock: () => number) {
    this.#meter = new BudgetMeter(clock);
  }

  /** `from` has messages in the frame `tick`. */
  add(from: From, tick: number): void {
    this.#turns.add(from, tick);
  }

  /** Answers how many messages are left. Allocates nothing when there are none. */
  run(visit: Visit<From, In>, budget: DrainBudget): number {
    if (this.#isVisiting) throw new Error("drain: called from within drain(), by its own callback");
    this.#meter.begin(budget);
    return this.#turns.isEmpty ? 0 : this.#visitAll(visit);
  }

  #visitAll(visit: Visit<From, In>): number {
    const meter = this.#meter;
    this.#isVisiting = true;
    try {
      if (meter.isUnlimited) return this.#turns.runOut((from) => visitEach(from, visit));
      return this.#turns.run((from) => {
        if (!meter.spend(from.receiver.nextBytes)) return false;
        visit(from, next(from.receiver)); // it has one, or it would have no turn
        return true;
      });
    } finally {
      this.#isVisiting = false;
    }
  }
}

/** All that `from` has in one turn: cheaper for each message than turns of their own. */
function visitEach<From extends Drainable<In>, In>(from: From, visit: Visit<From, In>): void {
  const { receiver } = from;
  while (receiver.ready > 0) visit(from, next(receiver));
}

/** The next message, where there is one. */
function next<In>(receiver: Drainable<In>["receiver"]): In {
  return receiver.tryRecv() as In; // which may be `undefined`, where a codec has such messages
}
