/**
 * The network's side of a connection. Each event of the link is stored here until
 * the next poll; no state changes and no game code runs in between. Messages are
 * decoded as they arrive, while the game is idle; records are only checked then,
 * and wait as bytes.
 *
 *     link ── opened, received, suspended, ended, closed … ──▶ ingress ┊ poll ▶ connection
 *
 * Pauses the link when too many bytes wait. Does not know which messages the game
 * sees.
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

/** The parts of an ingress. */
export interface IngressParts<Member extends ConnectionRef, In> {
  readonly owner: ConnectionOwner<Member>;
  readonly link: Link;
  readonly input: Input<In>;
  /** The reading stops when this many bytes wait, weights included. */
  readonly limitBytes: number;
}

/** A decoder, and the inbox that it fills: with messages, or with bytes that the game's reads decode. */
export type Input<In> =
  | { readonly decoder: Decoder<In>; readonly inbox: Inbox<In> & MessageSink<In> }
  | { readonly decoder: UnreadDecoder<In>; readonly inbox: Inbox<In> & RecordSink };

/** The ingress of one connection. */
export class Ingress<Member extends ConnectionRef, In> implements LinkEvents {
  /** The received messages: those that this frame shows, and those that wait for the next. */
  readonly inbox: Inbox<In>;
  /** The progress of the link; the game sees it after the next poll. */
  progress: "connecting" | "open" | "ended" | "closed" = "connecting";
  /** The reason of the end, once there is one. The link's first one stays, as later ones follow from it. */
  reason: CloseReason | undefined;
  /** The number of times that the limit paused the reading. */
  pauses = 0;
  /** Whether the link has a line to its peer; for most links, that is as long as they are. */
  hasLine = true;
  /** The number of times that it has lost its line. */
  lineLosses = 0;
  /** The time when the reading resumed after its last pause, in polled time. */
  resumedMs = 0;
  /** The number of whole messages that have arrived. */
  messageCount = 0;

  readonly #owner: ConnectionOwner<Member>;
  readonly #link: Link;
  /** Fills only the inbox of the same `Input`. */
  readonly #decoder: Decoder<In> | UnreadDecoder<In>;
  readonly #limitBytes: number;
  /** Bytes that left the link and were not taken into account yet. */
  #drainedBytes = 0;
  /** The bytes of a partial message that the decoder holds. */
  #undecodedBytes = 0;
  /** The bytes of an unfinished piece that the link holds, as it needs more to decode them. */
  #heldBytes = 0;
  #reading: "flowing" | "paused" | "discarding" = "flowing";

  constructor({ owner, link, input, limitBytes }: IngressParts<Member, In>) {
    this.inbox = input.inbox;
    this.#owner = owner;
    this.#link = link;
    this.#decoder = input.decoder;
    this.#limitBytes = limitBytes;
  }

  /** Whether the receive limit has paused the reading. */
  get paused(): boolean {
    return this.#reading === "paused";
  }

  /** Whether the link has opened, which the game may not have seen yet; it may have ended since. */
  get hasOpened(): boolean {
    return this.progress === "open" || this.progress === "ended" || this.inbox.length > 0;
  }

  /** Whether the link has ended, which the game may not have seen yet. */
  get hasEnded(): boolean {
    return this.progress === "ended" || this.progress === "closed";
  }

  /** The bytes of a partial message, in the decoder and in the link; 0 when there is none. */
  get partialBytes(): number {
    return this.#undecodedBytes + this.#heldBytes;
  }

  /** What the peer has probably done wrong when its message is not whole, to be put behind a sentence; often nothing. */
  get unfinishedHint(): string {
    const { unfinishedHint } = this.#link;
    return unfinishedHint === undefined || this.partialBytes === 0 ? "" : `: ${unfinishedHint}`;
  }

  opened(): void {
    if (this.progress !== "connecting") return;
    this.progress = "open";
    this.#owner.member.markDirty();
  }

