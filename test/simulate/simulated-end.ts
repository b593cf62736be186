/**
 * One end of a connection in an evening: what the fuzzer knows of an end, and what only
 * simulated time can tell: since when it connects or closes, and what has broken it.
 */
import type { AnyConnection, Link, PollerOptions, SessionOptions } from "../../src/index.ts";
import { ConnectionEnd } from "../fuzz/connection-end.ts";
import { must } from "../fuzz/fault.ts";
import type { Language } from "../fuzz/messages.ts";
import type { Party, Side } from "../fuzz/party.ts";
import type { Digest } from "./digest.ts";

/** The limits of one side, as far as they were given. */
export type Limits = PollerOptions & SessionOptions;

/** What is known of a line from the frames before. */
export interface LineMemory {
  /** The losses that were shown. */
  shown: number;
  /** Since when it is shown as lost, in the time that sessions count. */
  sinceMs: number | undefined;
  /** For how long it was lost when it was seen last. */
  downMs: number;
  /** How long it has waited for another on a network that is whole. */
  waitedMs: number;
  /** How long it has been there at least, in the time that sessions count. */
  aliveMs: number;
  /** The longest that this may have grown in the last frame. */
  stepMs: number;
  /** The largest error of a clock that was shown. */
  mostErrorMs: number;
  /** Whether the game had it in the frame before. */
  isAccepted: boolean;
}

/** One end, and why it may end. */
export class SimulatedEnd extends ConnectionEnd {
  readonly limits: Limits;
  readonly language: Language;
  readonly hasSession: boolean;
  /** Its session. */
  link: Link | undefined;
  /** How many listeners the server had had when it began. */
  startedUnder = 0;
  /** Whether the server has stopped listening since, or listens anew. */
  isUnheard = false;
  /** Whether somebody else had its token, and may have broken it. */
  isRobbed = false;
  /** What it was told of its line last, in the frame of now or before. */
  lineEvent: "suspend" | "resume" | undefined;
  /** How often it was told of a loss. */
  suspends = 0;
  /** What the laws of lines know of it. */
  readonly line: LineMemory = {
    shown: 0,
    sinceMs: undefined,
    downMs: 0,
    waitedMs: 0,
    stepMs: 0,
    aliveMs: 0,
    mostErrorMs: 0,
    isAccepted: false,
  };
  /** Whether a cut has hit it, after which it may be reset at any time. */
  isCut = false;
  /** The number of its player; none at the server. */
  owner: number | undefined;
  /** Whether nobody listened when it began to connect. */
  isRefused = false;
  /** Whether its signal was aborted. */
  isSignalled = false;
  /** Whether a trySend has found no room, and no drain event has come since. */
  isFull = false;
  /** How long it has been there at least, in the time of deadlines. */
  aliveMs = 0;
  /** Whether it was closed when nothing was in the way of its goodbye. */
  leavesWell = false;
  /** Whether its closing has taken as long as it may. */
  isLate = false;
  /** From how many polls of its peer on its reason must have a cause there: a deadline is shown a frame after it has acted. */
  explainedBy: number | undefined;
  /** Whether everything was taken of it, after its end. */
  isEmptied = false;
  /** Whether it was found closed, and looked at then. */
  isSettled = false;
  readonly #digest: Digest;
  /** When it was first polled, in the time of deadlines. */
  #framesSinceSignal = 0;
  #bornMs: number | undefined;
  #wasOpen = false;
  /** When it began to end, by whoever, and when the game has closed it. */
  #endingMs: number | undefined;
  #closingMs: number | undefined;

  constructor(
    number: number,
    side: Side,
    connection: AnyConnection,
    parts: {
      readonly language: Language;
      readonly limits: Limits;
      readonly digest: Digest;
      readonly hasSession: boolean;
    },
  ) {
    super(number, side, connection, parts.language);
    this.language = parts.language;
    this.limits = parts.limits;
    this.hasSession = parts.hasSession;
    this.#digest = parts.digest;
  }

