/**
 * What the game says to one peer: whether it may, whether there is room, and
 * what becomes of a message when there is none. Every rule about sending has
 * its place here.
 *
 *     trySend ── may it? ──▶ encode ──▶ queue ── room? ──▶ outbox
 *     broadcast ── encoded once ─────────▶ ┘
 *
 * Never looks into a message, and never writes: that is the flush.
 */
import type { Codec } from "../codec/codec.ts";
import type { Books } from "./books.ts";
import type { Keepers } from "./desk.ts";
import type { Lifeline } from "./lifeline.ts";
import type { Outbox } from "./outbox.ts";

/** What sending depends on. */
export interface SendingParts<Out> {
  readonly codec: Pick<Codec<unknown, Out>, "encode">;
  readonly life: Pick<Lifeline<never>, "maySend">;
  readonly outbox: Outbox;
  readonly books: Books;
}

/** The sending half of a connection. */
export class Sending<Member, Out> {
  readonly #parts: SendingParts<Out>;
  readonly #keepers: Keepers<Member>;

  constructor(parts: SendingParts<Out>, keepers: Keepers<Member>) {
    this.#parts = parts;
    this.#keepers = keepers;
  }

  /** Queues a message. `false` when nothing may be sent, or there is no room. */
  trySend(message: Out): boolean {
    const { life, codec } = this.#parts;
    return life.maySend && this.queue(codec.encode(message));
  }

  /** Queues bytes that are a whole message. */
  queue(encoded: Uint8Array): boolean {
    const { life, outbox, books } = this.#parts;
    if (!life.maySend) return false;
    const wasEmpty = outbox.storedBytes === 0;
    if (!outbox.queue(encoded)) {
      books.refused();
      return false;
    }
    if (wasEmpty) this.#keepers.desk.wantsFlush(this.#keepers.member);
    books.sent(encoded.length);
    books.own.outboxPeakBytes = outbox.peakBytes;
    return true;
  }
}
