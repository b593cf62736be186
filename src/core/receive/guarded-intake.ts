/**
 * The world's side of a guarded connection: counts what a watch goes by: how
 * much of what came is a whole message, and since when more may come.
 */

import { type Decoder, RECORD } from "../../codec/codec.ts";
import type { Link } from "../../port/link.ts";
import type { ConnectionOwner, PollContext } from "../frame/poll-context.ts";
import { FrameQueue } from "../storage/frame-queue.ts";
import type { Inbox } from "../storage/inbox.ts";
import { RecordQueue } from "../storage/record-queue.ts";
import { type Hearer, Intake } from "./intake.ts";

/** What has arrived for one guarded connection. */
export class GuardedIntake<In> extends Intake<In> {
  /** How many messages have come whole. */
  whole = 0;
  /** When it read on last, after the limit had stopped it, in polled time. */
  resumedMs = 0;
  readonly #context: Pick<PollContext<never>, "polledMs">;

  constructor(
    link: Link,
    decoder: Decoder<In>,
    limitBytes: number,
    { member, context }: Pick<ConnectionOwner<Hearer>, "member" | "context">,
  ) {
    super(link, decoder, limitBytes, member, inboxFor(decoder));
    this.#context = context;
  }

  /** Bytes of a message that has begun and is not whole. */
  get partialBytes(): number {
    return this.decoder.pendingBytes ?? 0;
  }

  override received(bytes: Uint8Array): void {
    const before = this.inbox.length;
    super.received(bytes);
    this.whole += this.inbox.length - before;
  }

  override readOn(): void {
    const wasPaused = this.paused;
    super.readOn();
    if (wasPaused && !this.paused) this.resumedMs = this.#context.polledMs;
  }

  protected override tellHeard(): void {
    super.tellHeard();
    // A message that has begun has a deadline.
    const isMore = this.paused || this.progress !== "open" || this.partialBytes > 0;
    if (isMore) this.hearer.file();
  }
}

/** Records wait as bytes, where they can. */
function inboxFor<In>({ [RECORD]: record }: Decoder<In>): Inbox<In> {
  return record === undefined ? new FrameQueue() : new RecordQueue(record);
}
