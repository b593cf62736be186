/**
 * A query for the addresses of a name, and its answer. Decides nothing about
 * the resolver that answers it.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";

/** A query for the addresses of a name, as `poller.lookup` takes it. */
export interface NameQuery {
  /** Sends the query. Calls one of the two methods of `answer`, once, and never before it returns. */
  ask(answer: NameAnswer): void;
}

/** The handler for the answer to a {@link NameQuery}. Neither call throws. */
export interface NameAnswer {
  /** The query has found at least one address. They are in the order to try them. */
  found(addresses: readonly Address[]): void;
  /** The query has failed. */
  failed(reason: CloseReason): void;
}
