/**
 * When a session that has lost its line tries to get another: at once, then after
 * delays up to a cap that doubles from 100 ms to 5 s. Each is drawn from the whole range
 * ("full jitter"), so that the players of a gateway that was away do not come back together.
 * Knows no line.
 */

/** The schedule of one session. */
export class Redial {
  /** When the next try is due. */
  dueMs: number = Infinity;
  readonly #random: (bytes: Uint8Array) => void;
  #tries = 0;
  #linkedMs: number | undefined;

  /** @param random fills bytes at random */
  constructor(random: (bytes: Uint8Array) => void) {
    this.#random = random;
  }

  /** There is a line. */
  linked(nowMs: number): void {
    this.dueMs = Infinity;
    this.#linkedMs = nowMs;
  }

  /** The line is lost: a try is due at once, unless it was one of those that end as soon as they begin. */
  lost(nowMs: number): void {
    if (this.#linkedMs !== undefined && nowMs - this.#linkedMs >= STABLE_MS) this.#tries = 0;
    this.#schedule(nowMs);
  }

  /** A try has failed. */
  failed(nowMs: number): void {
    this.#schedule(nowMs);
  }

  /** A try begins. */
  begin(): void {
    this.dueMs = Infinity;
  }

  /** There is a sign that the network is back: the next try is due at once. */
  hurry(nowMs: number): void {
    this.#tries = 1; // this one; after it the delays begin anew
    if (this.dueMs !== Infinity) this.dueMs = nowMs;
  }

  #schedule(nowMs: number): void {
    const capMs = this.#tries === 0 ? 0 : Math.min(MOST_MS, FIRST_MS * 2 ** (this.#tries - 1));
    this.#tries++;
    this.dueMs = nowMs + capMs * this.#draw(capMs);
  }

  /** A number from 0 to 1. */
  #draw(capMs: number): number {
    if (capMs === 0) return 0;
    const bytes = new Uint8Array(4);
    this.#random(bytes);
    return new DataView(bytes.buffer).getUint32(0) / 0xffff_ffff;
  }
}

const FIRST_MS = 100;
const MOST_MS = 5_000;
/** A line that has lived for so long was a good one. */
const STABLE_MS = 1_000;
