/**
 * A question for the addresses of a name, and its answer.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";

/** A question for the addresses of a name, as `poller.lookup` takes it. */
export interface NameQuery {
  /** Asks, and tells one of the two, once, and not before it returns. */
  ask(answer: NameAnswer): void;
}

/** What is told of a {@link NameQuery}. Neither call throws. */
export interface NameAnswer {
  /** At least one address, in the order to try them. */
  found(addresses: readonly Address[]): void;
  failed(reason: CloseReason): void;
}
