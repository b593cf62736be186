/**
 * A stream over a broker as a link: the calls of the core, and how a stream begins.
 *
 *     this side connects:  attach ── connect ──▶ listener ── accept, refuse ──▶ opened, closed
 *     it was accepted:     attach ── accept ──▶ peer, opened
 *
 * `stream-end.ts` has its life from then on.
 */
import type { Address } from "../../port/address.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { FailedAttempt, Link, LinkEvents } from "../../port/link.ts";
import { StreamEnd } from "./stream-end.ts";
import { connectFrame, FRAME, type Frame, isStreamSubject, newFrame, REFUSED } from "./stream-frames.ts";
import * as reasons from "./stream-reasons.ts";
import type { Streams } from "./streams.ts";

/** Who meets whom. */
export interface NatsLinkParts {
  readonly streams: Streams;
  /** The name of the listener. */
  readonly listener: string;
  /** The name of the side that connects; without one it is its stream. */
  readonly name: string | undefined;
  readonly allowHalfOpen: boolean;
  /** Of an accepted stream: where its peer hears, and how much it has room for. */
  readonly peer?: { readonly subject: string; readonly windowBytes: number };
  /** It is over. */
  readonly forget?: () => void;
}

/** One end of a stream. */
export class NatsLink extends StreamEnd implements Link {
  localAddress: Address | undefined;
  readonly remoteAddress: Address;
  readonly allowHalfOpen: boolean;
  /** Why the broker could not be reached, the last time. */
  failedAttempts: readonly FailedAttempt[] | undefined;
  downMs = 0;
  readonly #parts: NatsLinkParts;
  /** Since when there is no broker, in polled time: of the first pump after it has gone. */
  #downSinceMs: number | undefined;

  constructor(parts: NatsLinkParts) {
    const { streams, listener, name, allowHalfOpen, peer } = parts;
    super(streams);
    this.#parts = parts;
    this.allowHalfOpen = allowHalfOpen;
    this.remoteAddress = addressOf(peer === undefined ? listener : (name ?? peer.subject));
    if (peer === undefined) return;
    this.peer = peer.subject;
    this.localAddress = addressOf(listener);
    this.output.begin(peer.windowBytes);
  }

  get linked(): boolean {
    return !this.isSuspended;
  }

  /** Whether it was accepted, and nothing of it has come: the word that it was may be lost. */
  get isNew(): boolean {
    return this.phase === "open" && this.input.isNew && this.output.number === 0;
  }

  attach(events: LinkEvents): void {
    this.events = events;
    const { peer } = this.#parts;
    if (peer === undefined) {
      this.streams.add(this);
      return;
    }
    this.phase = "open";
    this.streams.adopt(this);
    this.accept();
    events.opened();
  }

  /** Tells the peer that it was accepted; again, when that has not come. */
  accept(): void {
    this.streams.publish(this.peer, newFrame(FRAME.accept, this.windowBytes), this.subject);
  }

  write(bytes: Uint8Array): boolean {
    if (this.phase === "closed" || this.output.end !== "none") return true; // the bytes are dropped
    if (!this.isPeerGone) return this.output.write(bytes);
    this.finish(reasons.GONE);
    return true;
  }

  pause(): void {
    this.input.pause();
  }

  resume(): void {
    if (this.phase !== "closed") this.input.resume();
  }

  endSending(): void {
    if (this.phase === "closed" || this.output.end !== "none") return;
    this.output.end = this.isPeerGone ? "sent" : "marked";
    this.output.push();
    this.finishIfDone();
  }

  end(): void {
    if (this.phase === "closed") return;
    this.isEnding = true;
    this.endSending();
    this.input.discard();
  }

  abort(): void {
    const { peer } = this.#parts;
    const isRefusal = peer !== undefined && this.phase === "connecting";
    if (isRefusal) this.streams.publish(peer.subject, newFrame(FRAME.refuse, REFUSED.full));
    this.cut();
  }

  pump(nowMs: number): number | undefined {
    this.#downSinceMs = this.isSuspended ? (this.#downSinceMs ?? nowMs) : undefined;
    this.downMs = nowMs - (this.#downSinceMs ?? nowMs);
    return this.phase === "closed" ? undefined : Infinity;
  }

  trouble(reason: CloseReason): void {
    if (this.phase === "connecting") this.failedAttempts = [{ address: this.remoteAddress, reason }];
  }

  protected override connect(): void {
    const { listener, name = "" } = this.#parts;
    this.askedMs = this.streams.nowMs;
    this.streams.ask(listener, connectFrame(this.windowBytes, name), this.subject);
  }

  protected override answered({ kind, number }: Frame, reply: string): void {
    if (kind === FRAME.refuse) this.finish(reasons.refused(number));
    if (kind !== FRAME.accept || !isStreamSubject(reply) || number === 0) return; // nobody's that was asked
    this.phase = "open";
    this.peer = reply;
    this.localAddress = addressOf(this.#parts.name ?? this.subject);
    this.output.begin(number);
    this.events?.opened();
    this.output.push();
  }

  protected override refused(): void {
    this.finish(reasons.nobodyListens(this.#parts.listener));
  }

  protected override forget(): void {
    this.#parts.forget?.();
  }
}

function addressOf(host: string): Address {
  return { family: "nats", host, port: 0 };
}
