/**
 * A process of worlds: claims zones, plays those that it holds, and saves each beside its
 * lease. A zone is played in frames in which its lease is held and in no other one: a
 * process that was stopped and wakes reads `lost` in its first frame, before it acts.
 *
 *     claim ── held ──▶ Zone from the snapshot ──▶ step ──▶ trySave ──▶ … lost: the zone is dropped
 */
import { type Claim, type Destination, type Listing, lease, leases } from "../../src/index.ts";
import {
  type BusMessage,
  leaseOfZone,
  SAVE_EVERY_MS,
  STATUS,
  TTL_MS,
  toZone,
  ZONE_LEASES,
} from "./bus-wire.ts";
import { type Bus, Member, type OwnStatus, type Part } from "./member.ts";
import { claims, handsOver } from "./placing.ts";
import { Zone } from "./zone.ts";

/** What a process of worlds is told. */
export interface WorldOptions {
  /** Its number, from 0. */
  readonly index: number;
  /** How many there are; and so many zones. */
  readonly worlds: number;
  readonly bus: Bus;
  /** Takes a line about what has happened. */
  readonly say: (line: string) => void;
}

/** A process of worlds. */
export class World implements Part {
  readonly member: Member;
  readonly #options: WorldOptions;
  readonly #listing: Listing;
  readonly #places: ZonePlace[];
  /** When each other world was heard of last, and since when it has had no zone. */
  readonly #others = new Map<string, { atMs: number; idleSinceMs: number | undefined }>();
  /** What its zones say to each other: nobody is told on the bus what he says himself. */
  readonly #local: { readonly zone: number; readonly message: BusMessage }[] = [];

  constructor(options: WorldOptions) {
    const { index, worlds, bus } = options;
    this.#options = options;
    this.member = new Member("world", worldName(index), bus);
    this.#listing = this.member.poller.list(leases(bus, ZONE_LEASES));
    this.member.statuses.join(STATUS);
    this.member.poller.on("unhold", ({ claim, reason }) => {
      const place = this.#places.find((one) => one.claim === claim);
      if (claim.state === "lost" && place !== undefined)
        this.#options.say(`acts for nobody in zone ${place.zone + 1}: ${reason.message}`);
    });
    this.#places = Array.from({ length: worlds }, (_, zone) => ({ zone, heldMs: Number.NaN, dueMs: 0 }));
  }

  /** Nothing keeps it from going on. */
  get failure(): undefined {
    return undefined;
  }

  tick(dtMs: number, nowMs: number): void {
    this.#noteOthers(nowMs);
    for (const place of this.#places) this.#judge(place, nowMs);
    this.#receive();
    for (const { zone, played, claim, ...place } of this.#places) {
      if (played === undefined || claim === undefined) continue;
      played.step(dtMs);
      if (nowMs >= place.dueMs && claim.trySave(played.snapshot()))
        this.#place(zone).dueMs = nowMs + SAVE_EVERY_MS;
    }
  }

  status(): OwnStatus {
    const players: Record<string, number> = {};
    for (const { zone, played } of this.#places) if (played !== undefined) players[zone] = played.awake;
    const zones = this.#places.flatMap(({ zone, claim }) =>
      claim === undefined ? [] : [{ zone, state: claim.state, epoch: claim.epoch }],
    );
    return { players, zones };
  }

  /** Hands its zones over, and goes. */
  async end(): Promise<void> {
    for (const { claim, played } of this.#places)
      if (played !== undefined) claim?.transfer(played.snapshot());
    await this.member.end();
  }

  #place(zone: number): ZonePlace {
    return this.#places[zone] as ZonePlace; // there is one for each zone
  }

  /** Follows the claim of one zone, or makes one. */
  #judge(place: ZonePlace, nowMs: number): void {
    const { zone, claim } = place;
    const held = this.#listing.entries.find(({ name }) => name === leaseOfZone(zone));
    if (held !== undefined || Number.isNaN(place.heldMs)) place.heldMs = nowMs;
    if (claim?.state === "held" && place.played === undefined) this.#begin(place, claim);
    if (claim?.state === "lost" || claim?.state === "released") this.#stop(place);
    const view = {
      zone,
      world: this.#options.index,
      worlds: this.#options.worlds,
      holder: held === undefined ? undefined : indexOf(held.meta),
      nobodyMs: nowMs - place.heldMs,
      ownIdleMs: this.#idleMs(worldName(zone % this.#options.worlds), nowMs),
    };
    if (place.claim === undefined && claims(view)) this.#claim(place);
    else if (place.played !== undefined && handsOver(view)) {
      this.#options.say(`hands zone ${zone + 1} over to ${worldName(zone)}`);
      place.claim?.transfer(place.played.snapshot());
      this.#stop(place);
    }
  }

