/**
 * A lookup: a query for the addresses of a name, whose answer appears in a later
 * frame. Knows no resolver, only the port's `NameQuery`.
 *
 *     query ── found, failed ──▶ answer ┊ poll: update ┊ ── tryResult ──▶ game
 *
 * A query cannot be taken back. A lookup ends at its deadline or with its poller,
 * and an answer that comes later is not heard.
 */
import { checkOptions, deadline } from "../check.ts";
import type { Address } from "../port/address.ts";
import type { CloseReason } from "../port/close-reason.ts";
import type { NameQuery } from "../port/name-query.ts";
import type { Deadline } from "./frame/deadlines.ts";
import type { LookupContext } from "./frame/poll-context.ts";
import type { Limits } from "./limits/limits.ts";

/** Options of `poller.lookup`. */
export interface LookupOptions {
  /**
   * How long the answer may take, in milliseconds of polled time. By default the
   * poller's, 5,000: a connection to the name would wait no longer.
   */
  readonly timeoutMs?: number;
}

/** A query for the addresses of a name, pending or answered. Made by `poller.lookup`. */
// Implements `Source`, `Closing` and `Expiring` structurally, as those members are stripped from the typings.
export class Lookup {
  /** Always: an answer is not taken, but looked at. @internal */
  readonly hasLeftovers = false;
  /** A field for the `DeadlineHeap`, which alone reads and writes it. @internal */
  deadline: Deadline<unknown> | undefined;
  readonly #context: LookupContext;
  readonly #timeoutMs: number;
  #answer: readonly Address[] | CloseReason | undefined;
  #result: readonly Address[] | undefined;
  #failure: CloseReason | undefined;

  /** @internal */
  constructor(context: LookupContext, query: NameQuery, timeoutMs: number) {
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    const setAnswer = (answer: readonly Address[] | CloseReason): void => this.#setAnswer(answer);
    query.ask({ found: setAnswer, failed: setAnswer });
    context.beginDeadline(this, timeoutMs);
  }

  /** `pending` until the frame that shows the answer. */
  get state(): "pending" | "found" | "failed" {
    if (this.#failure !== undefined) return "failed";
    return this.#result === undefined ? "pending" : "found";
  }

  /** Why the query has failed; `undefined` while it is pending, and when it was answered. */
  get failure(): CloseReason | undefined {
    return this.#failure;
  }

  /**
   * Returns `undefined` while the answer is pending, which is not an error, and
   * when the query has failed; `state` distinguishes the two. Otherwise returns
   * at least one address, in the order to try them.
   */
  tryResult(): readonly Address[] | undefined {
    return this.#result;
  }

  // The rest is for the poller only.

  /** Makes the answer visible, in `poll()`. @internal */
  update(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    if ("kind" in answer) this.#failure = answer;
    else this.#result = answer;
    this.#context.setDeadline(this, Infinity);
    this.#context.removeSource(this);
  }

  /** Its deadline has passed. @internal */
  handleTimeout(): void {
    const message = `the name was not resolved within ${this.#timeoutMs} ms`;
    this.#setAnswer({ kind: "timeout", code: "timeoutMs", message });
  }

  /** Fails it, with its poller. @internal */
  close(): void {
    this.#setAnswer({ kind: "local", message: "the poller was closed" });
  }

  /** The first answer counts. */
  #setAnswer(answer: readonly Address[] | CloseReason): void {
    if (this.#answer !== undefined) return;
    this.#answer = answer;
    this.#context.markSourceDirty(this);
  }
}

/** The deadline that `options` give a lookup, checked. */
export function lookupTimeoutOf(options: LookupOptions, { timeoutMs }: Pick<Limits, "timeoutMs">): number {
  checkOptions<LookupOptions>(options, { timeoutMs: deadline });
  return options.timeoutMs ?? timeoutMs;
}
