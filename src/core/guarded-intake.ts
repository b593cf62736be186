/**
 * The world's side of a guarded connection: counts what a watch goes by, which
 * is that something came, and how much of it is a whole message.
 */
import type { Decoder } from "../codec/codec.ts";
import type { Desk } from "./desk.ts";
import { Intake } from "./intake.ts";
import type { Link } from "./link.ts";

/** What has arrived for one guarded connection. */
export class GuardedIntake<In> extends Intake<In> {
  /** How often something came. */
  reads = 0;
  /** How many messages have come whole. */
  whole = 0;
  /** When it read on last, after the limit had stopped it, in polled time. */
  resumedMs = 0;
  readonly #decoder: Decoder<In>;
  readonly #desk: Pick<Desk<never>, "polledMs">;

  constructor(
    link: Link,
    decoder: Decoder<In>,
    limitBytes: number,
    notify: () => void,
    desk: Pick<Desk<never>, "polledMs">,
  ) {
    super(link, decoder, limitBytes, notify);
    this.#decoder = decoder;
    this.#desk = desk;
  }

  /** Bytes of a message that has begun and is not whole. */
  get partialBytes(): number {
    return this.#decoder.pendingBytes ?? 0;
  }

  override received(bytes: Uint8Array): void {
    const before = this.inbox.length;
    super.received(bytes);
    this.reads++;
    this.whole += this.inbox.length - before;
  }

  override readOn(): void {
    const wasPaused = this.paused;
    super.readOn();
    if (wasPaused && !this.paused) this.resumedMs = this.#desk.polledMs;
  }
}
