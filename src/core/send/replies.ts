/**
 * What a codec answers by itself, such as telnet's refusals. An answer waits for the
 * next frame, as the outbox and the statistics stand still until then. It is queued
 * like a message, but before the game has accepted the connection, too.
 *
 *     ingress ──▶ decoder ── keep ──▶ replies ┊ poll: queue ──▶ outbox
 */
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { ConnectionStats, Counters } from "../frame/stats.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Outbox } from "./outbox.ts";

/** The parts of a connection that an answer needs. */
export interface RepliesParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly lifecycle: { readonly maySend: boolean; readonly isPending: boolean };
  readonly outbox: Outbox;
  /** The most bytes that may wait; what is over it is lost, like an answer without room in the outbox. */
  readonly limitBytes: number;
  readonly recorder: TrafficRecorder;
  readonly stats: Counters<ConnectionStats>;
}

/** The answers of one connection's decoder. */
export class Replies<Member extends ConnectionRef> {
  readonly #parts: RepliesParts<Member>;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #refused = 0;

  constructor(parts: RepliesParts<Member>) {
    this.#parts = parts;
  }

  /** Keeps an answer for the next frame. */
  keep(bytes: Uint8Array): void {
    const { owner, limitBytes } = this.#parts;
    owner.member.markDirty();
    if (this.#waitingBytes + bytes.length > limitBytes) {
      this.#refused++;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /** Begins a frame: queues what has waited, and counts what has no room. */
  queue(): void {
    const { recorder, stats } = this.#parts;
    for (; this.#refused > 0; this.#refused--) recorder.refused(stats);
    if (this.#waitingBytes === 0) return;
    for (const bytes of this.#waiting.splice(0)) this.#push(bytes);
    this.#waitingBytes = 0;
  }

  #push(bytes: Uint8Array): void {
    const { owner, lifecycle, outbox, recorder, stats } = this.#parts;
    if (!lifecycle.isPending && !lifecycle.maySend) return;
    const wasEmpty = outbox.storedBytes === 0;
    if (outbox.push(bytes) === "refused") {
      recorder.refused(stats);
      return;
    }
    if (wasEmpty) owner.context.queueFlush(owner.member);
    recorder.sent(stats, bytes.length);
    stats.outboxPeakBytes = outbox.peakBytes;
  }
}