  received(bytes: Uint8Array): void {
    if (this.#reading === "discarding" || this.progress !== "open") return;
    const { inbox } = this;
    const decoder = this.#decoder;
    const before = inbox.length;
    this.#heldBytes = 0;
    try {
      decoder.decode(bytes, inbox as Inbox<In> & MessageSink<In> & RecordSink);
      this.#undecodedBytes = decoder.pendingBytes ?? 0;
    } catch (error) {
      this.#refuseInput(error);
    }
    this.messageCount += inbox.length - before;
    if (inbox.weightBytes >= this.#limitBytes && this.#reading === "flowing") this.#pause();
    this.#notifyReceived();
  }

  partial(sizeBytes: number): void {
    if (this.#reading === "discarding" || this.progress !== "open") return;
    this.#heldBytes = sizeBytes;
    this.#owner.member.markDirty(RECEIVED | CHANGED);
  }

  suspended(): void {
    if (!this.hasLine || this.progress === "connecting" || this.progress === "closed") return;
    this.hasLine = false;
    this.lineLosses++;
    this.#owner.member.markDirty();
  }

  resumed(): void {
    if (this.hasLine || this.progress === "closed") return;
    this.hasLine = true;
    this.#owner.member.markDirty();
  }

  drained(sizeBytes: number): void {
    this.#drainedBytes += sizeBytes;
    this.#owner.member.markDirty();
  }

  ended(reason: CloseReason = REMOTE): void {
    if (this.progress !== "open") return;
    try {
      // A broken stream may stop anywhere; a finished one must not stop inside a message.
      if (reason.kind === "remote" && this.#reading !== "discarding") this.#endInput();
      this.#end(reason);
    } catch (error) {
      this.#refuseInput(error);
    }
    this.#owner.member.markDirty();
  }

  closed(reason: CloseReason): void {
    if (this.progress === "closed") return;
    this.progress = "closed";
    this.#reading = "discarding"; // a closed link is neither paused nor resumed
    this.reason ??= reason;
    this.inbox.notifyOnTake = true;
    this.#owner.member.markDirty();
  }

  /** Ends the stream from this side, for a reason that overrules the link's; the messages before it stay. */
  refuse(reason: CloseReason): void {
    if (this.progress === "closed") return;
    this.#end(reason);
    this.#ignore();
    this.#owner.member.markDirty();
  }

  /** Returns how many bytes left the link since the last call; often 0. */
  takeDrainedBytes(): number {
    const sizeBytes = this.#drainedBytes;
    this.#drainedBytes = 0;
    return sizeBytes;
  }

  /** Resumes the reading when the limit has paused it and half of the limit is free again. */
  resumeReading(): void {
    if (this.#reading !== "paused" || this.inbox.weightBytes > this.#limitBytes / 2) return;
    this.#reading = "flowing";
    this.inbox.notifyOnTake = this.progress !== "open";
    this.#link.resume();
    this.resumedMs = this.#owner.context.polledMs;
  }

  /** Drops waiting and later input. The link reads on, so that the peer's end is noticed. */
  discard(): void {
    this.inbox.clear();
    this.#ignore();
  }

  /** Ignores later events, after an abort of this side. */
  detach(): void {
    this.progress = "closed";
    this.#reading = "discarding";
    this.inbox.clear();
  }

  /** Throws when the peer's stream stops inside a message. */
  #endInput(): void {
    if (this.#heldBytes > 0)
      throw new DecodeError(`the stream ended inside a message, after ${this.#heldBytes} bytes of it`);
    this.#decoder.end?.();
  }

  /** Marks the connection with RECEIVED; with CHANGED too after a pause or a partial message. */
  #notifyReceived(): void {
    const isMore = this.paused || this.partialBytes > 0;
    this.#owner.member.markDirty(isMore ? RECEIVED | CHANGED : RECEIVED);
  }

  #pause(): void {
    this.#reading = "paused";
    this.inbox.notifyOnTake = true;
    this.pauses++;
    this.#link.pause();
  }

  /** Ends the stream at bytes that do not decode. */
  #refuseInput(error: unknown): void {
    const known = error instanceof DecodeError ? error : UNKNOWN;
    const code = known.code === undefined ? undefined : { code: known.code };
    const message = `${known.message}${this.unfinishedHint}`;
    this.refuse({ kind: "protocol", message, ...code, cause: error });
  }

  /** Drops later input. The link reads on, so that the peer's end is noticed. */
  #ignore(): void {
    const wasPaused = this.#reading === "paused";
    this.#reading = "discarding";
    this.#undecodedBytes = this.#heldBytes = 0;
    if (wasPaused) this.#link.resume();
  }

  #end(reason: CloseReason): void {
    this.progress = "ended";
    this.inbox.notifyOnTake = true;
    this.reason = reason;
  }
}

/** What is said of an error that is not a codec's own word. */
const UNKNOWN = { message: "the codec threw at what the peer sent (see cause)", code: undefined };
const REMOTE: CloseReason = { kind: "remote", message: "the peer closed the connection" };
