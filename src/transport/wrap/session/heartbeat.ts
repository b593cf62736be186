/**
 * The signs of life of a session's line, and what round trips say: how far the peer is
 * for the line, and for frames of the game.
 *
 *     ping ──▶ peer's socket ── pong, with its time ──▶ rttMs, jitterMs, clock
 *       └────▶ peer's next frame ── echo ─────────────▶ frameRttMs
 *
 * Decides when a ping is due and when the line is dead, in counted time. What it
 * measures is shown by `show` alone, at the start of a frame.
 */

import type { ServerClock } from "./peer-clock.ts";
import type { Terms } from "./session-options.ts";

/** The heartbeat of one session. */
export class Heartbeat {
  /** What is shown. */
  rttMs: number | undefined;
  jitterMs: number | undefined;
  frameRttMs: number | undefined;
  /** When the next ping is due. */
  pingDueMs: number = Infinity;
  readonly #terms: Terms;
  readonly #clock: ServerClock | undefined;
  #phaseMs = 0;
  #lastSignMs = 0;
  /** When the silence was found to be too long; `undefined` while it is not. */
  #lateMs: number | undefined;
  readonly #sentMs = new Float64Array(REMEMBERED);
  readonly #sentInFrameMs = new Float64Array(REMEMBERED);
  /** The number of pings on this line whose answers would count: older ones do not. */
  #countFrom = 0;
  #pings = 0;
  #measuredRttMs: number | undefined;
  #measuredJitterMs: number | undefined;
  #echoed: number | undefined;

  /** @param clock the peer's clock, where it is wanted */
  constructor(terms: Terms, clock: ServerClock | undefined) {
    this.#terms = terms;
    this.#clock = clock;
  }

  /** Gives this session, the `order`th that share a pump, moments for its pings that others do not have. */
  spread(order: number): void {
    const { pingIntervalMs } = this.#terms;
    this.#phaseMs = pingIntervalMs === Infinity ? 0 : ((order * GOLDEN_RATIO) % 1) * pingIntervalMs;
  }

  /** A new line begins at `nowMs`: its first ping is due at once. */
  begin(nowMs: number): void {
    this.pingDueMs = this.#terms.pingIntervalMs === Infinity ? Infinity : nowMs;
    this.sign(nowMs);
    this.forget();
    this.#clock?.restart();
  }

  /** There is no line. */
  stop(): void {
    this.pingDueMs = Infinity;
  }

  /** The peer has shown that it lives. */
  sign(nowMs: number): void {
    this.#lastSignMs = nowMs;
    this.#lateMs = undefined;
  }

  /** When {@link isDead} has to be asked, if nothing more comes. */
  get deadAtMs(): number {
    return this.#lateMs === undefined
      ? this.#lastSignMs + this.#terms.deadPeerMs
      : this.#lateMs + LAST_CHANCE_MS;
  }

  /**
   * Whether the line is dead. Not at the first poll that finds it silent for too long, but some frames
   * later: it may be this process that stood still, and then what has come meanwhile is read between them.
   */
  isDead(nowMs: number): boolean {
    if (nowMs < this.deadAtMs) return false;
    if (this.#lateMs !== undefined) return true;
    this.#lateMs = nowMs;
    return false;
  }

  /** The answers of pings that are under way count for nothing: this side has not read meanwhile. */
  forget(): void {
    this.#countFrom = this.#pings;
    this.#echoed = undefined;
  }

  /** Returns the number of a ping that is sent now. */
  ping(nowMs: number, frameMs: number): number {
    this.pingDueMs = this.#nextPingMs(nowMs);
    const id = this.#pings++ % IDS;
    this.#sentMs[id % REMEMBERED] = this.#terms.clock();
    this.#sentInFrameMs[id % REMEMBERED] = frameMs;
    return id;
  }

  /** A pong has come. Returns whether there is something new to show. */
  pong(id: number, peerMs: number): boolean {
    const place = this.#placeOf(id);
    if (place === undefined) return false;
    const sentMs = this.#sentMs[place] ?? 0;
    const nowMs = this.#terms.clock();
    const rttMs = Math.max(0, nowMs - sentMs);
    const before = this.#measuredRttMs;
    if (before !== undefined) {
      const jitterMs = this.#measuredJitterMs ?? 0;
      this.#measuredJitterMs = jitterMs + (Math.abs(rttMs - before) - jitterMs) / SMOOTHING;
    }
    this.#measuredRttMs = rttMs;
    this.#clock?.take(sentMs, nowMs, peerMs);
    return true;
  }

  /** An echo has come. Returns whether there is something new to show. */
  echo(id: number): boolean {
    const place = this.#placeOf(id);
    if (place === undefined) return false;
    this.#echoed = place;
    return true;
  }

  /** Shows what was measured, in the frame at `frameMs`. */
  show(frameMs: number): void {
    this.rttMs = this.#measuredRttMs;
    this.jitterMs = this.#measuredRttMs === undefined ? undefined : (this.#measuredJitterMs ?? 0);
    if (this.#echoed === undefined) return;
    this.frameRttMs = Math.max(0, frameMs - (this.#sentInFrameMs[this.#echoed] ?? frameMs));
    this.#echoed = undefined;
  }

  /**
   * The next moment of this session, an interval after the last one. When all sessions have sent in one
   * frame, as after a pause of the process, it comes earlier, so that they do not go on to.
   */
  #nextPingMs(nowMs: number): number {
    const { pingIntervalMs } = this.#terms;
    if (pingIntervalMs === Infinity) return Infinity;
    const sinceMs = (nowMs - this.#phaseMs) % pingIntervalMs;
    const waitMs = pingIntervalMs - (sinceMs < 0 ? sinceMs + pingIntervalMs : sinceMs);
    return nowMs + (waitMs < ROUNDING_MS ? waitMs + pingIntervalMs : waitMs);
  }

  /** Where the ping with that number is remembered; `undefined` for none, as a peer may say any number. */
  #placeOf(id: number): number | undefined {
    for (let ping = this.#pings - 1; ping >= this.#countFrom && ping >= this.#pings - REMEMBERED; ping--) {
      if (ping % IDS === id) return id % REMEMBERED;
    }
    return undefined;
  }
}

/** Some frames, in which a process that stood still reads what has come meanwhile. */
const LAST_CHANCE_MS = 50;
/** The pings whose answers may still come. */
const REMEMBERED = 8;
const IDS = 256;
/** What two sums of times may differ by. */
const ROUNDING_MS = 0.01;
/** Its multiples, modulo 1, lie as evenly as any, however many there are. */
const GOLDEN_RATIO = 0.6180339887498949;
/** RFC 3550, section 6.4.1. */
const SMOOTHING = 16;
