/**
 * What every process of the arena has: a poller, its place on the bus, and a word about
 * itself twice a second. Decides nothing about the game.
 *
 *     poll ──▶ frame: tick, and a status when it is due ──▶ flush
 */
import {
  type DatagramSocket,
  json,
  type LoopTimes,
  Poller,
  subject,
  type Transport,
} from "../../src/index.ts";
import { type BusMessage, busCodec, ownSubject, STATUS, type Status } from "./bus-wire.ts";

/** A bus: `nats()` of `tickwire/nats`, or `memory()`. */
export type Bus = Transport & { at(name: string): Transport };

/** What a process tells of itself beside what all have in common. */
export type OwnStatus = Pick<Status, "players"> & Partial<Pick<Status, "lineMs" | "busMs" | "zones">>;

/** One process of the arena: what it does in a frame, and what it tells. */
export interface Part {
  readonly member: Member;
  /** Why it cannot go on; `undefined` while it can. */
  readonly failure: string | undefined;
  /** Between the poll and the flush. */
  tick(dtMs: number, nowMs: number): void;
  status(): OwnStatus;
  /** Ends it, and says so to the others. */
  end(): Promise<void>;
}

/** A process on the bus. */
export class Member {
  readonly name: string;
  readonly role: Status["role"];
  readonly poller: Poller = new Poller({ closeTimeoutMs: CLOSE_TIMEOUT_MS });
  readonly socket: DatagramSocket<BusMessage>;
  /** What the others tell of themselves. */
  readonly statuses: DatagramSocket<Status>;
  #times = { framesHz: 0, p99Ms: 0 };
  #statusDueMs = Number.NEGATIVE_INFINITY;

  constructor(role: Status["role"], name: string, bus: Bus) {
    this.role = role;
    this.name = name;
    this.socket = this.poller.bind(bus.at(ownSubject(name)), busCodec(), { maxDatagramBytes: MOST_BYTES });
    this.statuses = this.poller.bind<Status, Status>(bus, json());
  }

  /** One frame of the process, between `poll()` and `flush()`. */
  frame(part: Part, dtMs: number, nowMs: number): void {
    part.tick(Math.min(LONGEST_STEP_MS, dtMs), nowMs);
    if (nowMs < this.#statusDueMs) return;
    this.#statusDueMs = nowMs + STATUS_EVERY_MS;
    this.statuses.trySendTo(this.#status(part), subject(STATUS));
  }

  /** Notes how its loop does, once a second. */
  note({ ticks, tickMs }: Pick<LoopTimes, "ticks" | "tickMs">): void {
    this.#times = { framesHz: ticks, p99Ms: tickMs.p99 };
  }

  /** Ends it, and says so to the others. */
  async end(): Promise<void> {
    await this.poller[Symbol.asyncDispose]();
  }

  /** Ends it as a kill does: it says nothing to anybody. */
  kill(): void {
    this.poller[Symbol.dispose]();
  }

  #status(part: Part): Status {
    const { receivedBytes, sentBytes } = this.poller.stats;
    const { lost, failed } = this.socket.stats;
    return {
      name: this.name,
      role: this.role,
      pid: process.pid,
      ...this.#times,
      bytesIn: receivedBytes,
      bytesOut: sentBytes,
      lost,
      failed,
      ...part.status(),
    };
  }
}

/** After a stall the game goes on; it does not leap. */
const LONGEST_STEP_MS = 100;
const STATUS_EVERY_MS = 500;
/** A person who pressed Ctrl-C does not wait. */
const CLOSE_TIMEOUT_MS = 500;
/** A zone with 3,000 players in it. */
const MOST_BYTES = 65_000;
