/**
 * The clock of a server, measured by round trips as NTP does: of the last eight samples the
 * one with the shortest round trip counts, as the least time was lost on its way. It goes
 * there at a rate of a hundredth of the time that passes, so that the game's time never
 * jumps; it steps before its first use, after a resume, and when it is far away.
 *
 * Changes by {@link ServerClock.show} alone, at the start of a frame.
 */
import type { PeerClock } from "../../../port/peer-clock.ts";

/** The measured clock of a server. */
export class ServerClock implements PeerClock {
  offsetMs = 0;
  errorMs: number = Infinity;
  serverNowMs = 0;
  #samples: Sample[] = [];
  #isStepping = true;
  #shownAtMs = 0;

  /** Whether there was a sample. */
  isKnown = false;

  /**
   * A pong has come.
   *
   * @param sentMs when its ping was sent, by this side's clock; `receivedMs` is when the pong came
   * @param serverMs the server's time in between
   */
  take(sentMs: number, receivedMs: number, serverMs: number): void {
    const rttMs = Math.max(0, receivedMs - sentMs);
    this.#samples.push({ rttMs, offsetMs: serverMs - (sentMs + receivedMs) / 2 });
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift();
  }

  /** The line is another one: the samples of the old one count no more, and the next one is a step. */
  restart(): void {
    this.#samples = [];
    this.#isStepping = true;
  }

  /** Shows what is known at `nowMs`, by this side's clock. */
  show(nowMs: number): void {
    const best = this.#best();
    if (best !== undefined) {
      const mostMs = Math.max(0, nowMs - this.#shownAtMs) * SLEW;
      const missingMs = best.offsetMs - this.offsetMs;
      const isStep = this.#isStepping || Math.abs(missingMs) > STEP_MS;
      this.offsetMs += isStep ? missingMs : Math.min(mostMs, Math.max(-mostMs, missingMs));
      this.errorMs = best.rttMs / 2;
      this.#isStepping = false;
      this.isKnown = true;
    }
    this.#shownAtMs = nowMs;
    this.serverNowMs = nowMs + this.offsetMs;
  }

  #best(): Sample | undefined {
    let best: Sample | undefined;
    for (const sample of this.#samples) if (best === undefined || sample.rttMs < best.rttMs) best = sample;
    return best;
  }
}

interface Sample {
  readonly rttMs: number;
  readonly offsetMs: number;
}

const MOST_SAMPLES = 8;
/** So slow that no game sees it. */
const SLEW = 0.01;
/** Farther away it is another clock, as after a pause of the machine: to go there would take minutes. */
const STEP_MS = 250;
