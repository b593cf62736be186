/**
 * How much one call of `drain` may do, how much of that is left, and what it
 * does where there is no limit. Knows messages by their size alone.
 */
import { limit, milliseconds } from "../check.ts";

/** How much one call of `drain` may do. What is not given is unlimited. */
export interface DrainBudget {
  /** Messages. */
  readonly messages?: number;
  /** Bytes of those messages on the wire. The message that reaches the limit is still visited. */
  readonly bytes?: number;
  /** Milliseconds, looked at every 16 messages, as looking costs as much as a message. */
  readonly ms?: number;
}

/** A budget while it is spent. */
export class Spending {
  /** Whether it never ends. */
  readonly isUnlimited: boolean;
  readonly #clock: () => number;
  readonly #deadlineMs: number;
  readonly #messages: number;
  readonly #bytes: number;
  #visited = 0;
  #visitedBytes = 0;

  /** @throws RangeError when a budget is negative or no number */
  constructor(budget: DrainBudget, clock: () => number) {
    this.#messages = limit("messages", budget.messages ?? Infinity, 0);
    this.#bytes = limit("bytes", budget.bytes ?? Infinity, 0);
    const ms = milliseconds("ms", budget.ms ?? Infinity);
    this.#clock = clock;
    this.#deadlineMs = ms === Infinity ? Infinity : clock() + ms;
    this.isUnlimited = this.#messages === Infinity && this.#bytes === Infinity && ms === Infinity;
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

/** All messages of `connection` in one turn: a quarter less for each than in turns of their own. */
export function visitAll<From extends { tryRecv(): In | undefined }, In>(
  connection: From,
  visit: (connection: From, message: In) => void,
): true {
  for (let message: In | undefined; (message = connection.tryRecv()) !== undefined; ) {
    visit(connection, message);
  }
  return true;
}

const MESSAGES_PER_LOOK = 16;
