/**
 * A server with players who must never notice what happens to others.
 *
 *     players ── "player 3 says 17" ──▶ server     server ── "tick 17" ──▶ players
 *
 * Each player numbers what it says, and the server numbers its ticks, so that
 * whatever is lost, doubled or out of order is seen on the spot. Whoever comes
 * after them is a stranger, and strangers are what a test is about. Also runs
 * where there is no test: in a program in a network of its own.
 */
import assert from "node:assert/strict";
import {
  type CloseReason,
  type Connection,
  type Listener,
  type ListenOptions,
  lines,
  Poller,
  type Transport,
  tcp,
} from "../../src/index.ts";

/** How a house is built. */
export interface HouseOptions {
  readonly players?: number;
  readonly listen?: ListenOptions;
  /** How to listen; TCP on the loopback by default. */
  readonly transport?: Transport;
  /** How to reach that listener. */
  readonly reach?: (port: number) => Transport;
}

/** A guest of the house that is none of its players. */
export interface Stranger {
  readonly guest: Connection<string>;
  /** What it said. */
  readonly words: string[];
  /** Whether the house takes what it says. */
  isHeard: boolean;
  /** How it ended: told by the close event. */
  ending: CloseReason | undefined;
}

/** A player's book. */
interface Player {
  readonly connection: Connection<string>;
  said: number;
  /** How many of its words have come to the server. */
  noted: number;
  /** The last tick that it was told; `undefined` before the first. */
  tick: number | undefined;
}

/** A server, its players, and the strangers that came later. */
export class House {
  readonly server: Poller = new Poller({ closeTimeoutMs: CLOSE_TIMEOUT_MS });
  readonly listener: Listener<string>;
  /** Whether the server takes guests in. */
  accepts = true;

  readonly #crowd = new Poller();
  readonly #players: Player[] = [];
  /** The server's ends of the players. */
  readonly #guests: Connection<string>[] = [];
  readonly #strangers: Map<unknown, Stranger> = new Map();
  readonly #unmet: Stranger[] = [];
  #isOpen = false;
  #playersTalk = true;
  #tick = 0;

  private constructor(transport: Transport, listen: ListenOptions) {
    this.listener = this.server.listen(transport, lines(), listen);
    this.server.on("close", ({ connection, reason }) => this.#noteEnd(connection, reason));
  }

  /** A house with all its players in it, talking. */
  static async open(options: HouseOptions = {}): Promise<House> {
    const { players = 8, listen = {}, transport = tcp({ host: LOOPBACK, port: 0 }) } = options;
    const { reach = (port) => tcp({ host: LOOPBACK, port }) } = options;
    const house = new House(transport, listen);
    await house.until(() => house.listener.state === "listening");
    for (let count = 0; count < players; count++) {
      const connection = house.#crowd.connect(reach(house.port), lines());
      house.#players.push({ connection, said: 0, noted: 0, tick: undefined });
    }
    await house.until(() => house.#players.every(({ noted, tick }) => noted > 0 && tick !== undefined));
    house.#isOpen = true;
    return house;
  }

  get port(): number {
    return this.listener.address?.port ?? 0;
  }

  /** One frame of the server and one of the players, and a turn for the world. */
  async frame(): Promise<void> {
    this.#serve();
    this.#play();
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }

  /** Frames until `isThere`; fails at a deadline. */
  async until(isThere: () => boolean, what = "what was awaited"): Promise<void> {
    const deadlineMs = performance.now() + DEADLINE_MS;
    while (!isThere()) {
      if (performance.now() > deadlineMs) throw new Error(`${what} did not come in ${DEADLINE_MS} ms`);
      await this.frame();
    }
  }

  /** The next stranger, once it is there. */
  async stranger(): Promise<Stranger> {
    await this.until(() => this.#unmet.length > 0, "a stranger");
    return this.#unmet.shift() as Stranger;
  }

  /** How a stranger ended, once it has. */
  async ending(stranger: Stranger): Promise<CloseReason> {
    await this.until(() => stranger.ending !== undefined, "an ending");
    assert.equal(stranger.guest.state, "closed");
    assert.equal(stranger.guest.closeReason, stranger.ending);
    return stranger.ending as CloseReason;
  }

  /** Forgets those who have come and gone. */
  forgetStrangers(): void {
    this.#unmet.length = 0;
    for (const [guest, { ending }] of this.#strangers)
      if (ending !== undefined) this.#strangers.delete(guest);
  }

  /** All that was said in this house until now has come, each word once and in order, and every player is there. */
  async checkPlayers(): Promise<void> {
    this.#playersTalk = false;
    const last = this.#tick;
    const isComplete = ({ said, noted, tick = -1 }: Player) => noted === said && tick >= last;
    await this.until(() => this.#players.every(isComplete), "a player's last word");
    for (const { connection, said } of this.#players) {
      assert.equal(connection.state, "open");
      assert(said > 0);
    }
    this.#playersTalk = true;
  }

  /** Sends everybody home. */
  async close(): Promise<void> {
    await Promise.all([this.#crowd[Symbol.asyncDispose](), this.server[Symbol.asyncDispose]()]);
    assert.equal(this.listener.connections.size, 0);
  }

  #serve(): void {
    this.server.poll();
    while (this.accepts) {
      const guest = this.listener.tryAccept();
      if (guest === undefined) break;
      if (this.#isOpen) this.#meet(guest);
      else this.#guests.push(guest);
    }
    for (const guest of this.server.ready) this.#hear(guest as Connection<string>);
    for (const guest of this.#guests) guest.trySend(`tick ${this.#tick}`);
    this.#tick++;
    this.server.flush();
  }

  #meet(guest: Connection<string>): void {
    const stranger = { guest, words: [], isHeard: true, ending: undefined };
    this.#strangers.set(guest, stranger);
    this.#unmet.push(stranger);
  }

  #hear(guest: Connection<string>): void {
    const stranger = this.#strangers.get(guest);
    if (stranger?.isHeard === false) return;
    for (const word of guest) {
      if (stranger === undefined) this.#note(word);
      else stranger.words.push(word);
    }
  }

  #note(word: string): void {
    const [, name, number] = word.split(" ");
    const player = this.#players[Number(name)] as Player;
    assert.equal(number, String(player.noted++), `what player ${name} said`);
  }

  #noteEnd(connection: unknown, reason: CloseReason): void {
    const stranger = this.#strangers.get(connection);
    if (stranger === undefined) return;
    assert.equal(stranger.ending, undefined, "a close is told once");
    stranger.ending = reason;
  }

  #play(): void {
    this.#crowd.poll();
    for (const [name, player] of this.#players.entries()) {
      for (const word of player.connection) {
        const tick = Number(word.split(" ")[1]);
        assert.equal(tick, (player.tick ?? tick - 1) + 1, `what player ${name} heard`);
        player.tick = tick;
      }
      if (this.#playersTalk && player.connection.trySend(`player ${name} ${player.said}`)) player.said++;
    }
    this.#crowd.flush();
  }
}

/** Where all of this happens. */
export const LOOPBACK = "127.0.0.1";
/** For a program to start on a slow machine, and for the system to notice. */
export const DEADLINE_MS = 20_000;
const CLOSE_TIMEOUT_MS = 500;
/** The pace of the house: a rest, so that other programs of the machine have their turn. */
const FRAME_MS = 2;
