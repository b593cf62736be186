/**
 * What one connection lost by the policies that were chosen for it: counted as
 * the rest of its books, and told once a frame.
 */
import type { Keepers } from "./desk.ts";
import type { Counters, StreamStats } from "./stats.ts";

/** The losses of one connection. */
export class Losses {
  readonly #counters: readonly Counters<StreamStats>[];
  #received = 0;
  #sent = 0;

  constructor(own: Counters<StreamStats>, { desk, home }: Pick<Keepers<never>, "desk" | "home">) {
    this.#counters = home === undefined ? [own, desk.counters] : [own, desk.counters, home.counters];
  }

  /** So many messages are lost. */
  count(received: number, sent: number): void {
    this.#received += received;
    this.#sent += sent;
    for (const counters of this.#counters) {
      counters.lostReceived += received;
      counters.lostSent += sent;
    }
  }

  /** What was lost since the last time; `undefined` when nothing was, the usual case. */
  take(): { readonly received: number; readonly sent: number } | undefined {
    const [received, sent] = [this.#received, this.#sent];
    if (received + sent === 0) return undefined;
    this.#received = this.#sent = 0;
    return { received, sent };
  }
}
