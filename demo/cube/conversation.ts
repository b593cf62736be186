/**
 * One connection, as the protocol sees it: takes its messages, answers pings and
 * bad ones, and measures the round trip. Leaves to the cube's peer what the
 * peer must decide. Knows no use of a position and no format, and never connects.
 *
 *     connection ── tryRecv ──▶ Received[] (positions, complaints)
 *     connection ◀── trySend ── pong, error, ping, and what the peer says
 */
import type { Connection } from "../../src/index.ts";
import type { LinkChange } from "./shared/changes.ts";
import type { Bad, Message } from "./shared/wire.ts";
import type { Vector } from "./shared/world.ts";

/** What a frame received and this file does not answer. */
export type Received = { readonly kind: "position"; readonly position: Vector } | LinkChange;

/** A connection to another peer. */
export type CubeConnection = Connection<Message | Bad, Message>;

/** Messages each way and what they took, over all conversations of one peer. In text, each is a line. */
export interface Tally {
  linesIn: number;
  linesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Of those in, the lines that were none of the protocol. */
  badLines: number;
}

/** Nothing yet. */
export function newTally(): Tally {
  return { linesIn: 0, linesOut: 0, bytesIn: 0, bytesOut: 0, badLines: 0 };
}

/** One connection and what is known of it. */
export class Conversation {
  readonly connection: CubeConnection;
  /** The other end, as people write it. */
  readonly who: string;
  readonly #tally: Tally;
  #pings: "never" | "each second";
  #ping = { number: 0, sentMs: Number.NEGATIVE_INFINITY };
  /** How long the last ping took to be answered, in milliseconds of polled time; `undefined` before. */
  #pingMs: number | undefined;
  /** For how long it has had no line, as of the last frame; `undefined` while it has one. */
  #heldMs: number | undefined;
  /** Of the connection's bytes, those that are in the tally. */
  #counted = { in: 0, out: 0, linesOut: 0 };

  /** @param pings a listening peer waits for the first ping, so that a person with `nc` is left in peace */
  constructor(connection: CubeConnection, who: string, pings: "never" | "each second", tally: Tally) {
    this.connection = connection;
    this.who = who;
    this.#pings = pings;
    this.#tally = tally;
  }

  /** The round trip from a frame of this peer to the one that has the answer, in milliseconds: the link's, or that of its pings. None while it has no line. */
  get frameTripMs(): number | undefined {
    if (this.#heldMs !== undefined) return undefined;
    return this.connection.frameRttMs ?? this.#pingMs;
  }

  /** The round trip of the line, in milliseconds, where the link measures it and has one. */
  get lineTripMs(): number | undefined {
    return this.#heldMs === undefined ? this.connection.rttMs : undefined;
  }

  /** For how long it has had no line, in milliseconds; `undefined` while it has one. */
  get heldMs(): number | undefined {
    return this.#heldMs;
  }

  /** Takes this frame's messages and answers those it can. Empty when nothing came, the usual case. */
  receive(nowMs: number): readonly Received[] {
    const received: Received[] = [];
    this.#noteLine(received);
    let troubles = 0;
    for (const message of this.connection) {
      this.#tally.linesIn++;
      const what = this.#handle(message, nowMs);
      // Every bad line is answered and counted; one a frame is told, or a flood would drown the log.
      const isTrouble = what?.kind === "bad line" || what?.kind === "complaint";
      if (what !== undefined && !(isTrouble && troubles++ > 0)) received.push(what);
    }
    this.#pingWhenDue(nowMs);
    this.#count();
    return received;
  }

  /**
   * Sends a message. `false` when the connection is not open, is full or is held, and it
   * is then dropped: the next position makes up for it. The newest position waits in a held
   * link, for who moves the cube no more.
   */
  trySend(message: Message): boolean {
    // While connecting, messages would wait and arrive all at once, long out of date.
    if (this.connection.state !== "open") return false;
    const { linked } = this.connection;
    if (!linked && message.kind === "cube") this.connection.trySendLatest("cube", message);
    const isSent = linked && this.connection.trySend(message);
    this.#count();
    return isSent;
  }

  /** What the peer has to know of this message; `undefined` when it was answered here. */
  #handle(message: Message | Bad, nowMs: number): Received | undefined {
    switch (message.kind) {
      case "cube":
        return { kind: "position", position: message.position };
      case "ping":
        this.trySend({ kind: "pong", number: message.number });
        this.#pings = "each second";
        return undefined;
      case "pong":
        // An answer to a ping that was not the last one, or to none, means nothing.
        if (message.number === this.#ping.number) this.#pingMs = nowMs - this.#ping.sentMs;
        return undefined;
      case "bad":
        this.#tally.badLines++;
        this.trySend({ kind: "error", message: message.message });
        return { kind: "bad line", who: this.who, why: message.message };
      case "error":
        return { kind: "complaint", who: this.who, why: message.message };
    }
  }

  /** Adds what the connection has counted since the last look. */
  #count(): void {
    const { receivedBytes, sentBytes, sentMessages } = this.connection.stats;
    this.#tally.linesOut += sentMessages - this.#counted.linesOut;
    this.#tally.bytesIn += receivedBytes - this.#counted.in;
    this.#tally.bytesOut += sentBytes - this.#counted.out;
    this.#counted = { in: receivedBytes, out: sentBytes, linesOut: sentMessages };
  }

  /** Tells when the line is lost, and when there is another. */
  #noteLine(received: Received[]): void {
    const { linked, downMs, state } = this.connection;
    const before = this.#heldMs;
    this.#heldMs = linked || state === "closed" ? undefined : downMs;
    if (before === undefined && this.#heldMs !== undefined) received.push({ kind: "held", who: this.who });
    if (before !== undefined && this.#heldMs === undefined && state !== "closed")
      received.push({ kind: "resumed", who: this.who, afterMs: before });
  }

  #pingWhenDue(nowMs: number): void {
    if (this.#pings === "never" || nowMs - this.#ping.sentMs < PING_EVERY_MS) return;
    const number = this.#ping.number + 1;
    if (this.trySend({ kind: "ping", number })) this.#ping = { number, sentMs: nowMs };
  }
}

/** Often enough to see a change, rare enough to cost nothing. */
const PING_EVERY_MS = 1_000;
