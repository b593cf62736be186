/**
 * The sending half of a connection: checks the state and the room before a message
 * is queued, and handles refusal.
 *
 *     trySend, trySendLatest ──── may it? ──▶ encode ──▶ push ── room? ──▶ outbox
 *     broadcast, broadcastLatest ── encoded once ──────▶ ┘
 *
 * Never reads a message, and never writes to the link; the flush does that.
 */
import type { Codec } from "../../codec/codec.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { ConnectionStats, Counters } from "../frame/stats.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { BroadcastBuffer } from "./broadcast-buffer.ts";
import type { MessageKey } from "./keyed-spans.ts";
import type { Outbox } from "./outbox.ts";

/** The parts that a sender depends on. */
export interface SenderParts<Member extends ConnectionRef, Out> {
  readonly owner: ConnectionOwner<Member>;
  readonly codec: Pick<Codec<unknown, Out>, "encode">;
  readonly lifecycle: { readonly maySend: boolean };
  readonly outbox: Outbox;
  readonly recorder: TrafficRecorder;
  readonly stats: Counters<ConnectionStats>;
  /** Called when a message does not fit under the send limit now. */
  readonly onRefused?: (() => void) | undefined;
}

/** The sending half of a connection. */
export class Sender<Member extends ConnectionRef, Out> {
  readonly #owner: ConnectionOwner<Member>;
  readonly #codec: Pick<Codec<unknown, Out>, "encode">;
  readonly #lifecycle: { readonly maySend: boolean };
  readonly #outbox: Outbox;
  readonly #recorder: TrafficRecorder;
  readonly #stats: Counters<ConnectionStats>;
  readonly #onRefused: (() => void) | undefined;

  constructor({ owner, codec, lifecycle, outbox, recorder, stats, onRefused }: SenderParts<Member, Out>) {
    this.#owner = owner;
    this.#codec = codec;
    this.#lifecycle = lifecycle;
    this.#outbox = outbox;
    this.#recorder = recorder;
    this.#stats = stats;
    this.#onRefused = onRefused;
  }

  /** Queues a message, or replaces one of the same `key`. Returns `false` when it may not be sent or has no room. */
  trySend(message: Out, key?: MessageKey): boolean {
    return this.#lifecycle.maySend && this.#push(this.#codec.encode(message), key);
  }

  /** The same for an encoded message, such as the current one of `broadcast`. */
  trySendEncoded(encoded: Uint8Array, key?: MessageKey, broadcast?: BroadcastBuffer): boolean {
    return this.#push(encoded, key, broadcast);
  }

  #push(encoded: Uint8Array, key?: MessageKey, broadcast?: BroadcastBuffer): boolean {
    if (!this.#lifecycle.maySend) return false; // the encoding itself may have ended the connection
    const outbox = this.#outbox;
    const recorder = this.#recorder;
    const stats = this.#stats;
    const wasEmpty = outbox.storedBytes === 0;
    const outcome = outbox.push(encoded, key, broadcast);
    if (outcome === "refused") {
      recorder.refused(stats);
      this.#onRefused?.();
      return false;
    }
    if (wasEmpty) this.#owner.context.queueFlush(this.#owner.member);
    if (outcome === "queued") recorder.sent(stats, encoded.length);
    else recorder.replaced(stats, outbox.grownBytes);
    stats.outboxPeakBytes = outbox.peakBytes;
    return true;
  }
}
