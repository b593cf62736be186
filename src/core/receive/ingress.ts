/**
 * The network's side of a connection. Every event of the link is queued here,
 * between frames, and nothing else happens: no state changes, no game code runs.
 * Messages are decoded as they arrive, while the game is idle; records are
 * checked then, and wait as bytes.
 *
 *     link ── opened, received, drained, ended, closed ──▶ ingress ┊ poll ▶ connection
 *
 * Knows the link, which it holds back when too much waits. Never what the game
 * sees of it.
 */
import {
  DecodeError,
  type Decoder,
  type MessageSink,
  type RecordSink,
  type UnreadDecoder,
} from "../../codec/codec.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import { CHANGED, type ConnectionOwner, type ConnectionRef, RECEIVED } from "../frame/poll-context.ts";
import type { Inbox } from "../storage/inbox.ts";

/** What an ingress is made of. */
export interface IngressParts<Member extends ConnectionRef, In> {
  readonly owner: ConnectionOwner<Member>;
  readonly link: Link;
  readonly input: Input<In>;
  /** What may wait until the reading stops, in bytes, weights included. */
  readonly limitBytes: number;
}

/** A decoder, and the inbox that it fills: with messages, or with bytes that are read later. */
export type Input<In> =
  | { readonly decoder: Decoder<In>; readonly inbox: Inbox<In> & MessageSink<In> }
  | { readonly decoder: UnreadDecoder<In>; readonly inbox: Inbox<In> & RecordSink };

/** What has arrived for one connection. */
export class Ingress<Member extends ConnectionRef, In> implements LinkEvents {
  /** Messages, on both sides of the frame's border. */
  readonly inbox: Inbox<In>;
  /** How far the link has come, which the game learns at the next poll. */
  progress: "connecting" | "open" | "ended" | "closed" = "connecting";
  /** Why it ended, once it has: the first reason, as later ones follow from it. */
  reason: CloseReason | undefined;
  /** How often the limit stopped the reading. */
  pauses = 0;
  /** When the reading resumed last, after the limit had stopped it, in polled time. */
  resumedMs = 0;
  /** How many whole messages have arrived. */
  messageCount = 0;

  readonly #owner: ConnectionOwner<Member>;
  readonly #link: Link;
  /** Takes no inbox but the one that it was given with. */
  readonly #decoder: Decoder<In> | UnreadDecoder<In>;
  readonly #limitBytes: number;
  /** Bytes that left the link and were not taken into account yet. */
  #drainedBytes = 0;
  #reading: "flowing" | "paused" | "discarding" = "flowing";

  constructor({ owner, link, input, limitBytes }: IngressParts<Member, In>) {
    this.inbox = input.inbox;
    this.#owner = owner;
    this.#link = link;
    this.#decoder = input.decoder;
    this.#limitBytes = limitBytes;
  }

  /** Whether the receive limit holds the peer back. */
  get paused(): boolean {
    return this.#reading === "paused";
  }

  /** Whether the link has come to an end that the game may not have seen. */
  get hasEnded(): boolean {
    return this.progress === "ended" || this.progress === "closed";
  }

  /** Bytes of a message that has begun and is not whole. */
  get partialBytes(): number {
    return this.#decoder.pendingBytes ?? 0;
  }

  opened(): void {
    if (this.progress !== "connecting") return;
    this.progress = "open";
    this.#owner.member.markDirty();
  }

  received(bytes: Uint8Array): void {
    if (this.#reading === "discarding" || this.progress !== "open") return;
    const { inbox } = this;
    const before = inbox.length;
    try {
      this.#decoder.decode(bytes, inbox as Inbox<In> & MessageSink<In> & RecordSink);
    } catch (error) {
      this.#refuse(error);
    }
    this.messageCount += inbox.length - before;
    if (inbox.weightBytes >= this.#limitBytes && this.#reading === "flowing") this.#pause();
    this.#notifyReceived();
  }

  drained(sizeBytes: number): void {
    this.#drainedBytes += sizeBytes;
    this.#owner.member.markDirty();
  }

  ended(reason: CloseReason = REMOTE): void {
    if (this.progress !== "open") return;
    try {
      // A stream that was broken off may stop anywhere; one that was finished may not.
      if (reason.kind === "remote" && this.#reading !== "discarding") this.#decoder.end?.();
      this.#end(reason);
    } catch (error) {
      this.#refuse(error);
    }
    this.#owner.member.markDirty();
  }

  closed(reason: CloseReason): void {
    if (this.progress === "closed") return;
    this.progress = "closed";
    this.reason ??= reason;
    this.inbox.notifyOnTake = true;
    this.#owner.member.markDirty();
  }

  /** Returns how many bytes left the link since the last call; often 0. */
  takeDrainedBytes(): number {
    const sizeBytes = this.#drainedBytes;
    this.#drainedBytes = 0;
    return sizeBytes;
  }

  /** Resumes the reading when the limit had stopped it and half of the limit is free. */
  resumeReading(): void {
    if (this.#reading !== "paused" || this.inbox.weightBytes > this.#limitBytes / 2) return;
    this.#reading = "flowing";
    this.inbox.notifyOnTake = this.progress !== "open";
    this.#link.resume();
    this.resumedMs = this.#owner.context.polledMs;
  }

  /** Nobody will read any more: drops what waits and what still comes, so that the peer's end is seen. */
  discard(): void {
    this.inbox.clear();
    this.#ignore();
  }

  /** This side has aborted the link: whatever it still reports is old. */
  detach(): void {
    this.progress = "closed";
    this.#reading = "discarding";
    this.inbox.clear();
  }

  /** Something came from the peer. A pause, an end and a message that has begun change more than what is received. */
  #notifyReceived(): void {
    const isMore = this.paused || this.progress !== "open" || this.partialBytes > 0;
    this.#owner.member.markDirty(isMore ? RECEIVED | CHANGED : RECEIVED);
  }

  #pause(): void {
    this.#reading = "paused";
    this.inbox.notifyOnTake = true;
    this.pauses++;
    this.#link.pause();
  }

  /** Bad bytes end the stream for the game; what came before them stays good. */
  #refuse(error: unknown): void {
    const message =
      error instanceof DecodeError ? error.message : "the codec threw at what the peer sent (see cause)";
    this.#end({ kind: "protocol", message, cause: error });
    this.#ignore();
  }

  /** From now on what comes is dropped; the link reads on, so that the peer's end is seen. */
  #ignore(): void {
    const wasPaused = this.#reading === "paused";
    this.#reading = "discarding";
    if (wasPaused) this.#link.resume();
  }

  #end(reason: CloseReason): void {
    this.progress = "ended";
    this.inbox.notifyOnTake = true;
    this.reason ??= reason;
  }
}

const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };
