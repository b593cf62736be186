/**
 * What the page knows of the arena, and where everybody is at this moment. Zones tell their
 * states by their own time; the clock of the session says where that stands against the
 * page's. So each zone is shown a steady moment ago, between two of its states, and one that
 * tells nothing stands still: nobody is guessed on.
 *
 *     states ──▶ zones ┊ frame: the moment to show ──▶ players, sparks, how long each is silent
 */
import { type Shown, type State, unpacked } from "../../shared/play-wire.ts";
import { type Place, REST, type Wish, walk } from "../../shared/rules.ts";

/** Somebody, as he is drawn. */
export interface Figure extends Place {
  readonly id: number;
  readonly name: string;
  readonly score: number;
  readonly gateway: string;
  readonly isSelf: boolean;
  /** Where he walks. */
  readonly heading: Wish;
}

/** A spark, as it is drawn. */
export interface Spark extends Place {
  readonly id: number;
}

/** One zone, as it stands. */
export interface ZoneStand {
  readonly zone: number;
  readonly epoch: number;
  /** The process that plays it; `undefined` before any did. */
  readonly world: string | undefined;
  /** For how long nothing of it has come that is not shown. */
  readonly silentMs: number;
}

/** All that is drawn. */
export class Scene {
  readonly #zones = new Map<number, Zone>();
  readonly #names = new Map<number, string>();
  #selfId: number | undefined;
  #self: Place | undefined;
  #selfScore = 0;
  /** How many zones there are. */
  zones = 0;

  /** Who this page's player is. */
  greet(id: number, zones: number): void {
    this.#selfId = id;
    this.zones = zones;
  }

  receive(state: State, nowMs: number): void {
    const zone = this.#zones.get(state.zone) ?? new Zone();
    this.#zones.set(state.zone, zone);
    zone.receive(state, nowMs);
  }

  learn(names: readonly { readonly id: number; readonly name: string }[]): void {
    for (const { id, name } of names) this.#names.set(id, name);
  }

