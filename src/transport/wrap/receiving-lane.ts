/**
 * The receiving half of a conditioned link: from the inner link's events to the core's.
 *
 *     inner ── received, partial, ended, closed ──▶ lane ── due ──▶ the core
 *
 * What has arrived at the inner link is on its way until it is due, and its end
 * travels behind it. While the core reads nothing, or too much waits, the inner
 * link is paused. On a clear line with nothing on its way the events go straight
 * through.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link, LinkEvents } from "../../port/link.ts";
import type { BothTerms } from "./conditions.ts";
import type { Draws } from "./draws.ts";
import { StreamLane } from "./stream-lane.ts";

/** An event that travels behind the bytes. */
type Event =
  | { readonly kind: "opened" }
  | { readonly kind: "partial"; sizeBytes: number }
  | { readonly kind: "ended"; readonly reason: CloseReason | undefined }
  | { readonly kind: "closed"; readonly reason: CloseReason };

/** The parts of a receiving half. */
export interface ReceivingParts {
  readonly inner: Link;
  readonly draws: Draws;
  readonly isMessages: boolean;
  /** The terms as they are now. */
  readonly conditions: { readonly terms: BothTerms };
  /** Whether what this side sends is lost, such as the packet that asks for a connection. */
  readonly isMute: () => boolean;
  /** The core's events, which `closed` ends. */
  readonly events: Pick<LinkEvents, "opened" | "received" | "partial" | "ended" | "closed">;
}

/** The receiving half of one link. */
export class ReceivingLane {
  isBlackholed = false;
  /** Whether this side connects, and the core does not know yet what has become of it. */
  isConnecting: boolean;
  readonly #parts: ReceivingParts;
  readonly #lane: StreamLane<Event>;
  /** What becomes of bytes: `"dropped"` once this side has ended the link. */
  #reading: "flowing" | "paused" | "dropped" = "flowing";
  #isInnerPaused = false;
  #isInnerOver = false;
  #isDelivering = false;
  #isOver = false;
  #nowMs = -Infinity;

  constructor(parts: ReceivingParts, isConnecting: boolean) {
    this.#parts = parts;
    this.isConnecting = isConnecting;
    this.#lane = new StreamLane(parts.draws, parts.isMessages);
  }

  /** When it has work to do; -Infinity at the next pump. */
  get dueMs(): number {
    if (this.#lane.hasNew) return -Infinity;
    return this.#isBlocked ? Infinity : this.#lane.dueMs;
  }

  /** The inner link has opened. */
  opened(): void {
    if (!this.isConnecting || (this.isClear && !this.#isAsking)) this.#tell({ kind: "opened" });
    else this.#lane.pushMark({ kind: "opened" }, this.#askingMs);
  }

  received(bytes: Uint8Array): void {
    if (this.#reading === "dropped" || this.#isOver) return;
    if (this.isClear) {
      this.#parts.events.received(bytes);
      return;
    }
    this.#lane.push(new Uint8Array(bytes));
    this.#pauseOrResume();
  }

  partial(sizeBytes: number): void {
    if (this.#reading === "dropped" || this.#isOver) return;
    const newest = this.#lane.newestMark;
    if (this.isClear) this.#parts.events.partial(sizeBytes);
    else if (newest?.kind === "partial") newest.sizeBytes = sizeBytes;
    else if (!this.isBlackholed) this.#lane.pushMark({ kind: "partial", sizeBytes });
  }

  ended(reason: CloseReason | undefined): void {
    if (this.isClear) this.#parts.events.ended(reason);
    else this.#lane.pushMark({ kind: "ended", reason });
  }

  closed(reason: CloseReason): void {
    this.#isInnerOver = true;
    if (this.isClear && !this.#isAsking) this.#parts.events.closed(reason);
    else this.#lane.pushMark({ kind: "closed", reason }, this.#askingMs);
  }

  pause(): void {
    if (this.#reading === "flowing") this.#reading = "paused";
    this.#pauseOrResume();
  }

  resume(): void {
    if (this.#reading === "paused") this.#reading = "flowing";
    this.#pauseOrResume();
  }

  /** Drops the bytes from now on, as this side has ended the link. The ends of the peer still arrive. */
  drop(): void {
    this.#reading = "dropped";
    this.#pauseOrResume();
  }

  /**
   * Tells the end of a peer that has arrived while this side reads nothing. The bytes before
   * it are lost, as those that a system has not given out are.
   */
  probe(): void {
    if (this.#reading !== "paused" || this.isBlackholed) return;
    const last = this.#lane.lastMark(this.#nowMs);
    if (last?.kind === "closed") this.#parts.events.closed(last.reason);
  }

  run(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#lane.stamp(nowMs, nowMs, this.#parts.conditions.terms.receive);
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (!this.#isBlocked && !this.#isOver) {
      const event = this.#lane.takeMark(nowMs);
      if (event !== undefined) this.#tell(event);
      else {
        const piece = this.#lane.takePiece(nowMs);
        if (piece === undefined) break;
        if (this.#reading !== "dropped") this.#parts.events.received(piece);
      }
    }
    this.#isDelivering = false;
    this.#pauseOrResume();
  }

  /** Begins the time of the link. */
  begin(atMs: number): void {
    this.#lane.begin(atMs);
  }

  /** Drops everything, now and later. */
  clear(): void {
    this.#isOver = true;
    this.#lane.clear();
  }

  /** Whether nothing is done to what arrives now, and nothing is before it. */
  get isClear(): boolean {
    return this.#parts.conditions.terms.receive.isClearForStreams && !this.isBlackholed && this.#lane.isEmpty;
  }

  get #isBlocked(): boolean {
    return this.isBlackholed || this.#reading === "paused" || (this.isConnecting && this.#parts.isMute());
  }

  /** Whether the answer of the peer to a connect takes a way there, too. */
  get #isAsking(): boolean {
    if (!this.isConnecting) return false;
    return !this.#parts.conditions.terms.send.isClearForStreams || this.#parts.isMute();
  }

  get #askingMs(): number {
    return this.isConnecting ? this.#parts.conditions.terms.send.latencyMs : 0;
  }

  #tell(event: Event): void {
    const { events } = this.#parts;
    if (event.kind === "opened") {
      this.isConnecting = false;
      events.opened();
    } else if (event.kind === "partial") events.partial(event.sizeBytes);
    else if (event.kind === "ended") events.ended(event.reason);
    else events.closed(event.reason);
  }

  /** Has the inner link read while somebody takes it and there is room, and only then. */
  #pauseOrResume(): void {
    const { inner, conditions } = this.#parts;
    const isFull = this.#lane.freeBytes(this.#isBlocked, conditions.terms.receive) <= 0;
    const mayRead = this.#reading === "dropped" || (this.#reading === "flowing" && !isFull);
    if (this.#isOver || this.#isInnerOver || mayRead === !this.#isInnerPaused) return;
    this.#isInnerPaused = !mayRead;
    if (mayRead) inner.resume();
    else inner.pause();
  }
}
