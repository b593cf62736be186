/**
 * One zone of the arena, as its owner plays it: who is in it, where the sparks are, and how
 * players come, go on to the next zone, and sleep when their gateway is gone. Knows no lease
 * and no socket: messages in, messages out, and a snapshot from which another
 * process goes on.
 *
 *     receive ──▶ players ──▶ step ──▶ send: state, names, arrive …
 *                    └──────▶ snapshot ──▶ new Zone, elsewhere
 */
import { type Destination, subject } from "../../src/index.ts";
import { type BusMessage, fromZone, type Travelling, toZone } from "./bus-wire.ts";
import { idOf, SECRET_BYTES, tidyName } from "./shared/identity.ts";
import { packed, type Shown } from "./shared/play-wire.ts";
import {
  draw,
  type Place,
  placeIn,
  reaches,
  SPARKS_PER_ZONE,
  walk,
  ZONE_WIDTH,
  zoneOfWalker,
} from "./shared/rules.ts";
import { ASLEEP_MS, decodeZone, encodeZone, isAwake, isSame, type Player } from "./zone-snapshot.ts";

/** What a zone is made of. */
export interface ZoneOptions {
  readonly zone: number;
  /** How many there are. */
  readonly zones: number;
  /** Of its owner's lease. */
  readonly epoch: number;
  /** The name of the process that owns it. */
  readonly world: string;
  /** What the owner before has saved last; without one, the zone begins empty. */
  readonly snapshot: Uint8Array | undefined;
  readonly send: (message: BusMessage, to: Destination) => void;
}

/** A zone, and who is in it. */
export class Zone {
  readonly #options: ZoneOptions;
  readonly #players = new Map<number, Player>();
  /** Who has gone on to another zone, in case that it forgets him: its snapshot may be older. */
  readonly #departed = new Map<number, { readonly player: Player; readonly atMs: number }>();
  readonly #sparks = new Map<number, Place>();
  #random = 0;
  #lastSpark = 0;
  /** The zone's own time: it stands still while nobody owns it. */
  #nowMs = 0;
  #namesDueMs = 0;

  constructor(options: ZoneOptions) {
    this.#options = options;
    this.#random = options.zone + 1;
    if (options.snapshot !== undefined) this.#restore(options.snapshot);
    while (this.#sparks.size < SPARKS_PER_ZONE) this.#addSpark();
  }

  /** How many play here now. */
  get awake(): number {
    let count = 0;
    for (const player of this.#players.values()) if (isAwake(player)) count++;
    return count;
  }

  /** Takes a message from the bus. What makes no sense here changes nothing. */
  receive(message: BusMessage, from: string): void {
    switch (message.kind) {
      case "seek":
        this.#answerSeek(message.secret, from);
        break;
      case "enter":
        this.#enter(message, from);
        break;
      case "inputs":
        for (const input of message.inputs) this.#steer(input, from);
        break;
      case "leave": {
        const player = this.#players.get(message.id);
        if (player?.gateway === from) player.silentMs = ASLEEP_MS;
        break;
      }
      case "ping":
        this.#send({ kind: "pong", ...this.#own, atMs: message.atMs }, subject(from));
        break;
      case "arrive":
        for (const player of message.player) this.#take(player, message.zone);
        break;
      case "took":
        this.#letGo(message.id, message.hops);
        break;
      case "has":
        for (const { id, hops } of message.players) this.#compare(id, hops, message.zone);
    }
  }

  /** One frame: everybody walks, takes what is in reach, and goes on to where he belongs. */
  step(dtMs: number): void {
    this.#nowMs += dtMs;
    for (const player of this.#players.values()) {
      player.silentMs += dtMs;
      if (player.silentMs > FORGET_MS) this.#players.delete(player.id);
      else if (isAwake(player)) this.#move(player, dtMs);
    }
    for (const [id, { atMs }] of this.#departed)
      if (this.#nowMs - atMs > DEPARTED_MS) this.#departed.delete(id);
    this.#show();
    if (this.#nowMs >= this.#namesDueMs) this.#tell();
  }

  /** All that another owner needs to go on. */
  snapshot(): Uint8Array {
    const [nowMs, random, lastSpark] = [this.#nowMs, this.#random, this.#lastSpark];
    return encodeZone({ nowMs, random, lastSpark, players: this.#players.values(), sparks: this.#sparks });
  }

  get #own(): { zone: number; epoch: number } {
    const { zone, epoch } = this.#options;
    return { zone, epoch };
  }

  #send(message: BusMessage, to: Destination): void {
    this.#options.send(message, to);
  }

  #restore(snapshot: Uint8Array): void {
    const { nowMs, random, lastSpark, players, sparks } = decodeZone(snapshot);
    this.#nowMs = nowMs;
    this.#random = random;
    this.#lastSpark = lastSpark;
    for (const player of players) this.#players.set(player.id, player);
    for (const [id, spark] of sparks) this.#sparks.set(id, spark);
  }

  #answerSeek(secret: Uint8Array, from: string): void {
    const id = idOf(secret);
    const here = this.#players.get(id);
    const has = here !== undefined && isSame(here.secret, secret);
    const hops = here?.hops ?? this.#departed.get(id)?.player.hops ?? -1;
    this.#send({ kind: "found", ...this.#own, id, has, hops }, subject(from));
  }

  #enter(
    { name, secret, begins }: { name: string; secret: Uint8Array; begins: boolean },
    from: string,
  ): void {
    if (secret.length !== SECRET_BYTES) return;
    const id = idOf(secret);
    const player =
      this.#players.get(id) ??
      (begins ? (this.#departed.get(id)?.player ?? this.#begin(id, secret)) : undefined);
    if (player === undefined || !isSame(player.secret, secret)) return;
    if (player.gateway !== "" && player.gateway !== from)
      this.#send({ kind: "moved", ...this.#own, id }, subject(player.gateway));
    player.gateway = from;
    player.name = tidyName(name);
    player.silentMs = 0;
    this.#departed.delete(id);
    this.#players.set(id, player);
    this.#namesDueMs = 0;
  }

  #begin(id: number, secret: Uint8Array): Player {
    const place = this.#drawPlace();
    return {
      id,
      secret,
      name: "",
      ...place,
      dx: 0,
      dy: 0,
      seq: 0,
      score: 0,
      hops: 0,
      gateway: "",
      silentMs: 0,
    };
  }

  #steer({ id, dx, dy, seq }: { id: number; dx: number; dy: number; seq: number }, from: string): void {
    const player = this.#players.get(id);
    if (player === undefined || player.gateway !== from) return;
    Object.assign(player, { dx, dy, seq, silentMs: 0 });
  }

  /** Somebody walks in from another zone. */
  #take(arriving: Travelling, from: number): void {
    const { id, hops } = arriving;
    const known = this.#players.get(id);
    if (known === undefined || known.hops < hops) {
      this.#departed.delete(id);
      this.#players.set(id, { ...arriving, seq: known?.seq ?? 0, silentMs: 0 });
      this.#namesDueMs = 0;
    }
    this.#send({ kind: "took", ...this.#own, id, hops: Math.max(hops, known?.hops ?? 0) }, toZone(from));
  }

  /** Another zone has him, and has had him later than this one. */
  #letGo(id: number, hops: number): void {
    const player = this.#players.get(id);
    if (player === undefined || player.hops >= hops) return;
    this.#players.delete(id);
    this.#departed.set(id, { player: { ...player, hops, ...this.#inside(player) }, atMs: this.#nowMs });
  }

  /** Of two zones that have somebody, the one goes on with him to which he was handed over last. */
  #compare(id: number, hops: number, zone: number): void {
    const player = this.#players.get(id);
    if (player === undefined) return;
    if (player.hops === hops && this.#options.zone > zone) this.#players.delete(id);
    this.#letGo(id, hops);
  }

  #move(player: Player, dtMs: number): void {
    const { zone, zones } = this.#options;
    Object.assign(player, walk(player, { dx: player.dx / 100, dy: player.dy / 100 }, dtMs, zones));
    const next = zoneOfWalker(player.x, zone, zones);
    if (next !== zone) {
      this.#handOver(player, next);
      return;
    }
    for (const [id, spark] of this.#sparks) {
      if (!reaches(player, spark)) continue;
      this.#sparks.delete(id);
      this.#addSpark();
      player.score = Math.min(65_535, player.score + 1);
    }
  }

