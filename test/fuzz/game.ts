/**
 * One game: a server and its players on one carrier, and all that is known of them.
 * Moves play on it; this file makes its parts, and says which there are. What must
 * hold at the end is in `finish.ts`.
 */
import { Poller as PagePoller } from "../../src/browser.ts";
import type { ClientPoller } from "../../src/core/client-poller.ts";
import { type AnyConnection, Poller, type Transport } from "../../src/index.ts";
import { SeededRandom } from "../soak/seeded-random.ts";
import { broadcastNoted } from "./broadcast.ts";
import type { AnyPlace, Carrier, Place } from "./carriers.ts";
import { ConnectionEnd } from "./connection-end.ts";
import { nameOf } from "./messages.ts";
import { PagePlayers } from "./page-players.ts";
import { FIRST_BROADCASTER, type Party } from "./party.ts";
import { PollerSide } from "./poller-side.ts";
import { RawEnd } from "./raw-end.ts";
import { type Rules, rulesOf } from "./rules.ts";

/** A listener of a game, and where it listens. */
export interface Spot {
  readonly place: Place;
  readonly listener: AnyPlace;
  readonly number: number;
  /** Whether only peers that are held to nothing connect to it. */
  readonly isForHostiles: boolean;
  sequence: number;
}

/** A peer that is held to nothing. */
export interface HostilePeer extends Party {
  /** Sends its next bytes, or ends in its way. */
  goOn(random: SeededRandom): void;
  /** Is gone. */
  leave(): void;
}

/** What is exchanged for a transport, in the tests of the fuzzer itself. */
export type Tamper = (transport: Transport) => Transport;

/** One game. */
export class Game {
  readonly carrier: Carrier;
  readonly rules: Rules;
  readonly parties: Map<number, Party> = new Map();
  readonly ends: ConnectionEnd[] = [];
  readonly raws: RawEnd[] = [];
  readonly hostiles: HostilePeer[] = [];
  readonly spots: Spot[] = [];
  readonly server: PollerSide;
  /** The clients' pollers; those that were closed stay in it. */
  readonly clients: PollerSide[] = [];
  /** The players in a page, where there is one. */
  readonly pages: PagePlayers | undefined;
  /** What is under way, to be awaited at the end. */
  readonly pending: Promise<unknown>[] = [];
  /** One signal for many attempts to connect. */
  readonly signals: AbortController[] = [];
  /** The last steps, in words. */
  readonly log: string[] = [];
  /** Whether a wire was cut, after which nobody is promised all. */
  wasCut = false;
  readonly #random: SeededRandom;
  readonly #tamper: Tamper;
  #lastNumber = 0;

