/**
 * What watches a peer that may be slow, silent or loud, as its connection calls
 * it: at each update, flush and timeout. Decides when the timers are looked at;
 * when they are due is `peer-timers.ts`. A page has none.
 */
import type { LossRecorder } from "../frame/loss-recorder.ts";
import type { ConnectionRef } from "../frame/poll-context.ts";
import type { Ingress } from "../receive/ingress.ts";
import type { Receiver } from "../receive/receiver.ts";
import type { Outbox } from "../send/outbox.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { PeerTimers } from "./peer-timers.ts";

/** What a monitor depends on. */
export interface PeerMonitorParts<Member extends ConnectionRef> {
  readonly ingress: Ingress<Member, unknown>;
  readonly receiver: Receiver<Member, unknown>;
  readonly outbox: Outbox;
  readonly lifecycle: Lifecycle<Member>;
  readonly timers: PeerTimers<Member>;
  readonly losses: LossRecorder<Member> | undefined;
}

/** The monitor of one connection. */
export class PeerMonitor<Member extends ConnectionRef> {
  readonly #ingress: Ingress<Member, unknown>;
  readonly #receiver: Receiver<Member, unknown>;
  readonly #outbox: Outbox;
  readonly #lifecycle: Lifecycle<Member>;
  readonly #timers: PeerTimers<Member>;
  readonly #losses: LossRecorder<Member> | undefined;

  constructor({ ingress, receiver, outbox, lifecycle, timers, losses }: PeerMonitorParts<Member>) {
    this.#ingress = ingress;
    this.#receiver = receiver;
    this.#outbox = outbox;
    this.#lifecycle = lifecycle;
    this.#timers = timers;
    this.#losses = losses;
  }

  /** Begins an update: reports losses now, so that none is reported after the end. */
  reportLosses(): void {
    this.#losses?.report();
  }

  /** Ends an update. Answers whether the next frames need none, as long as received bytes are all that is new. */
  update(): boolean {
    const lifecycle = this.#lifecycle;
    if (lifecycle.isMonitored) this.#timers.update(this.#receiver.resumesMs);
    // Once the reading resumes, silence is to be watched again.
    return lifecycle.isReceiving && this.#receiver.showsAll && !this.#ingress.paused;
  }

  /** What was queued was flushed, as far as the link took it. */
  handleFlush(): void {
    if (this.#lifecycle.isMonitored) this.#timers.handleFlush(this.#outbox.pendingBytes);
  }

  /** A deadline has passed. Answers `false` when it was none of the peer's. */
  handleTimeout(): boolean {
    if (!this.#lifecycle.isMonitored) return false;
    const reason = this.#timers.handleTimeout();
    if (reason !== undefined) this.#lifecycle.fail(reason);
    return true;
  }
}
