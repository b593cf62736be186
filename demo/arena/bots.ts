/**
 * Bots: players without a page. Each has a session of its own with a gateway, a name and a
 * secret, and sees the arena as a page does, only less often. So a killed gateway moves them as it
 * moves everybody.
 */
import { type Connection, session, type Transport } from "../../src/index.ts";
import { type Bus, Member, type OwnStatus, type Part } from "./member.ts";
import type { Identity } from "./shared/identity.ts";
import { idOf, SECRET_BYTES } from "./shared/identity.ts";
import { type Asked, playerCodec, type State, type Told, unpacked } from "./shared/play-wire.ts";
import { PlayerLink } from "./shared/player-link.ts";
import { draw, type Place, placeIn } from "./shared/rules.ts";

/** What bots are told. */
export interface BotsOptions {
  readonly bots: number;
  readonly zones: number;
  readonly bus: Bus;
  readonly places: readonly string[];
  /** The way to a gateway, without the session. */
  readonly transport: (place: string) => Transport;
  /** Where all their chance comes from. */
  readonly seed: number;
}

/** All bots of a process. */
export class Bots implements Part {
  readonly member: Member;
  readonly #bots: Bot[] = [];

  constructor({ bots, zones, bus, places, transport, seed }: BotsOptions) {
    this.member = new Member("bots", "bots", bus);
    const ways = new Map<string, Transport>(); // each for all bots: a poll has work for each
    const dial = (place: string): Connection<Told, Asked> => {
      const way = ways.get(place) ?? session(transport(place), { deadPeerMs: DEAD_PEER_MS });
      ways.set(place, way);
      return this.member.poller.connect(way, playerCodec());
    };
    for (let index = 0; index < bots; index++) {
      // Not all at the same gateway, and not all in the same order.
      const from = index % places.length;
      const own = [...places.slice(from), ...places.slice(0, from)];
      const identity = identityOf(index, seed);
      const link = new PlayerLink({ dial, identity, looksHz: LOOKS_HZ, places: own });
      this.#bots.push(new Bot(identity, link, zones, seed + index));
    }
  }

  /** Nothing keeps it from going on. */
  get failure(): undefined {
    return undefined;
  }

  tick(_dtMs: number, nowMs: number): void {
    for (const bot of this.#bots) bot.frame(nowMs);
  }

  status(): OwnStatus {
    const players: Record<string, number> = {};
    for (const { link } of this.#bots) {
      const { kind } = link.state;
      players[kind] = (players[kind] ?? 0) + 1;
    }
    return { players };
  }

  async end(): Promise<void> {
    for (const { link } of this.#bots) link.close();
    await this.member.end();
  }

  /** What each of them is, for tests. */
  get all(): readonly {
    readonly id: number;
    readonly link: PlayerLink;
    readonly score: number | undefined;
  }[] {
    return this.#bots;
  }
}

/** One bot: goes to the spark that is nearest, and now and then somewhere else. */
class Bot {
  readonly id: number;
  readonly link: PlayerLink;
  score: number | undefined;
  readonly #zones: number;
  #random: number;
  #at: Place | undefined;
  #goal: Place | undefined;
  #goalUntilMs = 0;
  #seenMs = 0;
  #isWalking = false;
  #seq = 0;
  #sparks = new Map<number, readonly Place[]>();

  constructor(identity: Identity, link: PlayerLink, zones: number, seed: number) {
    this.id = idOf(identity.secret);
    this.link = link;
    this.#zones = zones;
    this.#random = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  frame(nowMs: number): void {
    let isNew = false;
    for (const told of this.link.frame(nowMs)) {
      if (told.kind !== "state") continue;
      isNew = true;
      this.#see(told);
    }
    if (isNew) this.#seenMs = nowMs;
    else if (this.#isWalking && nowMs - this.#seenMs > BLIND_MS) this.#walk(0, 0);
    if (!isNew || this.#at === undefined) return;
    if (nowMs >= this.#goalUntilMs || (this.#goal !== undefined && far(this.#at, this.#goal) < NEAR)) {
      this.#goal = this.#nextGoal(this.#at);
      this.#goalUntilMs = nowMs + LONGEST_WALK_MS;
    }
    this.#steer(this.#at, this.#goal ?? this.#at);
  }

  #see({ zone, players, sparks }: State): void {
    this.#sparks.set(zone, sparks.map(placeOf));
    const self = players.find(({ id }) => id === this.id);
    if (self === undefined) return;
    this.#at = placeOf(self);
    this.score = self.score;
  }

  #nextGoal(at: Place): Place {
    if (this.#chance() < WANDERS) {
      const zone = Math.floor(this.#chance() * this.#zones);
      return placeIn(zone, this.#chance(), this.#chance());
    }
    let best: Place = placeIn(0, this.#chance(), this.#chance());
    let least = Infinity;
    for (const spark of [...this.#sparks.values()].flat()) {
      const distance = far(at, spark) * (0.5 + this.#chance()); // or all would go to the same one
      if (distance < least) [best, least] = [spark, distance];
    }
    return best;
  }

  #steer(at: Place, goal: Place): void {
    const distance = Math.max(0.01, far(at, goal));
    const pace = Math.min(PACE, distance / 4);
    this.#walk((pace * (goal.x - at.x)) / distance, (pace * (goal.y - at.y)) / distance);
  }

  #walk(dx: number, dy: number): void {
    this.#seq = (this.#seq + 1) % 65_536;
    this.#isWalking = dx !== 0 || dy !== 0;
    this.link.trySteer({ dx: Math.round(dx * 100), dy: Math.round(dy * 100), seq: this.#seq });
  }

  #chance(): number {
    const { value, state } = draw(this.#random);
    this.#random = state;
    return value;
  }
}

/** The same bots for the same seed, also in another process. */
function identityOf(index: number, seed: number): Identity {
  let random = Math.imul(seed, 1_000_003) + index;
  const secret = Uint8Array.from({ length: SECRET_BYTES }, () => {
    const { value, state } = draw(random);
    random = state;
    return Math.floor(value * 256);
  });
  const name = `${FIRST[index % FIRST.length]}${index < FIRST.length ? "" : ` ${Math.floor(index / FIRST.length) + 1}`}`;
  return { name, secret };
}

function placeOf({ x, y }: { x: number; y: number }): Place {
  return { x: unpacked(x), y: unpacked(y) };
}

function far(one: Place, other: Place): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

const FIRST =
  "Ada Bo Cy Dot Eli Fay Gus Hal Ivy Jo Kit Lou Max Nan Oz Pip Quin Ray Sue Ted Uma Vic Wyn Xan Yve Zoe".split(
    " ",
  );
/** A page looks 30 times a second, and a bot is not so curious. */
const LOOKS_HZ = 4;
/** A gateway that stands still is noticed soon. */
const DEAD_PEER_MS = 3_000;
/** Of the speed that there is: a person should win. */
const PACE = 0.45;
const NEAR = 1.2;
/** Who sees nothing for so long stands still, and does not run into walls. */
const BLIND_MS = 500;
const WANDERS = 0.25;
const LONGEST_WALK_MS = 8_000;
