/**
 * The connections of a listener that have messages in this frame, and the order of
 * the callback's calls: one connection after the other without a budget, and fair
 * turns with one. Needs only the receiver of a connection.
 */
import { isFunction } from "../../check.ts";
import type { Acceptor } from "../../port/acceptor.ts";
import type { ListenerContext } from "../frame/poll-context.ts";
import { RoundRobin } from "../storage/round-robin.ts";
import { BudgetMeter, type DrainBudget } from "./drain-budget.ts";

/** The part of a connection that `drain` takes messages from. */
interface Drainable<In> {
  readonly receiver: {
    readonly ready: number;
    readonly nextBytes: number;
    tryRecv(): In | undefined;
  };
}

/** What a drain with a budget of real time asks and tells its acceptor, for a recorder. */
type TimedDrains = Pick<Acceptor, "beginTimedDrain" | "endTimedDrain">;

/** What a drain asks of its poller. */
type DrainContext = Pick<ListenerContext<never, never>, "clock" | "drains">;

type Visit<From, In> = (from: From, message: In) => void;

/** The drain of one listener. */
export class ListenerDrain<From extends Drainable<In>, In> {
  readonly #turns = new RoundRobin<From>({ remaining: ({ receiver }) => receiver.ready });
  readonly #context: DrainContext;
  readonly #timedDrains: TimedDrains;
  readonly #meter: BudgetMeter;
  #isVisiting = false;

  constructor(context: DrainContext, timedDrains: TimedDrains = {}) {
    this.#context = context;
    this.#timedDrains = timedDrains;
    this.#meter = new BudgetMeter(context.clock);
  }

  /** Gives `from` turns in the frame `tick`, as it has messages. */
  add(from: From, tick: number): void {
    this.#turns.add(from, tick);
  }

  /** Visits the messages. Returns how many are left. Allocates nothing when there are none at the start. */
  run(visit: Visit<From, In>, budget: DrainBudget): number {
    if (this.#isVisiting) throw new Error("drain: called from within drain(), by its own callback");
    isFunction("visit", visit);
    const meter = this.#meter;
    meter.begin(budget);
    if (this.#turns.isEmpty) return 0;
    if (!meter.isTimed) return this.#visitAll(visit);
    meter.visitInstead(this.#timedDrains.beginTimedDrain?.());
    try {
      return this.#visitAll(visit);
    } finally {
      this.#timedDrains.endTimedDrain?.(meter.visited);
    }
  }

  #visitAll(visit: Visit<From, In>): number {
    const meter = this.#meter;
    this.#isVisiting = true;
    this.#context.drains++;
    try {
      if (meter.isUnlimited) return this.#turns.runAll((from) => visitEach(from, visit));
      return this.#turns.run((from) => {
        if (!meter.spend(from.receiver.nextBytes)) return false;
        visit(from, next(from.receiver)); // a member of the turns has a message
        return true;
      });
    } finally {
      this.#isVisiting = false;
      this.#context.drains--;
    }
  }
}

/** Visits all messages of `from` in one turn, which costs less than a turn for each message. */
function visitEach<From extends Drainable<In>, In>(from: From, visit: Visit<From, In>): void {
  const { receiver } = from;
  while (receiver.ready > 0) visit(from, next(receiver));
}

/** Takes the next message; there must be one. */
function next<In>(receiver: Drainable<In>["receiver"]): In {
  return receiver.tryRecv() as In; // a codec may decode a message to `undefined`
}
