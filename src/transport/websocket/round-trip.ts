/**
 * The time of a round trip: from a ping to the pong that answers it, in real time.
 * Each ping has a word of its own, as a peer may also send pongs that answer none
 * (RFC 6455, section 5.5.3), and one that nobody can guess: a peer can seem to be
 * farther away than it is, and no nearer. Sends nothing.
 */
import { randomUUID } from "node:crypto";

/** The round trips of one WebSocket. */
export class RoundTrip {
  /** The time of the last one, in milliseconds; `undefined` before. */
  lastMs: number | undefined;
  #word = "";
  /** When the last ping was sent; `undefined` when its answer has come, or would be late. */
  #sentMs: number | undefined;

  /** Returns the word of a ping that is sent now. */
  begin(): string {
    this.#sentMs = performance.now();
    return (this.#word = randomUUID());
  }

  /** Takes the word of a pong. Returns whether it answers the last ping. */
  end(word: string): boolean {
    if (this.#sentMs === undefined || word !== this.#word) return false;
    this.lastMs = performance.now() - this.#sentMs;
    this.#sentMs = undefined;
    return true;
  }

  /** Measures nothing by the ping that is under way. */
  forget(): void {
    this.#sentMs = undefined;
  }
}
