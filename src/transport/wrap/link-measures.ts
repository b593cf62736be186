/**
 * What a link measures, and whether it has a line, in a recording: one event for each of
 * these that has changed by the pump that begins a frame. Has both sides of it.
 */
import type { Link } from "../../port/link.ts";
import type { PeerClock } from "../../port/peer-clock.ts";
import type { Journal } from "./journal.ts";
import { type Entry, EVENT } from "./log-entry.ts";

/** Records the measures of one link. */
export class RecordedMeasures {
  /** As it was recorded last; so are the others. */
  rttMs: number | undefined;
  jitterMs: number | undefined;
  frameRttMs: number | undefined;
  clock: PeerClock | undefined;
  readonly #link: Link;
  readonly #journal: Journal;
  readonly #id: number;
  #downMs = LINKED;

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
    if (rttMs !== this.rttMs) this.rttMs = this.#number(EVENT.rtt, rttMs);
    if (jitterMs !== this.jitterMs) this.jitterMs = this.#number(EVENT.jitter, jitterMs);
    if (frameRttMs !== this.frameRttMs) this.frameRttMs = this.#number(EVENT.frameRtt, frameRttMs);
    const down = linked === false ? downMs : LINKED;
    if (down !== this.#downMs) this.#downMs = this.#number(EVENT.down, down);
    if (clock !== undefined) this.#noteClock(clock);
  }

  #noteClock({ offsetMs, errorMs, serverNowMs }: PeerClock): void {
    const known = this.clock;
    if (known?.offsetMs === offsetMs && known.errorMs === errorMs && known.serverNowMs === serverNowMs)
      return;
    this.clock = { offsetMs, errorMs, serverNowMs };
    this.#journal.event(EVENT.clock, this.#id, offsetMs, errorMs, serverNowMs);
  }

  #number<Value extends number | undefined>(
    kind: typeof EVENT.rtt | typeof EVENT.jitter | typeof EVENT.frameRtt | typeof EVENT.down,
    value: Value,
  ): Value {
    if (value !== undefined) this.#journal.event(kind, this.#id, value);
    return value;
  }
}

/** A recorded link, as those see it that have its pump. */
export interface MeasuredLink {
  readonly isMeasuring: boolean;
  readonly isOver: boolean;
  noteMeasures(): void;
}

/** The recorded links of one pump that measure anything. */
export class MeasuredLinks {
  readonly #links = new Set<MeasuredLink>();

  add(link: MeasuredLink): void {
    if (link.isMeasuring) this.#links.add(link);
  }

  /** Records what has changed, after a pump that begins a frame. */
  note(): void {
    for (const link of this.#links) {
      link.noteMeasures();
      if (link.isOver) this.#links.delete(link); // an answer may have come before the close
    }
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
