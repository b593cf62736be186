/**
 * What a link measures, and whether it has a line, in a recording: one event for each of
 * these that has changed in a pump, in which alone they do. Has both sides of it.
 */
import type { Link } from "../../port/link.ts";
import type { PeerClock } from "../../port/peer-clock.ts";
import type { Journal } from "./journal.ts";
import { type Entry, EVENT } from "./log-entry.ts";

/** Records the measures of one link. */
export class RecordedMeasures {
  readonly #link: Link;
  readonly #journal: Journal;
  readonly #id: number;
  #rttMs: number | undefined;
  #jitterMs: number | undefined;
  #frameRttMs: number | undefined;
  #downMs = LINKED;
  #clock: PeerClock | undefined;

  constructor(link: Link, journal: Journal, id: number) {
    this.#link = link;
    this.#journal = journal;
    this.#id = id;
  }

  /** Whether the link has anything to note. */
  get hasAny(): boolean {
    return "rttMs" in this.#link || "linked" in this.#link;
  }

  /** Records what has changed since the last call. */
  note(): void {
    const { rttMs, jitterMs, frameRttMs, linked, downMs = 0, clock } = this.#link;
    if (rttMs !== this.#rttMs) this.#number(EVENT.rtt, (this.#rttMs = rttMs));
    if (jitterMs !== this.#jitterMs) this.#number(EVENT.jitter, (this.#jitterMs = jitterMs));
    if (frameRttMs !== this.#frameRttMs) this.#number(EVENT.frameRtt, (this.#frameRttMs = frameRttMs));
    const down = linked === false ? downMs : LINKED;
    if (down !== this.#downMs) this.#number(EVENT.down, (this.#downMs = down));
    if (clock !== undefined) this.#noteClock(clock);
  }

  #noteClock({ offsetMs, errorMs, serverNowMs }: PeerClock): void {
    const known = this.#clock;
    if (known?.offsetMs === offsetMs && known.errorMs === errorMs && known.serverNowMs === serverNowMs)
      return;
    this.#clock = { offsetMs, errorMs, serverNowMs };
    this.#journal.event(EVENT.clock, this.#id, offsetMs, errorMs, serverNowMs);
  }

  #number(
    kind: typeof EVENT.rtt | typeof EVENT.jitter | typeof EVENT.frameRtt | typeof EVENT.down,
    value?: number,
  ): void {
    if (value !== undefined) this.#journal.event(kind, this.#id, value);
  }
}

/** Shows what was recorded of them. */
export class ReplayedMeasures {
  rttMs: number | undefined;
  jitterMs: number | undefined;
  frameRttMs: number | undefined;
  linked: boolean | undefined;
  downMs: number | undefined;
  clock: PeerClock | undefined;

  /** @param linked `undefined` for a link that is no more than its line */
  constructor(linked: boolean | undefined) {
    this.linked = linked;
    this.downMs = linked === undefined ? undefined : 0;
  }

  /** Returns whether `entry` is one of theirs, which is shown then. */
  protected take({ kind, args: [first, second, third] }: Entry): boolean {
    if (kind === EVENT.rtt) this.rttMs = first as number;
    else if (kind === EVENT.jitter) this.jitterMs = first as number;
    else if (kind === EVENT.frameRtt) this.frameRttMs = first as number;
    else if (kind === EVENT.down) {
      this.linked = first === LINKED;
      this.downMs = this.linked ? 0 : (first as number);
    } else if (kind === EVENT.clock) {
      const [offsetMs, errorMs, serverNowMs] = [first as number, second as number, third as number];
      this.clock = { offsetMs, errorMs, serverNowMs };
    } else return false;
    return true;
  }
}

/** In place of the time without a line, while there is one. */
const LINKED = -1;