  constructor(carrier: Carrier, seed: number, tamper: Tamper = (transport) => transport) {
    this.carrier = carrier;
    this.#random = new SeededRandom(seed);
    this.#tamper = tamper;
    this.rules = rulesOf(this.#random);
    this.pages = carrier.page && new PagePlayers(carrier.page, this.parties, this.rules);
    this.server = new PollerSide(new Poller(this.rules.server), "far", this);
    for (let index = 0; index < this.rules.clients; index++) this.addClient(this.#random);
  }

  /** The ends that the game may play with. */
  get playable(): ConnectionEnd[] {
    return this.ends.filter((end) => end.isAccepted && end.connection.state !== "closed");
  }

  get openSpots(): Spot[] {
    return this.spots.filter(({ listener }) => listener.state !== "closed");
  }

  /** All pollers. */
  get sides(): PollerSide[] {
    return [this.server, ...this.clients];
  }

  note(line: string): void {
    this.log.push(line);
    if (this.log.length > MOST_LINES) this.log.splice(1, 1); // the first one says what the game is
  }

  async startPage(): Promise<void> {
    await this.pages?.start(pageOptions(this.rules));
  }

  addClient(random: SeededRandom): PollerSide {
    const isPage = this.carrier.name === "memory" && random.next() < 0.3;
    const poller: ClientPoller = isPage
      ? new PagePoller(pageOptions(this.rules))
      : new Poller(this.rules.client);
    const side = new PollerSide(poller, "near", this);
    this.clients.push(side);
    return side;
  }

  /** Begins to listen, with what goes on at that place. */
  async listen(random: SeededRandom, isForHostiles: boolean): Promise<void> {
    if (this.server.state !== "in use") return;
    const place = await this.carrier.place(random, this.rules);
    const poller = this.server.poller as Poller;
    const options = isForHostiles ? {} : this.rules.listen;
    const listener = poller.listen(this.#tamper(place.transport), this.rules.language.codec, options);
    this.spots.push({
      place,
      listener,
      number: FIRST_BROADCASTER + this.spots.length,
      isForHostiles,
      sequence: 0,
    });
  }

  /** Connects a new player from `side`, who says who it is. */
  connect(side: PollerSide, random: SeededRandom): ConnectionEnd | undefined {
    const spot = this.spotFor(random);
    const transport = spot?.place.reach(spot.listener);
    if (transport === undefined || side.state !== "in use") return undefined;
    const signal = random.next() < 0.2 ? this.signals.at(-1)?.signal : undefined;
    const timeoutMs = random.pick([1, 20, 1_000, 5_000, 5_000, 5_000]);
    const options = { timeoutMs, ...(signal !== undefined && { signal }) };
    const connection = side.poller.connect(this.#tamper(transport), this.rules.language.codec, options);
    const end = this.#add(
      new ConnectionEnd(++this.#lastNumber, "near", connection, this.rules.language),
      side,
    );
    if (random.next() < 0.95) end.send();
    return end;
  }

  /** A foreign program comes, and says who it is. */
  connectRaw(random: SeededRandom): RawEnd | undefined {
    const spot = this.spotFor(random);
    const stream = spot?.place.foreign?.(spot.listener);
    if (stream === undefined) return undefined;
    const raw = new RawEnd(++this.#lastNumber, stream, this.rules.language, spot?.place.framing);
    this.parties.set(raw.number, raw);
    this.raws.push(raw);
    raw.say();
    return raw;
  }

  /** Where an honest player may go: mostly the newest listener. */
  spotFor(random: SeededRandom): Spot | undefined {
    const spots = this.spots.filter((spot) => !spot.isForHostiles);
    return random.next() < 0.8 ? spots.at(-1) : random.pick(spots);
  }

  /** A connection came to the server. */
  meet(connection: AnyConnection, side: PollerSide): ConnectionEnd {
    const end = new ConnectionEnd(++this.#lastNumber, "far", connection, this.rules.language);
    const spot = this.spots.find(({ listener }) => (listener as unknown) === connection.listener);
    if (spot?.isForHostiles === true) end.isHostile = true;
    return this.#add(end, side);
  }

  /** Gives a number to a peer that is held to nothing, for its first words. */
  addHostile(hostile: HostilePeer): void {
    this.hostiles.push(hostile);
    this.parties.set(hostile.number, hostile);
  }

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** Accepts one connection. */
  accept(spot: Spot): ConnectionEnd | undefined {
    const connection = spot.listener.tryAccept();
    if (connection === undefined) return undefined;
    const end = this.server.ends.get(connection as unknown as AnyConnection);
    if (end === undefined) throw new Error("a connection is accepted that no event has told of");
    end.isAccepted = true;
    return end;
  }

  /** Says something to everybody but `except`, and notes who was to get it. */
  broadcast(spot: Spot, key?: string, except?: ConnectionEnd): void {
    const name = nameOf(spot.number, spot.sequence++);
    const message = this.rules.language.messageOf(name);
    broadcastNoted(spot.listener, this.server.ends, { name, message, key, except });
  }

  #add(end: ConnectionEnd, side: PollerSide): ConnectionEnd {
    this.ends.push(end);
    this.parties.set(end.number, end);
    side.ends.set(end.connection as unknown as AnyConnection, end);
    return end;
  }
}

/** A page's poller takes fewer options. */
function pageOptions({ client }: Rules): object {
  const { receiveLimitBytes, sendLimitBytes, closeTimeoutMs, maxFrameMs } = client;
  const options = { receiveLimitBytes, sendLimitBytes, closeTimeoutMs, maxFrameMs };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

const MOST_LINES = 40;
