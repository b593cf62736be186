/**
 * A server with players who must never notice what happens to others.
 *
 *     players ── "player 3 says 17" ──▶ server     server ── "tick 17" ──▶ players
 *
 * Each player numbers what it says, and the server numbers its ticks, so that
 * a lost, doubled or disordered message is seen on the spot. Each connection after
 * the players is a tested peer: a test is about what these do. Also runs where
 * there is no test: in a program in a network of its own.
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

/** What such a server is made of. */
export interface GameServerOptions {
  readonly players?: number;
  readonly listen?: ListenOptions;
  /** How to listen; TCP on the loopback by default. */
  readonly transport?: Transport;
  /** How to reach that listener. */
  readonly reach?: (port: number) => Transport;
}

/** A peer that is none of the players, at its server's end. */
export interface TestedPeer {
  readonly connection: Connection<string>;
  /** What it said. */
  readonly words: string[];
  /** Whether the server takes its messages. */
  isRead: boolean;
  /** How it ended: told by the close event. */
  ending: CloseReason | undefined;
}

/** What is counted of a player. */
interface Player {
  readonly connection: Connection<string>;
  said: number;
  /** How many of its words have come to the server. */
  noted: number;
  /** The last tick that it was told; `undefined` before the first. */
  tick: number | undefined;
}

/** A server, its players, and the tested peers that came later. */
export class GameServer {
  readonly poller: Poller = new Poller({ closeTimeoutMs: CLOSE_TIMEOUT_MS });
  readonly listener: Listener<string>;
  /** Whether the server accepts connections. */
  accepts = true;

  readonly #playersPoller = new Poller();
  readonly #players: Player[] = [];
  /** The server's ends of the players. */
  readonly #playerConnections: Connection<string>[] = [];
  readonly #peers: Map<unknown, TestedPeer> = new Map();
  readonly #newPeers: TestedPeer[] = [];
  #isOpen = false;
  #playersTalk = true;
  #tick = 0;

  private constructor(transport: Transport, listen: ListenOptions) {
    this.listener = this.poller.listen(transport, lines(), listen);
    this.poller.on("close", ({ connection, reason }) => this.#noteEnd(connection, reason));
  }

  /** A server with all its players, which send already. */
  static async open(options: GameServerOptions = {}): Promise<GameServer> {
    const { players = 8, listen = {}, transport = tcp({ host: LOOPBACK, port: 0 }) } = options;
    const { reach = (port) => tcp({ host: LOOPBACK, port }) } = options;
    const server = new GameServer(transport, listen);
    await server.until(() => server.listener.state === "listening");
    for (let count = 0; count < players; count++) {
      const connection = server.#playersPoller.connect(reach(server.port), lines());
      server.#players.push({ connection, said: 0, noted: 0, tick: undefined });
    }
    await server.until(() => server.#players.every(({ noted, tick }) => noted > 0 && tick !== undefined));
    server.#isOpen = true;
    return server;
  }

  get port(): number {
    return this.listener.address?.port ?? 0;
  }

  /** One frame of the server and one of the players, and a turn for the network. */
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

  /** The next tested peer, once it is there. */
  async nextPeer(): Promise<TestedPeer> {
    await this.until(() => this.#newPeers.length > 0, "a tested peer");
    return this.#newPeers.shift() as TestedPeer;
  }

  /** How a tested peer ended, once it has. */
  async ending(peer: TestedPeer): Promise<CloseReason> {
    await this.until(() => peer.ending !== undefined, "an ending");
    assert.equal(peer.connection.state, "closed");
    assert.equal(peer.connection.closeReason, peer.ending);
    return peer.ending as CloseReason;
  }

  /** Forgets the tested peers that are gone. */
  forgetClosedPeers(): void {
    this.#newPeers.length = 0;
    for (const [connection, { ending }] of this.#peers)
      if (ending !== undefined) this.#peers.delete(connection);
  }

  /** Checks that all messages until now have come, each once and in order, and that every player is there. */
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

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#playersPoller[Symbol.asyncDispose](), this.poller[Symbol.asyncDispose]()]);
    assert.equal(this.listener.connections.size, 0);
  }

  #serve(): void {
    this.poller.poll();
    while (this.accepts) {
      const connection = this.listener.tryAccept();
      if (connection === undefined) break;
      if (this.#isOpen) this.#addPeer(connection);
      else this.#playerConnections.push(connection);
    }
    for (const connection of this.poller.ready) this.#receive(connection as Connection<string>);
    for (const connection of this.#playerConnections) connection.trySend(`tick ${this.#tick}`);
    this.#tick++;
    this.poller.flush();
  }

  #addPeer(connection: Connection<string>): void {
    const peer = { connection, words: [], isRead: true, ending: undefined };
    this.#peers.set(connection, peer);
    this.#newPeers.push(peer);
  }

  #receive(connection: Connection<string>): void {
    const peer = this.#peers.get(connection);
    if (peer?.isRead === false) return;
    for (const word of connection) {
      if (peer === undefined) this.#note(word);
      else peer.words.push(word);
    }
  }

  #note(word: string): void {
    const [, name, number] = word.split(" ");
    const player = this.#players[Number(name)] as Player;
    assert.equal(number, String(player.noted++), `what player ${name} said`);
  }

  #noteEnd(connection: unknown, reason: CloseReason): void {
    const peer = this.#peers.get(connection);
    if (peer === undefined) return;
    assert.equal(peer.ending, undefined, "a close is told once");
    peer.ending = reason;
  }

  #play(): void {
    this.#playersPoller.poll();
    for (const [name, player] of this.#players.entries()) {
      for (const word of player.connection) {
        const tick = Number(word.split(" ")[1]);
        assert.equal(tick, (player.tick ?? tick - 1) + 1, `what player ${name} received`);
        player.tick = tick;
      }
      if (this.#playersTalk && player.connection.trySend(`player ${name} ${player.said}`)) player.said++;
    }
    this.#playersPoller.flush();
  }
}

/** Where all of this happens. */
export const LOOPBACK = "127.0.0.1";
/** For a program to start on a slow machine, and for the system to notice. */
export const DEADLINE_MS = 60_000;
const CLOSE_TIMEOUT_MS = 500;
/** The pace of the server: a rest, so that other programs of the machine have their turn. */
const FRAME_MS = 2;
