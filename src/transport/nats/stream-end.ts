/**
 * The life of one end of a stream over a broker, as its peer and the broker change it.
 *
 *     connecting ── accept ──▶ open ── fin both ways, bye ──▶ closed
 *         └── refuse, nobody ──▶ closed ◀── reset, a gap, silence ──┘
 *
 * A message of a broker may be lost, so each frame has a number, and a ping tells that of
 * the next: what is missing, or comes twice, resets the stream. While the broker is away
 * the stream waits, and goes on when nothing was lost. `stream-output.ts` and
 * `stream-input.ts` move the bytes, `streams.ts` has the broker, and `nats-link.ts` the
 * calls of the core.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { LinkEvents } from "../../port/link.ts";
import { ackedBytes, FRAME, type Frame, isStreamSubject, newFrame, WHY } from "./stream-frames.ts";
import { StreamInput } from "./stream-input.ts";
import { StreamOutput } from "./stream-output.ts";
import * as reasons from "./stream-reasons.ts";
import type { Streams, StreamUser } from "./streams.ts";

/** One end, without the calls of a link. */
export abstract class StreamEnd implements StreamUser {
  readonly subject: string;
  protected readonly streams: Streams;
  protected readonly output: StreamOutput;
  protected readonly input: StreamInput;
  /** How much this side has room for. */
  readonly windowBytes: number;
  protected events: LinkEvents | undefined;
  protected phase: "connecting" | "open" | "closed" = "connecting";
  /** Where the peer hears; empty until it has said so. */
  protected peer = "";
  /** This side wants to hear nothing more. */
  protected isEnding = false;
  /** The peer has ended its stream, and is there no more: it takes nothing. */
  protected isPeerGone = false;
  protected isSuspended = false;
  /** When the peer was asked for something, in the time of the streams. */
  protected askedMs: number;
  /** When it was heard. */
  #heardMs: number;
  /** Whether it was heard since the broker is there: after an outage one of the two is back before the other. */
  #isHeard = true;
  readonly #byes = { sent: false, received: false };

  constructor(streams: Streams) {
    this.streams = streams;
    this.subject = streams.newSubject();
    this.windowBytes = streams.newWindowBytes();
    this.output = new StreamOutput({
      mayPublish: () => this.#mayPublish && streams.mayPublish(this),
      mostBytes: () => streams.maxPayloadBytes,
      publish: (frame) => streams.publish(this.peer, frame),
      drained: (sizeBytes) => this.events?.drained(sizeBytes),
    });
    this.input = new StreamInput(this.windowBytes, {
      received: (bytes) => this.events?.received(bytes),
      read: () => this.#acknowledge(),
      ended: () => this.#peerEnded(),
    });
    this.#heardMs = this.askedMs = streams.nowMs;
  }

  // What a link that connects does beside.

  /** Asks the listener for a stream. */
  protected abstract connect(): void;
  /** Takes the listener's answer, or what is none. */
  protected abstract answered(frame: Frame, reply: string): void;
  /** Nobody listens. */
  protected abstract refused(): void;
  /** It has closed, and is forgotten. */
  protected abstract forget(): void;
  abstract trouble(reason: CloseReason): void;

  // What the streams tell.

  opened(): void {
    this.#heardMs = this.streams.nowMs; // nobody was heard while there was no broker
    if (this.phase === "connecting") this.connect();
    if (this.phase !== "open") return;
    this.#isHeard = false; // what is sent before the peer is back would be lost
    this.#ping();
  }

  suspended(): void {
    if (this.phase !== "open" || this.isSuspended) return;
    this.isSuspended = true;
    this.events?.suspended();
  }

  failed(reason: CloseReason): void {
    this.finish(reason);
  }

  mayPublish(): void {
    if (this.phase === "open") this.output.push();
  }

  stalled(): void {}

  tick(nowMs: number): void {
    const { deadPeerMs, isAfterOutage, isOpen } = this.streams;
    const silentMs = nowMs - this.#heardMs;
    const eachMs =
      isAfterOutage && (this.phase === "connecting" || !this.#isHeard) ? OUTAGE_PING_MS : PING_AFTER_MS;
    if (this.phase === "closed" || !isOpen || silentMs < eachMs || this.isPeerGone) return;
    if (silentMs >= deadPeerMs && this.phase === "open") {
      this.#tellReset(WHY.silent);
      this.#lostPeer(reasons.silent(deadPeerMs));
    } else if (nowMs - this.askedMs >= eachMs) {
      if (this.phase === "connecting") this.connect();
      else this.#ping();
    }
  }

  nobody(): void {
    if (this.streams.isAfterOutage) return; // it may come back from the same outage; it is asked again
    if (this.phase === "connecting") this.refused();
    else this.#lostPeer(reasons.GONE);
  }

  frame(frame: Frame, reply: string): void {
    if (this.phase === "connecting") this.answered(frame, reply);
    if (this.phase !== "open") return;
    this.#heardMs = this.streams.nowMs;
    this.#take(frame, reply);
    if (!this.#isHeard && this.phase === "open") this.#goOn();
  }

  #take(frame: Frame, reply: string): void {
    const { kind, number } = frame;
    if (kind === FRAME.accept) this.#acceptedBy(reply);
    else if (kind === FRAME.reset) this.#reset(number);
    else if (kind === FRAME.ping || kind === FRAME.pong) {
      if (!this.input.isNext(number)) this.#gap();
      else if (kind === FRAME.ping) this.streams.publish(this.peer, newFrame(FRAME.pong, this.output.number));
    } else if (kind < FRAME.data || kind > FRAME.bye) this.#break();
    else if (!this.input.take(number)) this.#gap();
    else if (!this.#numbered(frame)) this.#break();
  }

  /** Nothing was lost in the outage that is over. */
  #goOn(): void {
    this.#isHeard = true;
    if (this.isSuspended) {
      this.isSuspended = false;
      this.events?.resumed();
    }
    this.#acknowledge();
    this.output.push();
    this.finishIfDone();
  }

  /** Whether numbered frames may be published. */
  get #mayPublish(): boolean {
    return this.phase === "open" && this.#isHeard && this.streams.isOpen;
  }

