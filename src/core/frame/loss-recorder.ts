/**
 * The losses of one connection by its overflow policies. Counts them for the
 * connection, its listener and its poller, and reports them once per frame.
 * Decides nothing about what is dropped.
 */
import type { ConnectionOwner, ConnectionRef } from "./poll-context.ts";
import type { Counters, StreamStats } from "./stats.ts";

/** The loss recorder of one connection. */
export class LossRecorder<Member extends ConnectionRef> {
  readonly #owner: ConnectionOwner<Member>;
  readonly #own: Counters<StreamStats>;
  #received = 0;
  #sent = 0;

  constructor(own: Counters<StreamStats>, owner: ConnectionOwner<Member>) {
    this.#owner = owner;
    this.#own = own;
  }

  /** Counts lost messages: `received` ones and `sent` ones. */
  count(received: number, sent: number): void {
    this.#received += received;
    this.#sent += sent;
    const { context, listener } = this.#owner;
    for (const counters of [this.#own, context.counters, listener?.counters]) {
      if (counters === undefined) continue;
      counters.lostReceived += received;
      counters.lostSent += sent;
    }
  }

  /** Emits one event for the losses since the last report; none when nothing was lost, the usual case. */
  report(): void {
    const [received, sent] = [this.#received, this.#sent];
    if (received + sent === 0) return;
    this.#received = this.#sent = 0;
    const { context, member } = this.#owner;
    context.emitLoss(member, { received, sent });
  }
}
