/**
 * What the game says to one peer: whether it may, whether there is room, and
 * what becomes of a message when there is none. Every rule about sending has
 * its place here.
 *
 *     trySend, trySendLatest ── may it? ──▶ encode ──▶ queue ── room? ──▶ outbox
 *     broadcast, broadcastLatest ── encoded once ──────▶ ┘
 *
 * Never looks into a message, and never writes: that is the flush.
 */
import type { Codec } from "../../codec/codec.ts";
import type { ConnectionOwner } from "../frame/poll-context.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { BroadcastBuffer } from "./broadcast-buffer.ts";
import type { MessageKey } from "./keyed-spans.ts";
import type { Outbox } from "./outbox.ts";

/** What sending depends on. */
export interface SendingParts<Out> {
  readonly codec: Pick<Codec<unknown, Out>, "encode">;
  readonly life: { readonly maySend: boolean };
  readonly outbox: Outbox;
  readonly books: TrafficRecorder;
  /** Called when a message found no room. */
  readonly refused?: () => void;
}

/** The sending half of a connection. */
export class Sending<Member, Out> {
  readonly #parts: SendingParts<Out>;
  readonly #owner: ConnectionOwner<Member>;

  constructor(parts: SendingParts<Out>, owner: ConnectionOwner<Member>) {
    this.#parts = parts;
    this.#owner = owner;
  }

  /** Queues a message, replacing one of the same `key`. `false` when nothing may be sent, or there is no room. */
  trySend(message: Out, key?: MessageKey): boolean {
    const { life, codec } = this.#parts;
    return life.maySend && this.queue(codec.encode(message), key);
  }

  /** Queues bytes that are a whole message, replacing one of the same `key`; or those that go round in `run`. */
  queue(encoded: Uint8Array, key?: MessageKey, run?: BroadcastBuffer): boolean {
    const { life, outbox, books, refused } = this.#parts;
    if (!life.maySend) return false;
    const { storedBytes } = outbox;
    const outcome = outbox.queue(encoded, key, run);
    if (outcome === "refused") {
      books.refused();
      refused?.();
      return false;
    }
    if (storedBytes === 0) this.#owner.context.queueFlush(this.#owner.member);
    if (outcome === "queued") books.sent(encoded.length);
    else books.replaced(outbox.grownBytes);
    books.own.outboxPeakBytes = outbox.peakBytes;
    return true;
  }
}
