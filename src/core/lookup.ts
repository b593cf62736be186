/**
 * A lookup: a query for the addresses of a name, whose answer appears in a later
 * frame. Knows no resolver, only the port's `NameQuery`.
 *
 *     query ── found, failed ──▶ answer ┊ poll: update ┊ ── tryResult ──▶ game
 */

import type { Address } from "../port/address.ts";
import type { CloseReason } from "../port/close-reason.ts";
import type { NameQuery } from "../port/name-query.ts";
import type { DatagramContext } from "./frame/poll-context.ts";

/** A query for the addresses of a name, pending or answered. Made by `poller.lookup`. */
export class Lookup {
  #answer: readonly Address[] | CloseReason | undefined;
  #result: readonly Address[] | undefined;
  #failure: CloseReason | undefined;

  /** @internal */
  constructor(context: Pick<DatagramContext, "markSourceDirty">, query: NameQuery) {
    const setAnswer = (answer: readonly Address[] | CloseReason): void => {
      this.#answer = answer;
      context.markSourceDirty(this);
    };
    query.ask({ found: setAnswer, failed: setAnswer });
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

  /** Makes the answer visible, in `poll()`. @internal */
  update(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    if ("kind" in answer) this.#failure = answer;
    else this.#result = answer;
  }
}
