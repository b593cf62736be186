/**
 * A question for the addresses of a name, in frames: asked now, answered in a
 * later one. Knows no resolver but by its port.
 */

import type { Address } from "../port/address.ts";
import type { CloseReason } from "../port/close-reason.ts";
import type { NameQuery } from "../port/name-query.ts";
import type { DatagramContext } from "./frame/poll-context.ts";

/** A question under way or answered. Made by `poller.lookup`. */
export class Lookup {
  #filed: readonly Address[] | CloseReason | undefined;
  #result: readonly Address[] | undefined;
  #failure: CloseReason | undefined;

  /** @internal */
  constructor(context: Pick<DatagramContext, "markSourceDirty">, query: NameQuery) {
    const file = (answer: readonly Address[] | CloseReason): void => {
      this.#filed = answer;
      context.markSourceDirty(this);
    };
    query.ask({ found: file, failed: file });
  }

  /** `pending` until the frame that shows the answer. */
  get state(): "pending" | "found" | "failed" {
    if (this.#failure !== undefined) return "failed";
    return this.#result === undefined ? "pending" : "found";
  }

  /** Why there is no answer; `undefined` while it is pending, and when there is one. */
  get failure(): CloseReason | undefined {
    return this.#failure;
  }

  /**
   * The addresses, at least one, in the order to try them. `undefined` while the
   * answer is pending, and when the question has failed: `failure` tells the two
   * apart.
   */
  tryResult(): readonly Address[] | undefined {
    return this.#result;
  }

  /** Shows what was filed. @internal */
  update(): void {
    const answer = this.#filed;
    if (answer === undefined) return;
    if ("kind" in answer) this.#failure = answer;
    else this.#result = answer;
  }
}
