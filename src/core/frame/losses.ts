/**
 * What one connection lost by the policies that were chosen for it: counted as
 * the rest of its books, and told once a frame.
 */
import type { Keepers } from "./desk.ts";
import type { Counters, StreamStats } from "./stats.ts";

/** The losses of one connection. */
export class Losses<Member> {
  readonly #keepers: Keepers<Member>;
  readonly #own: Counters<StreamStats>;
  #received = 0;
  #sent = 0;

  constructor(own: Counters<StreamStats>, keepers: Keepers<Member>) {
    this.#keepers = keepers;
    this.#own = own;
  }

  /** So many messages are lost. */
  count(received: number, sent: number): void {
    this.#received += received;
    this.#sent += sent;
    const { desk, home } = this.#keepers;
    for (const counters of [this.#own, desk.counters, home?.counters]) {
      if (counters === undefined) continue;
      counters.lostReceived += received;
      counters.lostSent += sent;
    }
  }

  /** Tells what was lost since the last time; nothing, in the usual case. */
  tell(): void {
    const [received, sent] = [this.#received, this.#sent];
    if (received + sent === 0) return;
    this.#received = this.#sent = 0;
    const { desk, member } = this.#keepers;
    desk.announceLoss(member, { received, sent });
  }
}
