/**
 * The operator's page: shows what the launcher tells, and says what the operator wants. Knows
 * no game, and decides nothing.
 *
 *     poll ──▶ view ──▶ tables ┊ buttons ──▶ order ──▶ flush
 */
import { type Connection, json, Poller, runLoop, session, websocket } from "../../../../src/browser.ts";
import type { Order, View } from "../../shared/operator-wire.ts";
import { Tables } from "./tables.ts";

/** The link to the launcher, which comes back when that does. */
class OperatorPage {
  readonly poller: Poller = new Poller();
  readonly #tables = new Tables(document, (order) => this.#connection.trySend(order));
  #connection = this.#connect();
  #againMs: number | undefined;

  /** One frame, between `poll()` and `flush()`. */
  frame(nowMs: number): void {
    const view = this.#connection.tryRecvLatest();
    if (view !== undefined) this.#tables.show(view);
    const { state, linked } = this.#connection;
    const isThere = state === "open" && linked;
    this.#tables.tell(isThere ? "linked" : "the launcher is away", isThere);
    if (state !== "closed") return;
    this.#againMs ??= nowMs + AGAIN_MS;
    if (nowMs < this.#againMs) return;
    this.#againMs = undefined;
    this.#connection = this.#connect();
  }

  #connect(): Connection<View, Order> {
    return this.poller.connect(session(websocket(`ws://${location.host}/link`)), json<View, Order>());
  }
}

const AGAIN_MS = 1_000;

const page = new OperatorPage();
await runLoop({ poller: page.poller, pace: "animation", tick: (_, { nowMs }) => page.frame(nowMs) });