  override send(key?: string): boolean {
    const refused = this.connection.stats.refusedMessages;
    const was = super.send(key);
    if (this.connection.stats.refusedMessages > refused && key === undefined) this.isFull = true;
    this.#digest.add("sent", this.number, was);
    return was;
  }

  override close(): void {
    this.#noteUnopened();
    super.close();
  }

  override noteClosed(aborted: boolean): void {
    this.#noteUnopened();
    super.noteClosed(aborted);
  }

  override receive(name: number, parties: ReadonlyMap<number, Party>): void {
    this.#digest.add("got", this.number, name);
    super.receive(name, parties);
  }

  /** Whether it was ever seen open. */
  get hasOpened(): boolean {
    return this.#wasOpen;
  }

  /** Whether its peer may lack what it sent. */
  get mayBreak(): boolean {
    const kind = this.reason?.kind;
    return (
      this.isCut ||
      this.isRobbed ||
      this.aborted ||
      (kind !== undefined && kind !== "local" && kind !== "remote")
    );
  }

  /** What stands still between two polls. */
  get still(): string {
    const { state, stats, pendingBytes, recvEnded, closeReason } = this.connection;
    const { linked, downMs, rttMs, jitterMs, frameRttMs, clock } = this.connection;
    const { receivedMessages, lostReceived, lostSent, pauses, sentMessages } = stats;
    return [
      state,
      receivedMessages,
      lostReceived,
      lostSent,
      pauses,
      sentMessages,
      pendingBytes,
      recvEnded,
      closeReason?.kind,
      linked,
      downMs,
      rttMs,
      jitterMs,
      frameRttMs,
      clock?.serverNowMs,
    ].join();
  }

  /** A cut has hit its line, which is the end of it, unless it has a session that had begun. */
  noteCut(): void {
    if (!this.hasSession || !this.#wasOpen) this.isCut = true;
  }

  noteLine(event: "suspend" | "resume"): void {
    this.lineEvent = event;
    if (event === "suspend") this.suspends++;
  }

  /** Looks, after a poll, whether it should be over by now. `slackMs` is what frames may add. */
  checkDeadlines(nowMs: number, slackMs: number): void {
    const { state } = this.connection;
    this.#bornMs ??= nowMs;
    if (state === "open" && !this.#wasOpen) this.#noteOpen();
    this.aliveMs = nowMs - this.#bornMs + slackMs;
    const { timeoutMs = 5_000, closeTimeoutMs = 5_000, faultTimeoutMs = 1_000 } = this.limits;
    if (this.discards) this.#closingMs ??= nowMs;
    if (state === "closing" || this.discards) this.#endingMs ??= nowMs;
    if (nowMs - (this.#endingMs ?? nowMs) >= closeTimeoutMs) this.isLate = true;
    if (state === "closed") return;
    const isDeaf = this.isSignalled && state === "connecting" && ++this.#framesSinceSignal > 2;
    must(!isDeaf, () => `${this.told} goes on, and its signal is aborted`);
    must(
      state !== "connecting" || nowMs - this.#bornMs <= timeoutMs + slackMs,
      () => `${this.told} connects for longer than its timeoutMs, ${timeoutMs}`,
    );
    must(
      nowMs - (this.#closingMs ?? nowMs) <= Math.max(closeTimeoutMs, faultTimeoutMs) + slackMs,
      () => `${this.told} closes for longer than its closeTimeoutMs, ${closeTimeoutMs}`,
    );
  }

  /** A session that its player sees open outlives any cut, also one in the midst of its beginning. */
  #noteOpen(): void {
    this.#wasOpen = true;
    if (!this.hasSession || this.side === "far") return;
    this.isCut = false;
    if (this.peer !== undefined) (this.peer as SimulatedEnd).isCut = false;
  }

  /** An attempt that is closed before it has anything to say is dropped at once. */
  #noteUnopened(): void {
    const { state, pendingBytes } = this.connection;
    if (state === "connecting" && pendingBytes === 0) this.aborted = true;
  }
}
