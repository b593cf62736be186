/**
 * One evening in one process, on simulated time: a server, its players, the lines between
 * them, and what goes wrong. Makes the parts and lets the frames pass; what an end must
 * keep to is in `laws.ts`, how it all ends in `finish.ts`.
 *
 *     players ── conditioned(memory) ──▶ network in memory ──▶ server
 */
import {
  type AnyConnection,
  type ConditionedTransport,
  type Conditions,
  conditioned,
  type Frame,
  type Link,
  type MemoryTransport,
  memory,
  type Poller,
  type Recording,
  recorded,
  type Transport,
} from "../../src/index.ts";
import type { Acceptor } from "../../src/port/acceptor.ts";
import { must } from "../fuzz/fault.ts";
import type { Tamper } from "../fuzz/game.ts";
import type { Party, Side } from "../fuzz/party.ts";
import { Deliberate, PollerSide } from "../fuzz/poller-side.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";
import { Digest } from "./digest.ts";
import { checkMemory, checkReason } from "./laws.ts";
import { checkLine } from "./line-laws.ts";
import type { Plan } from "./plan.ts";
import { Player } from "./player.ts";
import { Server } from "./server.ts";
import { SessionNetwork } from "./session-network.ts";
import { SimulatedEnd } from "./simulated-end.ts";
import type { Caller, World } from "./world.ts";

/** What is done to an evening from outside. */
export interface EveningOptions {
  /** Takes what its server sees. */
  readonly recording?: Recording | undefined;
  /** Exchanges the players' transports, in the tests of the simulator itself. */
  readonly tamper?: Tamper | undefined;
}

/** One evening. */
export class Evening implements World {
  readonly plan: Plan;
  readonly digest: Digest = new Digest();
  readonly parties: Map<number, Party> = new Map();
  readonly ends: SimulatedEnd[] = [];
  readonly wire: MemoryTransport;
  /** The server's own lines, where those are bad ones. */
  readonly serverLines: readonly ConditionedTransport[];
  readonly serverTransports: readonly Transport[];
  readonly sessions: SessionNetwork;
  readonly sides: PollerSide[] = [];
  /** Pollers of players that were closed, and are polled until all of theirs is over. */
  readonly leaving: PollerSide[] = [];
  readonly players: Player[];
  readonly server: Server;
  signal: AbortController = new AbortController();
  frame = 0;
  nowMs = 1_000;
  /** Whether nothing goes wrong any more. */
  isCalm = false;
  readonly #tamper: Tamper;
  readonly #deadlineMs = new Map<PollerSide, { nowMs: number; longestMs: number }>();
  /** The time that sessions count, of each side. */
  readonly #countedMs = new Map<PollerSide, number>();
  readonly #later: { readonly frame: number; readonly act: () => void }[] = [];
  readonly #byPort = new Map<number, SimulatedEnd>();
  readonly #signalled = new Map<SimulatedEnd, AbortController>();
  readonly #sideOf = new Map<Party, PollerSide>();
  #lastPort = 0;
  #lastNumber = 0;
  #clockMs = 0;

