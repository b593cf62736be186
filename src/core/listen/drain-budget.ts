/**
 * The budget of one call of `drain`: its limits, and how much of them is left.
 * Knows only the size of messages, and no connection.
 */
import { type Checks, checkOptions, isLimit, kindOf, limit, milliseconds } from "../../check.ts";

/** The budget of one call of `drain`. A missing part is unlimited. */
export interface DrainBudget {
  /** The number of messages. */
  readonly messages?: number;
  /** The size of those messages on the wire, in bytes. The message that reaches the limit is still visited. */
  readonly bytes?: number;
  /** Real time, in milliseconds; checked every 16 messages, as a check costs as much as a message. */
  readonly ms?: number;
}

/** The budget without a limit. */
export const UNLIMITED: DrainBudget = {};

/** Measures what is spent of a budget. One meter serves all calls, so that an idle frame allocates nothing. */
export class BudgetMeter {
  /** Whether the budget has no limit at all. */
  isUnlimited = true;
  /** The number of messages that the running call has visited. */
  visited = 0;
  readonly #clock: () => number;
  /** The budget of the last call, whose names are known: a check of these allocates. */
  #known = UNLIMITED;
  #deadlineMs = Infinity;
  #messages = Infinity;
  #bytes = Infinity;
  #visitedBytes = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * Starts a new call of `drain`.
   *
   * @throws TypeError when the budget is no object, or has a part that is not known or no number
   * @throws RangeError when a part is negative, or no whole number where one is needed
   */
  begin(budget: DrainBudget): void {
    if (budget !== this.#known) check(budget);
    this.#known = budget;
    const messages = limit("messages", budget.messages ?? Infinity, 0);
    const bytes = limit("bytes", budget.bytes ?? Infinity, 0);
    const ms = milliseconds("ms", budget.ms ?? Infinity);
    this.#messages = messages;
    this.#bytes = bytes;
    this.#deadlineMs = ms === Infinity ? Infinity : this.#clock() + ms;
    this.isUnlimited = messages === Infinity && bytes === Infinity && ms === Infinity;
    this.visited = 0;
    this.#visitedBytes = 0;
  }

  /** Whether the budget has real time in it. */
  get isTimed(): boolean {
    return this.#deadlineMs !== Infinity;
  }

  /** Has the call visit that many messages, whatever the time is; nothing changes without a number. */
  visitInstead(messages: number | undefined): void {
    if (messages === undefined) return;
    this.#messages = messages;
    this.#deadlineMs = Infinity;
  }

  /** Spends the budget for one message of `sizeBytes`; returns `false` when none is left. */
  spend(sizeBytes: number): boolean {
    if (this.visited >= this.#messages || this.#visitedBytes >= this.#bytes) return false;
    const checksTime = this.#deadlineMs !== Infinity && this.visited % MESSAGES_PER_CHECK === 0;
    if (checksTime && this.#clock() >= this.#deadlineMs) return false;
    this.visited++;
    this.#visitedBytes += sizeBytes;
    return true;
  }
}

function check(budget: unknown): void {
  if (typeof budget !== "object" || budget === null) {
    throw new TypeError(`budget: expected an object, got ${kindOf(budget)}`);
  }
  checkOptions(budget, BUDGET_CHECKS);
}

const BUDGET_CHECKS: Checks<DrainBudget> = { messages: isLimit(0), bytes: isLimit(0), ms: milliseconds };
const MESSAGES_PER_CHECK = 16;