  #claim(place: ZonePlace): void {
    const { index, bus } = this.#options;
    const meta = { world: index, name: this.member.name, pid: process.pid };
    place.claim = this.member.poller.claim(lease(bus, leaseOfZone(place.zone), { ttlMs: TTL_MS, meta }));
  }

  #begin(place: ZonePlace, claim: Claim): void {
    const { zone } = place;
    const { worlds, say } = this.#options;
    const send = (message: BusMessage, to: Destination): void => this.#send(message, to);
    const { epoch, snapshot } = claim;
    place.played = new Zone({ zone, zones: worlds, epoch, world: this.member.name, snapshot, send });
    this.member.socket.join(toZone(zone).host);
    say(
      `plays zone ${zone + 1} with epoch ${epoch}, from ${snapshot === undefined ? "nothing" : `a snapshot of ${snapshot.length} bytes`}`,
    );
  }

  #stop(place: ZonePlace): void {
    if (place.played !== undefined) this.member.socket.leave(toZone(place.zone).host);
    place.played = place.claim = undefined;
  }

  #receive(): void {
    for (const { zone, message } of this.#local.splice(0))
      this.#place(zone).played?.receive(message, this.member.name);
    const { socket } = this.member;
    for (let got: ReturnType<typeof socket.tryRecvFrom>; (got = socket.tryRecvFrom()) !== undefined; ) {
      const { message, from } = got;
      const place = this.#places.find(({ zone }) => toZone(zone).host === got?.subject);
      place?.played?.receive(message, from.host);
    }
  }

  #send(message: BusMessage, to: Destination): void {
    const place = this.#places.find(({ zone }) => toZone(zone).host === to.host);
    if (place?.played === undefined) this.member.socket.trySendTo(message, to);
    else this.#local.push({ zone: place.zone, message });
  }

  #noteOthers(nowMs: number): void {
    for (
      let status = this.member.statuses.tryRecv();
      status !== undefined;
      status = this.member.statuses.tryRecv()
    ) {
      const { name, role, players } = status;
      if (role !== "world") continue;
      const known = this.#others.get(name);
      const wasIdle = known !== undefined && nowMs - known.atMs < GONE_MS ? known.idleSinceMs : undefined;
      const isIdle = Object.keys(players).length === 0;
      this.#others.set(name, { atMs: nowMs, idleSinceMs: isIdle ? (wasIdle ?? nowMs) : undefined });
    }
  }

  #idleMs(name: string, nowMs: number): number {
    const known = this.#others.get(name);
    if (known?.idleSinceMs === undefined || nowMs - known.atMs > GONE_MS) return 0;
    return nowMs - known.idleSinceMs;
  }
}

/** One zone, as this process stands to it. */
interface ZonePlace {
  readonly zone: number;
  claim?: Claim | undefined;
  /** The zone itself, while its lease is held. */
  played?: Zone | undefined;
  /** When anybody had its lease last. */
  heldMs: number;
  /** When it is saved again. */
  dueMs: number;
}

/** The name of the process of that number. */
export function worldName(index: number): string {
  return `world-${index + 1}`;
}

function indexOf(meta: unknown): number | undefined {
  const { world } = (meta ?? {}) as { readonly world?: unknown };
  return typeof world === "number" ? world : undefined;
}

/** Who has said nothing for so long is away: three statuses. */
const GONE_MS = 1_600;
