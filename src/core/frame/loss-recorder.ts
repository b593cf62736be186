/**
 * What one connection lost by the policies that were chosen for it: counted as
 * the rest of its books, and told once a frame.
 */
import type { ConnectionOwner, ConnectionRef } from "./poll-context.ts";
import type { Counters, StreamStats } from "./stats.ts";

/** The losses of one connection. */
export class LossRecorder<Member extends ConnectionRef> {
  readonly #owner: ConnectionOwner<Member>;
  readonly #own: Counters<StreamStats>;
  #received = 0;
  #sent = 0;

  constructor(own: Counters<StreamStats>, owner: ConnectionOwner<Member>) {
    this.#owner = owner;
    this.#own = own;
  }

  /** So many messages are lost. */
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

  /** Tells what was lost since the last time; nothing, in the usual case. */
  report(): void {
    const [received, sent] = [this.#received, this.#sent];
    if (received + sent === 0) return;
    this.#received = this.#sent = 0;
    const { context, member } = this.#owner;
    context.emitLoss(member, { received, sent });
  }
}
