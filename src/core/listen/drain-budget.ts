/**
 * How much one call of `drain` may do, and how much of that is left. Knows
 * messages by their size alone.
 */
import { limit, milliseconds } from "../../check.ts";

/** How much one call of `drain` may do. What is not given is unlimited. */
export interface DrainBudget {
  /** Messages. */
  readonly messages?: number;
  /** Bytes of those messages on the wire. The message that reaches the limit is still visited. */
  readonly bytes?: number;
  /** Milliseconds, looked at every 16 messages, as looking costs as much as a message. */
  readonly ms?: number;
}

/** A budget while it is spent. One for all calls: a silent frame must not make a new one. */
export class BudgetMeter {
  /** Whether it never ends. */
  isUnlimited = true;
  readonly #clock: () => number;
  #deadlineMs = Infinity;
  #messages = Infinity;
  #bytes = Infinity;
  #visited = 0;
  #visitedBytes = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** @throws RangeError when a budget is negative or no number */
  begin(budget: DrainBudget): void {
    const messages = limit("messages", budget.messages ?? Infinity, 0);
    const bytes = limit("bytes", budget.bytes ?? Infinity, 0);
    const ms = milliseconds("ms", budget.ms ?? Infinity);
    this.#messages = messages;
    this.#bytes = bytes;
    this.#deadlineMs = ms === Infinity ? Infinity : this.#clock() + ms;
    this.isUnlimited = messages === Infinity && bytes === Infinity && ms === Infinity;
    this.#visited = 0;
    this.#visitedBytes = 0;
  }

  /** Whether there is budget for one more message, of `sizeBytes`; spends it when there is. */
  spend(sizeBytes: number): boolean {
    if (this.#visited >= this.#messages || this.#visitedBytes >= this.#bytes) return false;
    const looks = this.#deadlineMs !== Infinity && this.#visited % MESSAGES_PER_LOOK === 0;
    if (looks && this.#clock() >= this.#deadlineMs) return false;
    this.#visited++;
    this.#visitedBytes += sizeBytes;
    return true;
  }
}

const MESSAGES_PER_LOOK = 16;