  /** He plays on here until the next zone has taken him, which it may only do later: its world may be away. */
  #handOver(player: Player, next: number): void {
    const { silentMs: _, seq: __, ...rest } = player;
    const travelling: Travelling = { ...rest, hops: player.hops + 1 };
    this.#send({ kind: "arrive", ...this.#own, player: [travelling] }, toZone(next));
    const { zone } = this.#options;
    player.x = Math.min(
      (zone + 1) * ZONE_WIDTH + WAITING_UNITS,
      Math.max(zone * ZONE_WIDTH - WAITING_UNITS, player.x),
    );
  }

  #addSpark(): void {
    const place = this.#drawPlace();
    this.#lastSpark = (this.#lastSpark + 1) % 65_536;
    this.#sparks.set(this.#lastSpark, place);
  }

  #drawPlace(): Place {
    const across = draw(this.#random);
    const down = draw(across.state);
    this.#random = down.state;
    return placeIn(this.#options.zone, across.value, down.value);
  }

  #inside(place: Place): Place {
    const { zone } = this.#options;
    return { x: Math.min((zone + 1) * ZONE_WIDTH - 1, Math.max(zone * ZONE_WIDTH + 1, place.x)), y: place.y };
  }

  /** What all gateways see of it. */
  #show(): void {
    const gateways: string[] = [];
    const players: Shown[] = [];
    for (const { id, x, y, dx, dy, score, seq, gateway, ...player } of this.#players.values()) {
      if (!isAwake(player)) continue;
      let place = gateways.indexOf(gateway);
      if (place < 0) place = gateways.push(gateway) - 1;
      players.push({ id, x: packed(x), y: packed(y), dx, dy, score, seq, gateway: place });
    }
    const sparks = [...this.#sparks].map(([id, { x, y }]) => ({ id, x: packed(x), y: packed(y) }));
    const { world } = this.#options;
    const look = { ...this.#own, world, worldMs: this.#nowMs, gateways, players, sparks };
    this.#send({ kind: "state", ...look }, fromZone(this.#options.zone));
  }

  /** What changes seldom, and is said again each second, as each message may be lost. */
  #tell(): void {
    const { zone, zones } = this.#options;
    this.#namesDueMs = this.#nowMs + NAMES_EVERY_MS;
    const players = [...this.#players.values()];
    const names = players.filter(isAwake).map(({ id, name }) => ({ id, name }));
    this.#send({ kind: "names", ...this.#own, names }, fromZone(zone));
    const all = players.map(({ id, hops }) => ({ id, hops }));
    for (let other = 0; other < zones; other++)
      if (other !== zone) this.#send({ kind: "has", ...this.#own, players: all }, toZone(other));
  }
}

/** Who comes back within so long is still who he was. */
const FORGET_MS = 600_000;
/** Longer than two snapshots are apart, and than another process needs to take over a zone. */
const DEPARTED_MS = 10_000;
const NAMES_EVERY_MS = 1_000;
/** So far behind the border somebody may wait for a world that is away. */
const WAITING_UNITS = 1;
