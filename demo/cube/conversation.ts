/**
 * One connection, as the protocol sees it: reads its lines, answers pings and
 * bad lines, and measures the round trip. Hands on what the cube's peer must
 * decide. Never knows what a position is good for, and never connects.
 *
 *     connection ── tryRecv ──▶ parse ──▶ Heard[] (positions, complaints)
 *     connection ◀── trySend ── pong, error, ping, and what the peer says
 */
import type { Connection } from "../../src/index.ts";
import type { LinkChange } from "./news.ts";
import { errorLine, type Line, numberedLine, parseLine } from "./wire.ts";
import type { Vector } from "./world.ts";

/** What was heard in one frame and is not answered here. */
export type Heard = { readonly kind: "position"; readonly position: Vector } | LinkChange;

/** Lines each way, counted over all conversations of one peer. */
export interface Tally {
  linesIn: number;
  linesOut: number;
  /** Of those in, the lines that were none of the protocol. */
  badLines: number;
}

/** One connection and what is known of it. */
export class Conversation {
  readonly connection: Connection<string>;
  /** The other end, as people write it. */
  readonly who: string;
  /** How long the last ping took to be answered, in milliseconds of polled time; `undefined` before. */
  roundTripMs: number | undefined;

  readonly #tally: Tally;
  #pings: "never" | "each second";
  #ping = { number: 0, sentMs: Number.NEGATIVE_INFINITY };

  /** @param pings who listens waits to be pinged first, so that a person with `nc` is left in peace */
  constructor(connection: Connection<string>, who: string, pings: "never" | "each second", tally: Tally) {
    this.connection = connection;
    this.who = who;
    this.#pings = pings;
    this.#tally = tally;
  }

  /** Reads this frame's lines and answers what can be answered. Empty when nothing came, the usual case. */
  listen(nowMs: number): readonly Heard[] {
    const heard: Heard[] = [];
    let troubles = 0;
    for (let text: string | undefined; (text = this.connection.tryRecv()) !== undefined; ) {
      this.#tally.linesIn++;
      const what = this.#hear(parseLine(text), nowMs);
      // Every bad line is answered and counted; one a frame is told, or a flood would drown the log.
      const isTrouble = what?.kind === "bad line" || what?.kind === "complaint";
      if (what !== undefined && !(isTrouble && troubles++ > 0)) heard.push(what);
    }
    this.#pingWhenDue(nowMs);
    return heard;
  }

  /**
   * Sends a line. `false` when the connection is not open or is full, and the
   * line is then dropped: the next position makes up for it.
   */
  say(text: string): boolean {
    // While connecting, lines would wait and arrive all at once, long out of date.
    const isSaid = this.connection.state === "open" && this.connection.trySend(text);
    if (isSaid) this.#tally.linesOut++;
    return isSaid;
  }

  /** Answers what the peer has to know of this line; `undefined` when it was settled here. */
  #hear(line: Line, nowMs: number): Heard | undefined {
    switch (line.kind) {
      case "cube":
        return { kind: "position", position: line.position };
      case "ping":
        this.say(numberedLine("pong", line.number));
        this.#pings = "each second";
        return undefined;
      case "pong":
        // An answer to a ping that was not the last one, or to none, means nothing.
        if (line.number === this.#ping.number) this.roundTripMs = nowMs - this.#ping.sentMs;
        return undefined;
      case "bad":
        this.#tally.badLines++;
        this.say(errorLine(line.message));
        return { kind: "bad line", who: this.who, why: line.message };
      case "error":
        return { kind: "complaint", who: this.who, why: line.message };
    }
  }

  #pingWhenDue(nowMs: number): void {
    if (this.#pings === "never" || nowMs - this.#ping.sentMs < PING_EVERY_MS) return;
    const number = this.#ping.number + 1;
    if (this.say(numberedLine("ping", number))) this.#ping = { number, sentMs: nowMs };
  }
}

/** Often enough to see a change, rare enough to cost nothing. */
const PING_EVERY_MS = 1_000;
