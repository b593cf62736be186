/**
 * A gateway: holds the players' sessions, and speaks for them to the worlds. Knows which
 * zone a player is in by the states that show him, and asks all zones when none does. Plays
 * nothing itself, and keeps nothing that a player could miss when it is gone.
 *
 *     players ── hello, move ──▶ seats ── seek, enter, inputs ──▶ zones
 *     players ◀── state, names ── fan out ◀── state, names, found ── zones
 */
import { type Connection, Epochs, type Listener, type Transport } from "../../src/index.ts";
import { ALL_ZONES, type BusMessage, leaseOfZone, ownSubject, type PlayerInput, toZone } from "./bus-wire.ts";
import { type Bus, Member, type OwnStatus, type Part } from "./member.ts";
import { Seat } from "./seat.ts";
import { type Asked, gatewayCodec, PLAYS_ELSEWHERE, type Told } from "./shared/play-wire.ts";

/** What a gateway is told. */
export interface GatewayOptions {
  readonly index: number;
  readonly zones: number;
  readonly bus: Bus;
  /** Where its players come in: with sessions. */
  readonly players: Transport;
  /** Where all gateways are, as players dial them. */
  readonly places: readonly string[];
}

type Player = Connection<Asked, Told, Seat>;

/** A gateway of the arena. */
export class Gateway implements Part {
  readonly member: Member;
  readonly #options: GatewayOptions;
  readonly #listener: Listener<Asked, Told, Seat>;
  readonly #subject: string;
  readonly #epochs = new Epochs();
  /** The player of each number, once he has said who he is. */
  readonly #byId = new Map<number, Player>();
  /** When each zone has shown itself last, and how long the way to it and back took. */
  readonly #zones: { seenMs: number; tripMs: number | null; shown: number }[];
  #wasLinked = true;
  #tellDueMs = 0;
  #pingDueMs = 0;
  #inputsDueMs = 0;

