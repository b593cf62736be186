/**
 * The world's side of a connection. Every word from the transport is filed
 * here, between frames, and nothing else happens: no state changes, no game
 * code runs. Messages are decoded as they arrive, while the game is idle; records
 * are checked then, and wait as bytes.
 *
 *     link ── opened, received, drained, ended, closed ──▶ intake ┊ poll ▶ connection
 *
 * Knows the link it must hold back when too much waits. Never what the game
 * sees of it.
 */

import { DecodeError, type Decoder } from "../../codec/codec.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import { RECEIVED } from "../frame/poll-context.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import type { Inbox } from "../storage/inbox.ts";

/** Who is told that something has arrived. Knows which time is the first since the last frame. */
export interface Hearer {
  /** Something is new; anything but words of the peer where it is not said. */
  file(what?: typeof RECEIVED): void;
}

/** What has arrived for one connection. */
export class Intake<In> implements LinkEvents {
  /** Messages, on both sides of the frame's border. */
  readonly inbox: Inbox<In>;
  /** How far the link has come, which the game learns at the next poll. */
  progress: "connecting" | "open" | "ended" | "closed" = "connecting";
  /** Why it ended, once it has: the first reason, as later ones follow from it. */
  reason: CloseReason | undefined;
  /** Bytes that left the link since the connection last looked. */
  drainedBytes = 0;
  /** How often the limit stopped the reading. */
  pauses = 0;

  protected readonly decoder: Decoder<In>;
  protected readonly hearer: Hearer;
  readonly #link: Link;
  readonly #limitBytes: number;
  #reading: "flowing" | "paused" | "discarding" = "flowing";

  /** @param limitBytes what may wait until the reading stops */
  constructor(
    link: Link,
    decoder: Decoder<In>,
    limitBytes: number,
    hearer: Hearer,
    inbox: Inbox<In> = new FrameQueue(),
  ) {
    this.inbox = inbox;
    this.decoder = decoder;
    this.hearer = hearer;
    this.#link = link;
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

  opened(): void {
    if (this.progress !== "connecting") return;
    this.progress = "open";
    this.hearer.file();
  }

  received(bytes: Uint8Array): void {
    if (this.#reading === "discarding" || this.progress !== "open") return;
    try {
      this.decoder.decode(bytes, this.inbox);
    } catch (error) {
      this.#refuse(error);
    }
    if (this.inbox.weightBytes >= this.#limitBytes && this.#reading === "flowing") this.#pause();
    this.tellHeard();
  }

  drained(sizeBytes: number): void {
    this.drainedBytes += sizeBytes;
    this.hearer.file();
  }

  ended(reason: CloseReason = REMOTE): void {
    if (this.progress !== "open") return;
    try {
      // A stream that was broken off may stop anywhere; one that was finished may not.
      if (reason.kind === "remote" && this.#reading !== "discarding") this.decoder.end?.();
      this.#end(reason);
    } catch (error) {
      this.#refuse(error);
    }
    this.hearer.file();
  }

  closed(reason: CloseReason): void {
    if (this.progress === "closed") return;
    this.progress = "closed";
    this.reason ??= reason;
    this.inbox.notifyOnTake = true;
    this.hearer.file();
  }

  /** Reads on when it was stopped, and half of the limit is free. */
  readOn(): void {
    if (this.#reading !== "paused" || this.inbox.weightBytes > this.#limitBytes / 2) return;
    this.#reading = "flowing";
    this.inbox.notifyOnTake = this.progress !== "open";
    this.#link.resume();
  }

  /** Nobody will read any more: drops what waits and what still comes, so that the peer's end is seen. */
  discard(): void {
    this.inbox.clear();
    this.#ignore();
  }

  /** This side has cut the link: whatever it still tells is old. */
  shut(): void {
    this.progress = "closed";
    this.#reading = "discarding";
    this.inbox.clear();
  }

  /** Something came from the peer, and was not dropped. */
  protected tellHeard(): void {
    this.hearer.file(RECEIVED);
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
