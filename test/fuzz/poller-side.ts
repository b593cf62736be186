/**
 * One poller of a game, and its ends. Polls it, compares each frame with the
 * statistics, and holds the lifecycle events to their order. Handlers of its events
 * do what the game has asked for.
 */
import type { ClientPoller } from "../../src/core/client-poller.ts";
import type { AnyConnection, CloseReason, Frame, StreamStats } from "../../src/index.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import { must } from "./fault.ts";
import type { Side } from "./party.ts";

/** What a handler, a visitor or an accepting loop does to the end that it is about; it may throw a {@link Deliberate}. */
export type Act = (end: ConnectionEnd) => void;

/** An error that the game throws on purpose, out of a handler or a visitor. */
export class Deliberate extends Error {}

/** What a poller asks of its game. */
interface Host {
  /** A connection is there that no call of the game has made. */
  meet(connection: AnyConnection, side: PollerSide): ConnectionEnd;
}

/** A poller, and what it must have said by now. */
export class PollerSide {
  readonly poller: ClientPoller;
  readonly side: Side;
  readonly ends: Map<AnyConnection, ConnectionEnd> = new Map();
  /** Done by the handlers of the next events, one each. */
  readonly armed: Act[] = [];
  state: "in use" | "closed" | "disposing" | "disposed" = "in use";
  timeMs = 0;
  readonly #host: Host;
  readonly #events = new Map<AnyConnection, string[]>();
  readonly #lost = { received: 0, sent: 0 };
  #dropped = 0;

  constructor(poller: ClientPoller, side: Side, host: Host) {
    this.poller = poller;
    this.side = side;
    this.#host = host;
    poller.on("accept", ({ connection }) => this.#happened("accept", connection));
    poller.on("open", ({ connection }) => this.#happened("open", connection));
    poller.on("drain", ({ connection }) => this.#happened("drain", connection));
    poller.on("suspend", ({ connection }) => this.#happened("suspend", connection));
    poller.on("resume", ({ connection }) => this.#happened("resume", connection));
    poller.on("close", ({ connection, reason }) => {
      must(reason === connection.closeReason, () => "the close event has another reason than the connection");
      this.#happened("close", connection);
    });
    poller.on("lose", ({ connection, received, sent }) => {
      this.#lost.received += received;
      this.#lost.sent += sent;
      this.#happened("lose", connection);
    });
    poller.on("drop", ({ count, reason }) => {
      mustBeClear(reason, "a drop");
      this.#dropped += count;
    });
  }

  /** Whether the game may poll it. */
  get isPolled(): boolean {
    return this.state === "in use" || this.state === "closed";
  }

  /** The next frame; `undefined` where there is none, or where a handler has thrown on purpose. */
  poll(passMs: number): Frame | undefined {
    if (!this.isPolled) return undefined;
    const { poller } = this;
    this.timeMs += passMs;
    const before = { ...poller.stats };
    let frame: Frame;
    try {
      frame = poller.poll(this.timeMs);
    } catch (error) {
      mustBeDeliberate(error);
      return undefined; // the frame is whole, and nobody was told its numbers
    }
    const { stats } = poller;
    must(stats.polls === before.polls + 1, () => "a poll was not counted once");
    for (const end of this.ends.values()) end.check();
    return frame;
  }

  /** What must be so when it is over. */
  verdict(): void {
    const { stats } = this.poller;
    const sums = sumOf([...this.ends.keys()].map((connection) => connection.stats));
    for (const name of COUNTED) {
      must(
        sums[name] === stats[name],
        () => `the poller counts ${stats[name]} ${name}, and its connections ${sums[name]}`,
      );
    }
    for (const [connection, events] of this.#events) {
      const end = this.ends.get(connection);
      must(end !== undefined, () => "an event is about a connection that nobody has");
      const isTold = events.filter((event) => event === "close").length === 1 && events.at(-1) === "close";
      must(isTold || this.state === "disposed", () => `${end.told}: its events were ${events.join(", ")}`);
      const isIntroduced = this.side === "near" || events.find((event) => event !== "lose") === "accept";
      must(isIntroduced, () => `${end.told}: no accept event came before ${events.join(", ")}`);
    }
    for (const [connection, end] of this.ends) {
      must(connection.state === "closed", () => `${end.told} never ended`);
      mustBeClear(connection.closeReason, end.told);
      if (this.state === "disposed") continue;
      must(
        this.#events.get(connection)?.includes("close") === true,
        () => `${end.told}: no close event came`,
      );
    }
    const { lostReceived, lostSent, dropped } = stats;
    if (this.state === "disposed") return;
    must(
      this.#lost.received === lostReceived,
      () => `${lostReceived} lost messages were counted, and ${this.#lost.received} told`,
    );
    must(
      this.#lost.sent === lostSent,
      () => `${lostSent} unsent messages were counted as lost, and ${this.#lost.sent} told`,
    );
    must(this.#dropped === dropped, () => `${dropped} drops were counted, and ${this.#dropped} told`);
  }

  #happened(what: string, connection: AnyConnection): void {
    const end = this.ends.get(connection) ?? this.#host.meet(connection, this);
    const events = this.#events.get(connection) ?? [];
    this.#events.set(connection, events);
    must(!events.includes("close"), () => `${end.told}: ${what} came after close (${events.join(", ")})`);
    const isLate = (what === "accept" || what === "open") && events.some((event) => event !== "lose");
    must(!isLate, () => `${end.told}: ${what} came after ${events.join(", ")}`);
    const isDown = events.findLast((event) => LINE.has(event)) === "suspend";
    const isInTurn = !LINE.has(what) || isDown === (what === "resume");
    must(isInTurn, () => `${end.told}: ${what} came after ${events.join(", ")}`);
    events.push(what);
    this.armed.pop()?.(end);
  }
}

/** Rethrows what no part of the game has thrown on purpose. */
export function mustBeDeliberate(error: unknown): void {
  const errors = error instanceof AggregateError ? error.errors : [error];
  for (const one of errors) if (!(one instanceof Deliberate)) throw one;
}

export function mustBeClear(reason: CloseReason | undefined, whose: string): void {
  must(
    reason !== undefined && KINDS.has(reason.kind) && reason.message !== "",
    () => `${whose} has no clear reason: ${JSON.stringify(reason)}`,
  );
  must(
    reason.kind !== "failed",
    () => `${whose} failed for no reason that has a name: ${reason.code} ${reason.message}`,
  );
  const needsCode = reason.kind === "timeout" || reason.kind === "overflow";
  must(
    !needsCode || reason.code !== undefined || reason.message.includes("peer"),
    () => `${whose}: no limit is named by ${JSON.stringify(reason)}`,
  );
}

const LINE: ReadonlySet<string> = new Set(["suspend", "resume"]);

type Sums = Record<keyof StreamStats, number>;

/** The sum of what is counted of each connection. */
export function sumOf(all: readonly StreamStats[]): Sums {
  const sums = Object.fromEntries(COUNTED.map((name) => [name, 0])) as Sums;
  for (const stats of all) for (const name of COUNTED) sums[name] += stats[name];
  return sums;
}

export const COUNTED: readonly (keyof StreamStats)[] = [
  "receivedMessages",
  "receivedBytes",
  "sentMessages",
  "sentBytes",
  "refusedMessages",
  "replacedMessages",
  "skippedMessages",
  "lostReceived",
  "lostSent",
];

const KINDS: ReadonlySet<string> = new Set([
  ...["local", "remote", "reset", "refused", "unreachable", "unknown-host", "address-in-use", "denied"],
  ...["timeout", "aborted", "overflow", "handshake", "protocol", "failed"],
]);