  /** Where two listen under one name, the first answer counts. */
  #acceptedBy(subject: string): void {
    if (subject !== this.peer && isStreamSubject(subject)) this.streams.tellUnknown(subject);
  }

  /** Takes a frame that has its number. Returns whether it may come now. */
  #numbered(frame: Frame): boolean {
    switch (frame.kind) {
      case FRAME.data:
        return this.input.data(frame.rest);
      case FRAME.ack:
        if (!this.output.acked(ackedBytes(frame) ?? 0)) return false;
        this.output.push();
        return true;
      case FRAME.fin:
        return this.input.fin();
      default:
        if (this.output.end !== "sent" || this.input.end === "none" || this.#byes.received) return false;
        this.#byes.received = true;
        this.finishIfDone();
        return true;
    }
  }

  /** Asks for a sign of life. The broker says at once when the peer's process is gone. */
  #ping(): void {
    this.askedMs = this.streams.nowMs;
    this.streams.publish(this.peer, newFrame(FRAME.ping, this.output.number), this.subject);
  }

  #acknowledge(): void {
    if (!this.#mayPublish) return;
    const sizeBytes = this.input.takeAck();
    if (sizeBytes > 0) this.streams.publish(this.peer, this.output.nextAck(sizeBytes));
  }

  #peerEnded(): void {
    if (this.phase === "closed") return;
    if (!this.isEnding) this.events?.ended();
    this.finishIfDone();
  }

  /** Whether both streams have ended. */
  get #isDone(): boolean {
    return this.output.end === "sent" && this.input.end === "told";
  }

  /** Closes it when both streams have ended, and both sides know that. */
  protected finishIfDone(): void {
    if (this.phase !== "open" || !this.#isDone) return;
    if (!this.#byes.sent && !this.isPeerGone && this.#mayPublish) {
      this.#byes.sent = true;
      this.streams.publish(this.peer, this.output.next(FRAME.bye));
    }
    if (this.#byes.received || this.isPeerGone) this.finish(reasons.REMOTE);
  }

  /** This side drops everything. After its end nothing is taken back: the broker delivers what it has. */
  protected cut(): void {
    if (this.phase === "open" && this.output.end !== "sent") this.#tellReset(WHY.aborted);
    this.finish(reasons.ABORTED);
  }

  #reset(why: number): void {
    if (why === WHY.unknown) this.#lostPeer(reasons.resetBy(why));
    else this.#finishInOrderOr(reasons.resetBy(why));
  }

  /**
   * The peer is there no more. If it has ended its stream before, that was in order, and what
   * it has sent may still be read; it takes nothing, as a write tells.
   */
  #lostPeer(reason: CloseReason): void {
    if (this.phase !== "open" || this.isPeerGone) return;
    if (this.input.end === "none" || this.output.isWaiting) {
      this.finish(reason);
      return;
    }
    this.isPeerGone = true;
    if (this.output.end === "marked") this.output.end = "sent"; // to nobody
    this.finishIfDone();
  }

  #gap(): void {
    this.#tellReset(WHY.gap);
    this.#finishInOrderOr(reasons.GAP);
  }

  #break(): void {
    this.#tellReset(WHY.broken);
    this.finish(reasons.BROKEN);
  }

  #tellReset(why: number): void {
    this.streams.publish(this.peer, newFrame(FRAME.reset, why));
  }

  /** Once both streams have ended, nothing can be lost but the word that they have. */
  #finishInOrderOr(reason: CloseReason): void {
    this.finish(this.#isDone ? reasons.REMOTE : reason);
  }

  protected finish(reason: CloseReason): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.output.clear();
    this.input.clear();
    this.streams.remove(this);
    this.forget();
    this.events?.closed(reason);
  }
}

/** After how long without a word the peer is asked for one. */
const PING_AFTER_MS = 1_000;
/** The same after an outage, while the peer may not be back yet. */
const OUTAGE_PING_MS = 250;