  constructor(plan: Plan, { recording, tamper = (transport) => transport }: EveningOptions = {}) {
    this.plan = plan;
    this.#tamper = tamper;
    this.wire = memory(plan.wire);
    this.sessions = new SessionNetwork({ connect: () => this.#connectTo(SESSIONS) }, () => this.#lastPort);
    const places = plan.sessions === undefined ? [this.wire] : [this.wire, this.wire.at(SESSIONS)];
    const { serverLine } = plan;
    this.serverLines =
      serverLine === undefined
        ? []
        : places.map((place) => conditioned(place, { ...serverLine, seed: plan.seed % 1_000 }));
    const ways = places.map((place, index) => this.#wayTo(this.serverLines[index] ?? place, index === 1));
    this.serverTransports = recording === undefined ? ways : ways.map((way) => recorded(way, recording));
    this.server = new Server(this);
    this.players = Array.from({ length: plan.players }, (_, ordinal) => new Player(this, ordinal));
  }

  /** The clock of budgets: it goes on by each look, as a real one does. */
  readonly clock = (): number => {
    this.#clockMs += 0.05;
    return this.#clockMs;
  };

  /** The next frame of everybody. */
  step(): void {
    this.frame++;
    this.nowMs += this.plan.tickMs;
    for (const side of this.leaving) this.poll(side);
    const before: string[] = [];
    for (const player of this.players) {
      player.step(this.frame);
      before.push(player.end?.still ?? "");
    }
    this.server.step(this.frame);
    for (const [index, player] of this.players.entries()) {
      const { end } = player;
      const now = end?.still ?? "";
      must(
        now === before[index],
        () => `${end?.told} changed between two polls: from ${before[index]} to ${now}`,
      );
    }
    for (const one of this.#later.filter(({ frame }) => frame === this.frame)) one.act();
  }

  /** The next frame of one poller, and what must hold in it. */
  poll(side: PollerSide): Frame | undefined {
    const passMs = this.nowMs - side.timeMs;
    const { plan, digest } = this;
    const limits = side.side === "near" ? plan.client : plan.server;
    const deadline = this.#deadlineMs.get(side) ?? { nowMs: 0, longestMs: 0 };
    this.#deadlineMs.set(side, deadline);
    const stepMs = Math.min(passMs, MOST_STEP_MS);
    this.#countedMs.set(side, (this.#countedMs.get(side) ?? 0) + stepMs);
    const countsMs = Math.min(passMs, limits.maxFrameMs ?? 1_000);
    deadline.nowMs += countsMs;
    deadline.longestMs = Math.max(deadline.longestMs, countsMs);
    const frame = side.poll(passMs);
    for (const end of side.ends.values() as MapIterator<SimulatedEnd>) {
      if (end.isSettled) continue;
      if (!this.server.isListening || this.server.listeners.length > end.startedUnder) end.isUnheard = true;
      checkMemory(end);
      checkLine(end, {
        nowMs: this.#countedMs.get(side) ?? 0,
        stepMs,
        isCalm: this.isCalm && this.server.isListening,
        serverNowMs: this.nowMs + SERVER_AHEAD_MS,
      });
      end.checkDeadlines(deadline.nowMs, 3 * deadline.longestMs);
      const isExplained = checkReason(end, this.#pollsOf(end.peer));
      end.isSettled = isExplained && end.connection.state === "closed";
    }
    if (frame === undefined) return undefined;
    const { frameBudget } = limits;
    must(
      frame.received <= (frameBudget?.messages ?? Infinity),
      () => `a frame has ${frame.received} messages, and its budget is ${frameBudget?.messages}`,
    );
    if (frame.received + frame.accepted + frame.opened + frame.closed > 0) {
      digest.add("frame", side.side, frame.tick, frame.received, frame.receivedBytes, frame.remaining);
      digest.add(frame.accepted, frame.opened, frame.closed, side.poller.ready.length);
    }
    return frame;
  }

  addSide(poller: Poller, which: Side): PollerSide {
    const made = new PollerSide(poller, which, this);
    const { digest } = this;
    const numberOf = (connection: AnyConnection): number | undefined => made.ends.get(connection)?.number;
    for (const type of ["accept", "open"] as const) {
      poller.on(type, ({ connection }) => digest.add(type, numberOf(connection)));
    }
    poller.on("drain", ({ connection }) => {
      digest.add("drain", numberOf(connection));
      const end = made.ends.get(connection) as SimulatedEnd | undefined;
      if (end !== undefined) end.isFull = false;
    });
    for (const type of ["suspend", "resume"] as const) {
      poller.on(type, ({ connection }) => {
        digest.add(type, numberOf(connection));
        (made.ends.get(connection) as SimulatedEnd | undefined)?.noteLine(type);
      });
    }
    poller.on("close", ({ connection, reason }) => {
      digest.add("close", numberOf(connection), reason.kind, reason.code, reason.message);
    });
    poller.on("lose", ({ connection, received, sent }) => {
      digest.add("lose", numberOf(connection), received, sent);
    });
    poller.on("drop", ({ count, reason }) => digest.add("drop", count, reason.code ?? reason.kind));
    poller.on("unlisten", ({ reason }) => digest.add("unlisten", reason.kind));
    made.timeMs = this.nowMs;
    this.sides.push(made);
    return made;
  }

  /** A player's line on the network of this evening. */
  lineFor(conditions: Conditions, seed: number, hasSessions: boolean): ConditionedTransport {
    const connect = (): Link => this.#connectTo(hasSessions ? SESSIONS : undefined);
    return conditioned(hasSessions ? { connect } : this.#tamper({ connect }), { ...conditions, seed });
  }

  /** How a player connects over its line. What is tampered with is what a game sees of it. */
  wayOver(line: ConditionedTransport, sessionRandom: SeededRandom | undefined): Transport {
    if (sessionRandom === undefined) return line;
    const options = { ...this.plan.sessions?.client, clock: () => this.nowMs };
    return this.#tamper(this.sessions.over(line, sessionRandom, options));
  }

  /** A player connects. */
  connect({ side, way, random, number, hasSessions }: Caller): SimulatedEnd {
    const { plan, signal } = this;
    const options = random.next() < 0.1 ? { signal: signal.signal } : {};
    const isRefused = !this.server.isListening;
    const connection = side.poller.connect(way, plan.language.codec, options);
    const end = this.#add(connection as unknown as AnyConnection, side, hasSessions);
    end.link = hasSessions ? this.sessions.newest : undefined;
    end.startedUnder = this.server.listeners.length;
    end.isRefused = isRefused;
    end.owner = number;
    this.#byPort.set(this.#lastPort, end);
    if (options.signal !== undefined) this.#signalled.set(end, signal);
    return end;
  }

  /** A connection has come to the server: who its peer is follows from the address. */
  meet(connection: AnyConnection, side: PollerSide): SimulatedEnd {
    const port = this.sessions.firstPortOf(connection.remoteAddress?.port ?? 0);
    const near = this.#byPort.get(port);
    const end = this.#add(connection, side, near?.hasSession === true);
    end.link = this.sessions.acceptedFrom(port);
    end.startedUnder = this.server.listeners.length;
    must(
      near !== undefined && near.peer === undefined,
      () => `${end.told} came from nobody, or from one who is here`,
    );
    end.peer = near;
    near.peer = end;
    end.isCut = near.isCut;
    end.isRobbed = near.isRobbed;
    // It waited to be accepted when its listener was closed, which has reset it.
    if ((connection.listener as { state?: string } | undefined)?.state === "closed") end.noteClosed(true);
    return end;
  }

  abortSignal(): void {
    for (const [end, controller] of this.#signalled) if (controller === this.signal) end.isSignalled = true;
    this.signal.abort(new Error("the player has changed its mind"));
    this.signal = new AbortController();
  }

  /** The player's end whose first line came from `port`. */
  endFrom(port: number): SimulatedEnd | undefined {
    return this.#byPort.get(port);
  }

  /** Somebody else has the token of that end. */
  rob(end: SimulatedEnd): void {
    end.isRobbed = true;
    if (end.peer !== undefined) (end.peer as SimulatedEnd).isRobbed = true;
  }

  /** Does `act` so many frames later. */
  later(frames: number, act: () => void): void {
    this.#later.push({ frame: this.frame + frames, act });
  }

  /** Does what a game may do to one of its connections, from anywhere. */
  actOn(end: SimulatedEnd, random: SeededRandom): void {
    const act = random.pick(["close", "abort", "end", "hold", "release", "send", "throw", "flush"] as const);
    this.digest.add("act", end.number, act);
    if (act === "throw") throw new Deliberate("the game throws");
    if (act === "send") end.send();
    else if (act === "hold" || act === "release") end.connection[act]();
    else if (act === "flush")
      this.sides.find(({ ends }) => ends.get(end.connection as never) === end)?.poller.flush();
    else end[act]();
  }

  /** How many frames the poller of an end has shown; as many as one likes once it is never polled again. */
  #pollsOf(end: Party | undefined): number {
    const side = end && this.#sideOf.get(end);
    return side?.isPolled === true ? side.poller.stats.polls : Infinity;
  }

  #connectTo(name: string | undefined): Link {
    const link = (name === undefined ? this.wire : this.wire.at(name)).connect();
    this.#lastPort = link.localAddress?.port ?? 0;
    return link;
  }

  /** What the server listens with at a place. */
  #wayTo(place: Transport, hasSessions: boolean): Transport {
    const isLine = this.serverLines.includes(place as ConditionedTransport);
    const bare: Transport = isLine ? place : { listen: (place.listen as () => Acceptor).bind(place) };
    if (!hasSessions) return bare;
    return this.sessions.at(bare, {
      ...this.plan.sessions?.server,
      clock: () => this.nowMs + SERVER_AHEAD_MS,
    });
  }

  #add(connection: AnyConnection, side: PollerSide, hasSession: boolean): SimulatedEnd {
    const { plan, digest } = this;
    const which = side.side === "near" ? "client" : "server";
    const limits = { ...plan[which], ...(hasSession && plan.sessions?.[which]) };
    const parts = { language: plan.language, limits, digest, hasSession };
    const end = new SimulatedEnd(++this.#lastNumber, side.side, connection, parts);
    this.ends.push(end);
    this.parties.set(end.number, end);
    side.ends.set(connection, end);
    this.#sideOf.set(end, side);
    return end;
  }
}

/** The name at which a server takes sessions. */
const SESSIONS = "sessions";
/** How far its clock is ahead of everybody's. */
const SERVER_AHEAD_MS = 5_000;
/** The most that a step of polled time counts to a session. */
const MOST_STEP_MS = 1_000;
