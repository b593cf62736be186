/**
 * A frame budget: how many messages may become visible in one frame, over all
 * connections, in fair turns. A page does not load this file.
 */
import { type Checks, isLimit } from "../check.ts";
import type { AnyConnection } from "./connection/connection.ts";
import type { FramePolicy, FrameView } from "./frame-policy.ts";
import type { ReusableList } from "./storage/reusable-list.ts";
import { RoundRobin } from "./storage/round-robin.ts";

/** The most that may become visible in one frame. A missing part is unlimited. */
export interface FrameBudget {
  /** The number of messages. */
  readonly messages?: number;
  /** The size of those messages on the wire, in bytes. The message that reaches the limit still becomes visible. */
  readonly bytes?: number;
}

/** The checks of {@link FrameBudget}. @internal */
export const BUDGET_CHECKS: Checks<FrameBudget> = { messages: isLimit(1), bytes: isLimit(1) };

/** Returns the policy of a budget, which is checked; `undefined` without limits. @internal */
export function budgetPolicy({
  messages = Infinity,
  bytes = Infinity,
}: FrameBudget): FramePolicy | undefined {
  return messages === Infinity && bytes === Infinity ? undefined : new BudgetPolicy(messages, bytes);
}

class BudgetPolicy implements FramePolicy {
  readonly #messages: number;
  readonly #bytes: number;
  readonly #turns = new RoundRobin<AnyConnection>({
    remaining: ({ receiver }) => receiver.arriving,
  });

  constructor(messages: number, bytes: number) {
    this.#messages = messages;
    this.#bytes = bytes;
  }

  latch(dirty: ReusableList<AnyConnection>, { tick, counters }: FrameView): number {
    for (let index = 0; index < dirty.length; index++) dirty.at(index).receiver.applyPolicy();
    for (let index = 0; index < dirty.length; index++) this.#turns.add(dirty.at(index), tick);
    const { receivedMessages, receivedBytes } = counters;
    return this.#turns.run(({ receiver }) => {
      if (counters.receivedMessages - receivedMessages >= this.#messages) return false;
      if (counters.receivedBytes - receivedBytes >= this.#bytes) return false;
      receiver.latch(1);
      return true;
    });
  }

  update(connection: AnyConnection): boolean {
    const hasSomething = connection.update();
    if (connection.receiver.arriving > 0) connection.requeue();
    return hasSomething;
  }
}