  constructor(options: GatewayOptions) {
    const { index, zones, bus, players } = options;
    this.#options = options;
    this.member = new Member("gateway", gatewayName(index), bus);
    this.#subject = ownSubject(this.member.name);
    this.member.socket.join(ALL_ZONES);
    this.#listener = this.member.poller.listen(players, gatewayCodec(), {
      data: () => new Seat(zones),
      sendLimitBytes: SEND_LIMIT_BYTES,
    });
    // Whoever was on the way in when he was killed, or dialled another one.
    this.member.poller.on("drop", () => {});
    this.#zones = Array.from({ length: zones }, () => ({
      seenMs: Number.NEGATIVE_INFINITY,
      tripMs: null,
      shown: 0,
    }));
  }

  get failure(): string | undefined {
    return this.#listener.closeReason?.message;
  }

  tick(_dtMs: number, nowMs: number): void {
    while (this.#listener.tryAccept() !== undefined);
    this.#listener.drain((player, asked) => this.#obey(player, asked));
    for (let gone = this.#listener.tryLeave(); gone !== undefined; gone = this.#listener.tryLeave())
      this.#forget(gone);
    const { socket } = this.member;
    for (let got: ReturnType<typeof socket.tryRecvFrom>; (got = socket.tryRecvFrom()) !== undefined; )
      this.#receive(got.message, nowMs);
    for (const player of this.#byId.values()) this.#lead(player, nowMs);
    this.#sendInputs(nowMs);
    this.#ping(nowMs);
    this.#tellLink(nowMs);
  }

  status(): OwnStatus {
    const players: Record<string, number> = {};
    const trips: number[] = [];
    for (const { data, rttMs } of this.#byId.values()) {
      const zone = data.zone ?? "seeking";
      players[zone] = (players[zone] ?? 0) + 1;
      if (rttMs !== undefined) trips.push(rttMs);
    }
    trips.sort((one, other) => one - other);
    const lineMs = trips[Math.floor(trips.length / 2)];
    return {
      players,
      ...(lineMs !== undefined && { lineMs }),
      busMs: this.#zones.map(({ tripMs }) => tripMs),
    };
  }

  /** Its players go on at another one. */
  async end(): Promise<void> {
    this.#listener.close({ code: 1001, text: "this gateway ends" });
    await this.member.end();
  }

  #obey(player: Player, asked: Asked): void {
    const { data: seat } = player;
    if (asked.kind === "move") {
      seat.steer(asked);
      return;
    }
    if (seat.isKnown || !seat.sit(asked)) return;
    const { id } = seat;
    this.#byId.get(id)?.close(PLAYS_ELSEWHERE);
    this.#byId.set(id, player);
    const { places, zones } = this.#options;
    player.trySend({ kind: "welcome", id, gateway: this.member.name, zones, places: [...places] });
    player.trySend({ kind: "bus", linked: this.member.socket.linked });
  }

  #forget(player: Player): void {
    const { id, zone } = player.data;
    if (!player.data.isKnown || this.#byId.get(id) !== player) return;
    this.#byId.delete(id);
    if (zone !== undefined) this.member.socket.trySendTo({ kind: "leave", id }, toZone(zone));
  }

  #receive(message: BusMessage, nowMs: number): void {
    if (!("epoch" in message) || !this.#epochs.accept(leaseOfZone(message.zone), message.epoch)) return;
    const zone = this.#zones[message.zone];
    if (zone === undefined) return;
    switch (message.kind) {
      case "state":
        zone.seenMs = nowMs;
        for (const { id, gateway } of message.players)
          if (message.gateways[gateway] === this.#subject) this.#byId.get(id)?.data.seen(message.zone, nowMs);
        this.#fanOut({ ...message, atMs: nowMs }, zone.shown++);
        break;
      case "names":
        this.#listener.broadcastLatest(`names ${message.zone}`, message, { to: this.#who(() => true) });
        break;
      case "found":
        this.#byId.get(message.id)?.data.found(message);
        break;
      case "moved":
        this.#byId.get(message.id)?.close(PLAYS_ELSEWHERE);
        break;
      case "pong":
        zone.tripMs = nowMs - message.atMs;
    }
  }

  /** Each player sees a zone as often as he asked for; what has not left yet is replaced. */
  #fanOut(state: Told & { kind: "state" }, count: number): void {
    const to = this.#who(({ data }) => count % data.every === 0);
    if (to.size > 0) this.#listener.broadcastLatest(`state ${state.zone}`, state, { to });
  }

  #who(wants: (player: Player) => boolean): Set<Player> {
    const who = new Set<Player>();
    for (const player of this.#byId.values())
      if (player.linked && player.state === "open" && wants(player)) who.add(player);
    return who;
  }

  /** Whoever has no line may play through another gateway by now. */
  #lead({ data: seat, linked }: Player, nowMs: number): void {
    if (!linked) return;
    const alive = seat.zone === undefined || nowMs - (this.#zones[seat.zone]?.seenMs ?? 0) < SILENT_MS;
    for (const { message, zone } of seat.lead(nowMs, alive))
      this.member.socket.trySendTo(message, toZone(zone));
  }

  /** What has changed at once, and four times a second all, as each message may be lost. */
  #sendInputs(nowMs: number): void {
    const isAll = nowMs >= this.#inputsDueMs;
    if (isAll) this.#inputsDueMs = nowMs + INPUTS_EVERY_MS;
    for (const zone of this.#zones.keys()) {
      const inputs: PlayerInput[] = [];
      for (const { data, linked } of this.#byId.values())
        if (data.zone === zone && (isAll || data.hasChanged)) inputs.push(data.takeInput(linked));
      if (inputs.length > 0) this.member.socket.trySendTo({ kind: "inputs", inputs }, toZone(zone));
    }
  }

  #ping(nowMs: number): void {
    if (nowMs < this.#pingDueMs) return;
    this.#pingDueMs = nowMs + PING_EVERY_MS;
    for (const [zone, { seenMs }] of this.#zones.entries()) {
      if (nowMs - seenMs > SILENT_MS) (this.#zones[zone] as { tripMs: number | null }).tripMs = null;
      this.member.socket.trySendTo({ kind: "ping", atMs: nowMs }, toZone(zone));
    }
  }

  /** Each second, so that a player knows a gateway that plays from one that stands still. */
  #tellLink(nowMs: number): void {
    const { linked } = this.member.socket;
    if (linked === this.#wasLinked && nowMs < this.#tellDueMs) return;
    this.#wasLinked = linked;
    this.#tellDueMs = nowMs + TELL_EVERY_MS;
    this.#listener.broadcastLatest("bus", { kind: "bus", linked }, { to: this.#who(() => true) });
  }
}

/** The name of the process of that number. */
export function gatewayName(index: number): string {
  return `gateway-${index + 1}`;
}

/** A zone that has shown nothing for so long has no world now. */
const SILENT_MS = 500;
const INPUTS_EVERY_MS = 250;
const PING_EVERY_MS = 1_000;
const TELL_EVERY_MS = 1_000;
/** A few states of a full zone: what a player does not read is replaced, and not kept. */
const SEND_LIMIT_BYTES = 512 * 1_024;
