/**
 * Follows a cube whose positions arrive now and then, so that it is seen to move
 * evenly. Pure: arrivals and frames go in with their times, a place comes out.
 *
 *     receive ──▶ knots, each with the time it is due ──▶ path ──▶ two lags ──▶ shown
 *
 * An arrival is not shown at once: it is due about one interval later, in the
 * rhythm in which the arrivals come, so that there is always somewhere to move
 * to. The path between the knots has corners, which the lags round. All three
 * steps only average what was received: what is shown never leaves the box around
 * it, so it cannot overshoot, and when nothing more comes it ends exactly there.
 *
 * It does not guess ahead. A late word and a stop look the same from here, so a
 * guess would overshoot at each stop; the margin in the delay covers lateness.
 */
import type { Vector } from "../shared/world.ts";

/** A place that follows the positions it receives. */
export class Follow {
  /** Off: the last received position is shown at once, as raw as it comes. */
  isSmooth = true;

  #last: Vector;
  #shown: Vector;
  /** Where the path was at the last frame, and the path behind the first lag. */
  #at: Vector;
  #lagged: Vector;
  readonly #knots: Knot[];
  readonly #rhythm = new Rhythm();
  #nowMs = Number.NEGATIVE_INFINITY;
  /** Until then no way is too long for a glide. */
  #bridgesUntilMs = Number.NEGATIVE_INFINITY;

  constructor(place: Vector) {
    this.#last = this.#shown = this.#at = this.#lagged = place;
    this.#knots = [{ dueMs: Number.NEGATIVE_INFINITY, place }];
  }

  /** The last received position, in units. */
  get last(): Vector {
    return this.#last;
  }

  /** Whether the shown place still has to move to be there. */
  get isMoving(): boolean {
    return this.#shown !== this.#last;
  }

  /** How long after its arrival a position is reached, in milliseconds, as it stands now. */
  get delayMs(): number {
    return this.isSmooth ? this.#rhythm.leadMs + 2 * this.#rhythm.lagMs : 0;
  }

  /** Is at `place` and at rest: somebody else moved it there, or it must not be seen moving. */
  reset(place: Vector): void {
    this.#last = this.#shown = this.#at = this.#lagged = place;
    this.#knots.splice(0, Infinity, { dueMs: Number.NEGATIVE_INFINITY, place });
  }

  /** The arrivals are held up. What comes after is the same movement, however far it went: the way there is a glide, and no leap. */
  bridge(nowMs: number): void {
    this.#bridgesUntilMs = nowMs + BRIDGE_MS;
  }

