/**
 * The rounds of a loop, whoever waits between them: which periods have passed, what
 * time a tick stands for, and what is counted. Knows only the public side of the poller.
 */
import { kindOf } from "./check.ts";
import type { ClientPoller } from "./core/client-poller.ts";
import type { Frame } from "./core/frame/frame.ts";
import { type LoopTimes, RoundTimes } from "./loop-times.ts";

/** The poller and the tick of a loop. */
export interface TickOptions {
  /** The poller, which is polled before each tick and flushed after it. */
  readonly poller: ClientPoller;
  /**
   * One tick of the game, which ends with the call: the loop does not wait for what an
   * `async` function does after its first `await`, as the frames of all others would
   * be late then. What such a function throws ends the loop all the same.
   *
   * @param dtMs the game time that this tick stands for, in milliseconds: one
   *   period of `rateHz`, or several if ticks were left out; 0 for the first
   *   tick, and for an early one, which activity causes in a hidden page
   * @param frame the result of `poll()`, and what was left out of `dtMs`
   */
  readonly tick: (dtMs: number, frame: LoopFrame) => void;
  /**
   * The most game time that one tick stands for, in milliseconds; at least one period of
   * `rateHz`. What is over it is left out, and told in `frame.skippedMs`: after a debugger
   * or a laptop that slept a game goes on where it was. 2,000 by default, or one
   * period of a slower rate: twice the period of a hidden page's timers.
   */
  readonly maxDtMs?: number;
  /** Called once a second, after a tick, with how long the rounds took. */
  readonly report?: (times: LoopTimes) => void;
  /** Ends the loop, after the current tick. */
  readonly signal?: AbortSignal;
}

/** A frame of a loop. The loop gives the same object to every tick: copy the numbers that you keep. */
export interface LoopFrame extends Frame {
  /** The game time that `maxDtMs` left out of this tick's `dtMs`, in milliseconds; mostly 0. */
  readonly skippedMs: number;
}

/** The counts of a loop, after it has ended. */
export interface LoopReport {
  /** How many ticks ran. */
  readonly ticks: number;
  /** How many ticks of a fixed rate were left out, as the one before took too long; their time is in the next `dtMs`. */
  readonly overruns: number;
}

/** The rounds of one loop, which begins now. */
export class Rounds {
  readonly #options: Pick<TickOptions, "poller" | "tick" | "maxDtMs" | "report">;
  readonly #periodMs: number;
  readonly #isAnimated: boolean;
  readonly #startMs: number = performance.now();
  readonly #times: RoundTimes | undefined;
  readonly #mostPeriods: number;
  #frame: { -readonly [Name in keyof LoopFrame]: LoopFrame[Name] } | undefined;
  #ticks = 0;
  #overruns = 0;
  #period = 0;

  constructor(
    options: Pick<TickOptions, "poller" | "tick" | "maxDtMs" | "report">,
    periodMs: number,
    isAnimated: boolean,
  ) {
    const { report, maxDtMs = DEFAULT_MAX_DT_MS } = options;
    this.#options = options;
    this.#periodMs = periodMs;
    this.#isAnimated = isAnimated;
    this.#times = report && new RoundTimes(report, this.#startMs);
    this.#mostPeriods = Math.max(1, Math.floor(maxDtMs / periodMs + ROUNDING));
  }

  /** When the next round is due. */
  get nextMs(): number {
    return this.#startMs + this.#period * this.#periodMs;
  }

  get report(): LoopReport {
    return { ticks: this.#ticks, overruns: this.#overruns };
  }

  /**
   * Runs a round, for the periods that have passed. `returned` is given what the tick has returned.
   *
   * @param isEarly whether it stands between two periods, and for no time
   */
  run(returned: (result: unknown) => void, isEarly: boolean = false): void {
    const { poller, tick } = this.#options;
    const periodMs = this.#periodMs;
    const period = this.#period;
    const beganMs = performance.now();
    const frame = poller.poll();
    const passed = (performance.now() - this.#startMs) / periodMs;
    // A fixed tick stands for a full period even if its timer was early; an animated one for the time that has passed.
    const due = isEarly
      ? period - 1
      : this.#isAnimated
        ? Math.max(period - 1, Math.floor(passed + 2 * EARLY))
        : Math.max(period, Math.floor(passed));
    const leftOut = due - period;
    const overrun = this.#isAnimated || isEarly ? 0 : leftOut;
    this.#overruns += overrun;
    this.#ticks++;
    const periods = this.#ticks === 1 ? 0 : 1 + leftOut;
    const shown = Math.min(periods, this.#mostPeriods);
    const loopFrame = Object.assign((this.#frame ??= { ...frame, skippedMs: 0 }), frame);
    loopFrame.skippedMs = periods > shown ? (periods - shown) * periodMs : 0;
    returned(tick(shown > 0 ? shown * periodMs : 0, loopFrame));
    poller.flush();
    this.#times?.add(beganMs, performance.now(), overrun, loopFrame.skippedMs);
    this.#period = due + 1;
  }
}

/** The length of a period, in milliseconds. Throws when an option is missing, or the two contradict each other. */
export function periodOf(rateHz: unknown, maxDtMs: number | undefined): number {
  isLoopRate("rateHz", rateHz);
  const periodMs = 1_000 / rateHz;
  if (maxDtMs !== undefined && maxDtMs < periodMs) {
    throw new RangeError(`maxDtMs: expected at least one period of rateHz, ${periodMs} ms, got ${maxDtMs}`);
  }
  return periodMs;
}

/** A check that the value is a poller. */
export function isPoller(name: string, value: unknown): void {
  if (typeof (value as Partial<ClientPoller> | undefined)?.onActivity === "function") return;
  throw new TypeError(`${name}: expected a Poller, got ${kindOf(value)}`);
}

/** A check that the value is a rate of ticks. */
export function isLoopRate(name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name}: expected a number, got ${kindOf(value)}`);
  if (!(value > 0 && value <= MAX_RATE_HZ)) {
    throw new RangeError(`${name}: expected a number above 0 and up to ${MAX_RATE_HZ}, got ${value}`);
  }
}

/** How early an animation frame may come, in periods. */
export const EARLY: number = 1 / 8;
export const MAX_RATE_HZ = 1_000;
const DEFAULT_MAX_DT_MS = 2_000;
/** A period is a fraction, whose multiples come out slightly low. */
const ROUNDING = 1e-9;
