/**
 * The monitor of a slow, silent or flooding peer. The connection calls it at each
 * update, flush and timeout. It decides when the timers are checked;
 * `peer-timers.ts` decides when they are due. A page has none.
 */
import { LossRecorder } from "../frame/loss-recorder.ts";
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { Counters, StreamStats } from "../frame/stats.ts";
import type { Ingress } from "../receive/ingress.ts";
import { dropArriving } from "../receive/receive-policy.ts";
import type { Receiver } from "../receive/receiver.ts";
import type { Outbox } from "../send/outbox.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { PeerTimeout, PeerTimers } from "./peer-timers.ts";

/** The parts that a monitor depends on. */
export interface PeerMonitorParts<Member extends ConnectionRef> {
  readonly owner: ConnectionOwner<Member>;
  readonly ingress: Ingress<Member, unknown>;
  readonly receiver: Receiver<Member, unknown>;
  readonly outbox: Outbox;
  readonly lifecycle: Lifecycle<Member>;
  readonly timers: PeerTimers<Member>;
  /** Counts losses, where a policy may drop messages. */
  readonly losses: LossRecorder<Member> | undefined;
  readonly stats: Counters<StreamStats>;
}

/** The monitor of one connection. */
export class PeerMonitor<Member extends ConnectionRef> {
  readonly #owner: ConnectionOwner<Member>;
  readonly #stats: Counters<StreamStats>;
  readonly #ingress: Ingress<Member, unknown>;
  readonly #receiver: Receiver<Member, unknown>;
  readonly #outbox: Outbox;
  readonly #lifecycle: Lifecycle<Member>;
  readonly #timers: PeerTimers<Member>;
  #losses: LossRecorder<Member> | undefined;

  constructor(parts: PeerMonitorParts<Member>) {
    const { owner, ingress, receiver, outbox, lifecycle, timers, losses, stats } = parts;
    this.#owner = owner;
    this.#stats = stats;
    this.#ingress = ingress;
    this.#receiver = receiver;
    this.#outbox = outbox;
    this.#lifecycle = lifecycle;
    this.#timers = timers;
    this.#losses = losses;
  }

  /** Begins an update: reports the losses now, so that none follows the close event. */
  reportLosses(): void {
    this.#losses?.report();
  }

  /** Ends an update. Returns whether the next frames need none, as long as received bytes are the only change. */
  update(): boolean {
    const lifecycle = this.#lifecycle;
    if (lifecycle.isMonitored) this.#timers.update(this.#receiver.resumesMs);
    // A paused connection needs updates: the idle deadline begins again when the reading resumes.
    return lifecycle.isReceiving && this.#receiver.showsAll && !this.#ingress.paused;
  }

  /** Updates the timers after a flush, when the link may have kept bytes. */
  handleFlush(): void {
    if (this.#lifecycle.isMonitored) this.#timers.handleFlush(this.#outbox.pendingBytes);
  }

  /** Checks the timers when a deadline has passed. Returns `false` when it was not a deadline of the peer. */
  handleTimeout(): boolean {
    this.#timers.forgetDeadline();
    if (!this.#lifecycle.isMonitored) return false;
    const reason = this.#timers.handleTimeout();
    if (reason !== undefined) this.#end(reason);
    return true;
  }

  #end(reason: PeerTimeout): void {
    const lifecycle = this.#lifecycle;
    const { inbox } = this.#ingress;
    if (reason.code === "untakenTimeoutMs") {
      this.#lose(inbox.length);
      lifecycle.forsake(reason);
    } else if (reason.code === "pauseTimeoutMs") {
      this.#lose(dropArriving(inbox));
      lifecycle.fault(reason);
    } else if (reason.kind === "overflow") lifecycle.fault(reason);
    else lifecycle.fail(reason);
  }

  /** Counts messages that are dropped; this frame's update reports them. */
  #lose(received: number): void {
    this.#losses ??= new LossRecorder(this.#stats, this.#owner);
    this.#losses.count(received, 0);
  }
}