  /** A position arrived. The same place again changes nothing, and is no part of the rhythm. */
  receive(place: Vector, nowMs: number): void {
    if (distance(place, this.#last) === 0) return;
    const newest = this.#knots.at(-1);
    const isDry = newest === undefined || newest.dueMs <= nowMs;
    this.#rhythm.note(nowMs);
    const way = distance(place, this.#last);
    const isBridge = nowMs <= this.#bridgesUntilMs;
    const leastMs = isBridge && !isDry ? newest.dueMs + glideMs(way) : 0;
    const nextMs = isDry ? nowMs + this.#restartMs(way) : this.#rhythm.dueAfter(newest.dueMs, nowMs);
    const dueMs = Math.max(nextMs, leastMs);
    // From where the path stands now, not from where it was when the last word came.
    if (isDry) this.#knots.push({ dueMs: nowMs, place: newest?.place ?? this.#last });
    const sinceMs = dueMs - (isDry ? nowMs : newest.dueMs);
    if (way / sinceMs > TELEPORT_UNITS_PER_MS && !isBridge) {
      this.reset(place);
    } else {
      this.#last = place;
      this.#knots.push({ dueMs, place });
    }
  }

  /** The place to show in the frame at `nowMs`, in units. Ends as the very vector that was received last. */
  frame(nowMs: number): Vector {
    const dtMs = Math.min(nowMs - this.#nowMs, LONGEST_FRAME_MS);
    this.#nowMs = nowMs;
    if (!this.isSmooth) this.reset(this.#last);
    if (!this.isMoving || dtMs <= 0) return this.#shown;
    const at = this.#pathAt(nowMs);
    const { lagMs } = this.#rhythm;
    const lagged = lag(this.#lagged, this.#at, at, dtMs, lagMs);
    this.#shown = lag(this.#shown, this.#lagged, lagged, dtMs, lagMs);
    this.#at = at;
    this.#lagged = lagged;
    if (at === this.#last && distance(this.#shown, at) < CLOSE_UNITS) this.reset(this.#last);
    return this.#shown;
  }

  /** After a rest: the usual lead, and longer for a leap, so that it is a glide. */
  #restartMs(way: number): number {
    return Math.max(this.#rhythm.leadMs, glideMs(way));
  }

  #pathAt(nowMs: number): Vector {
    const knots = this.#knots;
    let passed = 0;
    while (passed + 1 < knots.length && (knots[passed + 1]?.dueMs ?? 0) <= nowMs) passed++;
    knots.splice(0, passed);
    const [from, to] = knots;
    if (from === undefined) return this.#last;
    if (to === undefined) return from.place;
    return between(from.place, to.place, (nowMs - from.dueMs) / (to.dueMs - from.dueMs));
  }
}

/** The rhythm of the arrivals: how far apart they are, how uneven, and so how long to wait with each. */
class Rhythm {
  #learnt: Learnt = { intervalMs: FIRST_INTERVAL_MS, jitterMs: 0, oddMs: 0 };
  /** What was learnt until the frame before: arrivals of one frame are learnt from together. */
  #before: Learnt = this.#learnt;
  #lastMs = Number.NEGATIVE_INFINITY;
  #gapMs = 0;
  #count = 0;

  /** How long after its arrival a position is due: an interval, and what arrivals are off by. */
  get leadMs(): number {
    const { intervalMs, jitterMs } = this.#learnt;
    return intervalMs + Math.min(3 * jitterMs, 2 * intervalMs) + FRAME_MS / 2;
  }

  /** The time that each lag rounds corners by: less than a frame for a fast stream, a good part of a slow one. */
  get lagMs(): number {
    return Math.min(Math.max(this.#learnt.intervalMs * LAG_SHARE, FRAME_MS / 2), LONGEST_LAG_MS);
  }

  note(nowMs: number): void {
    if (nowMs !== this.#lastMs) {
      this.#before = this.#learnt;
      this.#gapMs = nowMs - this.#lastMs;
      this.#lastMs = nowMs;
      this.#count = 0;
    }
    this.#count++;
    this.#learnt = this.#learn(this.#before, this.#gapMs / this.#count);
  }

  #learn({ intervalMs, jitterMs, oddMs }: Learnt, gapMs: number): Learnt {
    // One odd gap is a rest of the cube or a hiccup, and says nothing; two alike are another rhythm.
    const isOdd = gapMs > ODD_TIMES * Math.max(intervalMs, FRAME_MS) || gapMs * ODD_TIMES < intervalMs;
    const isAlike = gapMs < ALIKE_TIMES * oddMs && oddMs < ALIKE_TIMES * gapMs;
    if (isOdd && isAlike) return { intervalMs: Math.min(gapMs, LONGEST_INTERVAL_MS), jitterMs: 0, oddMs: 0 };
    if (isOdd) return { intervalMs, jitterMs, oddMs: gapMs };
    const share = this.#share;
    return {
      intervalMs: intervalMs + (gapMs - intervalMs) * share,
      jitterMs: jitterMs + (Math.abs(gapMs - intervalMs) - jitterMs) * share,
      oddMs: 0,
    };
  }

  /** How much one arrival counts. */
  get #share(): number {
    return Math.min(this.#before.intervalMs / LEARN_MS, MOST_SHARE);
  }

  /** One interval behind the one before, drawn gently towards the arrival's own time. */
  dueAfter(dueMs: number, nowMs: number): number {
    const { intervalMs } = this.#learnt;
    const offMs = nowMs + this.leadMs - (dueMs + intervalMs);
    const leastMs = Math.max(intervalMs * FASTEST_SHARE, SHORTEST_STEP_MS);
    return dueMs + Math.max(intervalMs + offMs * this.#share, leastMs);
  }
}

interface Learnt {
  readonly intervalMs: number;
  readonly jitterMs: number;
  /** The gap before, when it did not fit; 0 when it did. */
  readonly oddMs: number;
}

interface Knot {
  readonly dueMs: number;
  readonly place: Vector;
}

/**
 * A first-order lag behind an input that went from `from` to `to` in `dtMs`,
 * exact for any length of frame. The weights add up to 1 and none is negative.
 */
function lag(behind: Vector, from: Vector, to: Vector, dtMs: number, lagMs: number): Vector {
  const kept = Math.exp(-dtMs / lagMs);
  const mean = (lagMs / dtMs) * (1 - kept);
  const mix = (axis: 0 | 1 | 2): number =>
    kept * behind[axis] + (mean - kept) * from[axis] + (1 - mean) * to[axis];
  return [mix(0), mix(1), mix(2)];
}

/** How long a glide over that way takes. */
function glideMs(way: number): number {
  return Math.min(way / GLIDE_UNITS_PER_MS, LONGEST_GLIDE_MS);
}

function between(from: Vector, to: Vector, share: number): Vector {
  const mix = (axis: 0 | 1 | 2): number => from[axis] + (to[axis] - from[axis]) * share;
  return [mix(0), mix(1), mix(2)];
}

function distance(a: Vector, b: Vector): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** A frame of a usual screen: nothing finer can be seen. */
const FRAME_MS = 1_000 / 60;
/** The guess before anything was measured: between a fast stream and a typing person. */
const FIRST_INTERVAL_MS = 33;
/** Slower than this is no stream: nobody waits so long for the next word. */
const LONGEST_INTERVAL_MS = 2_500;
/** A gap that is so many times longer or shorter than an interval does not fit. */
const ODD_TIMES = 3;
/** Two gaps are alike when neither is longer than so many times the other: a jittery stream is still one. */
const ALIKE_TIMES = 2.5;
/** The rhythm is learnt over this time, and due times are drawn to it: slowly, so that the speed stays even. */
const LEARN_MS = 600;
/** A slow stream would take too long for that: it is learnt over about eight of its words. */
const MOST_SHARE = 0.12;
/** A burst after a stall is played at most this many times as fast. */
const FASTEST_SHARE = 0.4;
const SHORTEST_STEP_MS = 1;
/** Corners are rounded over about a third of an interval, twice. */
const LAG_SHARE = 0.35;
const LONGEST_LAG_MS = 200;
/** A leap from rest is shown as a glide at 40 units per second, for a quarter of a second at the most. */
const GLIDE_UNITS_PER_MS = 0.04;
const LONGEST_GLIDE_MS = 250;
/** After a link was held, what waited comes in a burst, and the newest position a moment later. */
const BRIDGE_MS = 1_000;
/** No hand is as fast: who seems to move at 100 units per second has been put elsewhere. */
const TELEPORT_UNITS_PER_MS = 0.1;
/** Half of what the wire can say: the rest of the way nobody can see. */
const CLOSE_UNITS = 0.0005;
/** After a hidden tab the averages need not be worked through. */
const LONGEST_FRAME_MS = 1_000;