  /** What stands between the page and the worlds is another one, with another clock. */
  forgetTimes(): void {
    for (const zone of this.#zones.values()) zone.forgetTimes();
  }

  get score(): number {
    return this.#selfScore;
  }

  get self(): Place | undefined {
    return this.#self;
  }

  /** The zones, in order, in this frame. */
  stands(serverMs: number | undefined, nowMs: number): readonly ZoneStand[] {
    return Array.from({ length: this.zones }, (_, zone) => {
      const known = this.#zones.get(zone);
      const { epoch = 0, world } = known?.newest ?? {};
      return { zone, epoch, world, silentMs: known?.silentMs(serverMs, nowMs) ?? Infinity };
    });
  }

  /** All sparks as of the newest states. */
  get sparks(): readonly Spark[] {
    return [...this.#zones.values()].flatMap(({ newest }) =>
      (newest?.sparks ?? []).map(({ id, x, y }) => ({ id, x: unpacked(x), y: unpacked(y) })),
    );
  }

  /** Everybody, where he is at this moment; this page's player last, and walked ahead by his wish. */
  figures(serverMs: number | undefined, nowMs: number, dtMs: number, wish: Wish): readonly Figure[] {
    const found = new Map<number, { figure: Figure; sinceMs: number; ahead: Place; isFrozen: boolean }>();
    for (const zone of this.#zones.values()) {
      const isFrozen = zone.silentMs(serverMs, nowMs) > FROZEN_MS;
      for (const { shown, place, gateway, sinceMs, newest } of zone.players(serverMs, nowMs)) {
        const { id, dx, dy, score } = shown;
        // Who is handed over is in both for a moment: he is where he came last.
        if ((found.get(id)?.sinceMs ?? -Infinity) > sinceMs) continue;
        const name = this.#names.get(id) ?? "";
        const heading = { dx: dx / 100, dy: dy / 100 };
        const figure = { id, name, score, gateway, heading, ...place, isSelf: id === this.#selfId };
        found.set(id, { figure, sinceMs, ahead: newest, isFrozen });
      }
    }
    const self = this.#selfId === undefined ? undefined : found.get(this.#selfId);
    const others = [...found.values()].filter((one) => one !== self).map(({ figure }) => figure);
    if (self === undefined) {
      this.#self = undefined;
      return others;
    }
    this.#selfScore = self.figure.score;
    this.#self = this.#walkAhead(self.ahead, self.isFrozen ? REST : wish, self.isFrozen, dtMs);
    return [...others, { ...self.figure, ...this.#self, heading: wish }];
  }

  /** He walks at once, and is drawn softly to where his world has him. */
  #walkAhead(told: Place, wish: Wish, isFrozen: boolean, dtMs: number): Place {
    const before = this.#self;
    if (before === undefined || Math.hypot(before.x - told.x, before.y - told.y) > FARTHEST) return told;
    const zones = Math.max(1, this.zones);
    const walked = walk(before, wish, dtMs, zones);
    const goal = walk(told, wish, isFrozen ? 0 : LAG_MS, zones);
    const share = 1 - Math.exp(-dtMs / SOFTNESS_MS);
    return { x: walked.x + (goal.x - walked.x) * share, y: walked.y + (goal.y - walked.y) * share };
  }
}

/** The last states of one zone. */
class Zone {
  #states: State[] = [];
  /** The gateway's time minus the zone's, of the last second's states, and as it is shown: near the least of them. */
  #offsetsMs: number[] = [];
  #offsetMs: number | undefined;
  #arrivedMs = 0;
  readonly #sinceMs = new Map<number, number>();

  get newest(): State | undefined {
    return this.#states.at(-1);
  }

  receive(state: State, nowMs: number): void {
    const before = this.newest;
    const isAnother =
      before !== undefined && (before.epoch !== state.epoch || state.worldMs <= before.worldMs);
    if (isAnother) {
      this.#states = [];
      this.forgetTimes();
    }
    this.#states.push(state);
    if (this.#states.length > KEPT) this.#states.shift();
    this.#noteOffset(state.atMs - state.worldMs);
    this.#arrivedMs = nowMs;
    const here = new Set(state.players.map(({ id }) => id));
    for (const id of this.#sinceMs.keys()) if (!here.has(id)) this.#sinceMs.delete(id);
    for (const id of here) if (!this.#sinceMs.has(id)) this.#sinceMs.set(id, nowMs);
  }

  forgetTimes(): void {
    this.#offsetsMs = [];
    this.#offsetMs = undefined;
    this.#states = this.#states.slice(-1);
  }

  /** A world that has stood still has less time behind it than the gateway has: then all of the last ones say so. */
  #noteOffset(offsetMs: number): void {
    this.#offsetsMs.push(offsetMs);
    if (this.#offsetsMs.length > OFFSETS) this.#offsetsMs.shift();
    const least = Math.min(...this.#offsetsMs);
    const before = this.#offsetMs ?? least;
    const step = least - before;
    this.#offsetMs =
      Math.abs(step) > JUMP_MS ? least : before + Math.min(DRIFT_MS, Math.max(-DRIFT_MS, step));
  }

  silentMs(serverMs: number | undefined, nowMs: number): number {
    const { newest } = this;
    return newest === undefined
      ? Infinity
      : Math.max(0, this.#moment(newest, serverMs, nowMs) - newest.worldMs);
  }

  /** Everybody of the zone, between the two states around the moment that is shown. */
  *players(serverMs: number | undefined, nowMs: number): Generator<Track> {
    const { newest } = this;
    if (newest === undefined) return;
    const moment = this.#moment(newest, serverMs, nowMs);
    const after = this.#states.find(({ worldMs }) => worldMs >= moment) ?? newest;
    const before = this.#states.findLast(({ worldMs }) => worldMs <= moment) ?? after;
    const span = after.worldMs - before.worldMs;
    const share = span <= 0 ? 1 : (moment - before.worldMs) / span;
    const earlier = new Map(before.players.map((player) => [player.id, player]));
    const later = new Map(after.players.map((player) => [player.id, player]));
    for (const shown of newest.players) {
      const to = later.get(shown.id) ?? shown;
      const from = earlier.get(shown.id) ?? to;
      const place = { x: between(from.x, to.x, share), y: between(from.y, to.y, share) };
      const gateway = newest.gateways[shown.gateway] ?? "";
      const sinceMs = this.#sinceMs.get(shown.id) ?? 0;
      yield { shown, place, gateway, sinceMs, newest: { x: unpacked(shown.x), y: unpacked(shown.y) } };
    }
  }

  /** The moment of the zone's time that is shown now. Before the session knows the clock, by when the last state came. */
  #moment(newest: State, serverMs: number | undefined, nowMs: number): number {
    if (serverMs === undefined || this.#offsetMs === undefined)
      return newest.worldMs - DELAY_MS + (nowMs - this.#arrivedMs);
    return serverMs - this.#offsetMs - DELAY_MS;
  }
}

interface Track {
  readonly shown: Shown;
  readonly place: Place;
  readonly gateway: string;
  readonly sinceMs: number;
  readonly newest: Place;
}

function between(from: number, to: number, share: number): number {
  return unpacked(from + (to - from) * share);
}

/** Three states of a zone: two may be late or lost. */
const DELAY_MS = 100;
const KEPT = 12;
/** A second of them. */
const OFFSETS = 30;
/** How fast the time that is shown follows, per state; farther away it is there at once. */
const DRIFT_MS = 1;
const JUMP_MS = 100;
/** A zone that is silent for so long beyond the delay stands still. */
const FROZEN_MS = 300;
/** About how old the newest state is when it comes, with the wish that it obeyed. */
const LAG_MS = 60;
const SOFTNESS_MS = 180;
/** Farther than this apart he was taken elsewhere, and is there at once. */
const FARTHEST = 6;
