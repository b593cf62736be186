/**
 * The receiving half of a connection: decides which of the peer's messages a frame
 * shows, and the order in which the game takes them. This file has the rules that
 * run at the game's pace; `ingress.ts` has those at the network's pace.
 *
 *     ingress ── inbox ┊ latch ──▶ ready ──▶ tryRecv ──▶ game
 *
 * Does not know how the inbox stores messages, nor why a connection ends.
 */
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { ConnectionStats, Counters } from "../frame/stats.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { Ingress } from "./ingress.ts";
import type { ReceivePolicy } from "./receive-policy.ts";

/** The parts that a receiver depends on. */
export interface ReceiverParts<Member extends ConnectionRef, In> {
  readonly owner: ConnectionOwner<Member>;
  readonly ingress: Ingress<Member, In>;
  readonly recorder: TrafficRecorder;
  readonly stats: Counters<ConnectionStats>;
  /** The rate and the overflow policy, if the user chose one of them. */
  readonly policy?: ReceivePolicy<Member> | undefined;
}

/** The receiving half of a connection. */
export class Receiver<Member extends ConnectionRef, In> {
  readonly #inbox: Inbox<In>;
  readonly #recorder: TrafficRecorder;
  readonly #stats: Counters<ConnectionStats>;
  readonly #policy: ReceivePolicy<Member> | undefined;
  readonly #ingress: Ingress<Member, In>;
  readonly #owner: ConnectionOwner<Member>;
  #updatedMs = 0;

  constructor({ owner, ingress, recorder, stats, policy }: ReceiverParts<Member, In>) {
    this.#inbox = ingress.inbox;
    this.#recorder = recorder;
    this.#stats = stats;
    this.#policy = policy;
    this.#ingress = ingress;
    this.#owner = owner;
  }

  /** The number of messages that the game can still take in this frame. */
  get ready(): number {
    return this.#inbox.ready;
  }

  /** The number of messages that could still become visible in this frame. */
  get arriving(): number {
    const { arriving } = this.#inbox;
    return this.#policy === undefined ? arriving : Math.min(arriving, this.#policy.allowance);
  }

  /** The size of the message that {@link tryRecv} would return, in bytes; 0 when there is none. */
  get nextBytes(): number {
    return this.#inbox.nextBytes;
  }

  /** Whether a later frame has messages to show even if no more arrive. */
  get hasLeftovers(): boolean {
    return this.#inbox.length > 0 && !this.#inbox.isHeld;
  }

  /** Whether there is no policy, so that each frame shows all messages. */
  get showsAll(): boolean {
    return this.#policy === undefined;
  }

  /** The time when a message that waits for the rate may become visible, in polled time; `Infinity` when none waits. */
  get resumesMs(): number {
    return this.#policy === undefined || this.#inbox.arriving === 0 ? Infinity : this.#policy.resumesMs;
  }

  /** Shows no messages until {@link release}. */
  hold(): void {
    this.#inbox.isHeld = true;
  }

  /** Shows this frame's messages again; the next frame shows more. */
  release(): void {
    this.#inbox.isHeld = false;
    if (this.#inbox.length > 0) this.#owner.member.markDirty();
  }

  /** The next message of this frame, or `undefined`: the usual case. */
  tryRecv(): In | undefined {
    const inbox = this.#inbox;
    return inbox.notifyOnTake ? this.#takeAndNotify() : inbox.take();
  }

  /** The last message of this frame, or `undefined`: the usual case. Takes and skips those before it. */
  tryRecvLatest(): In | undefined {
    const passed = this.ready - 1;
    for (let count = 0; count < passed; count++) this.tryRecv();
    if (passed > 0) this.#recorder.skipped(this.#stats, passed);
    return this.tryRecv();
  }

  /** Begins a frame: the policy drops messages now, before any becomes visible. */
  applyPolicy(): void {
    this.#policy?.apply();
  }

  /** Lets at most `most` messages become visible. Returns how many did; 0 when none has arrived. */
  latch(most: number = Infinity): number {
    const inbox = this.#inbox;
    const policy = this.#policy;
    const count = inbox.latch(policy === undefined ? most : Math.min(most, policy.allowance));
    if (count === 0) return 0;
    policy?.use(count);
    this.#recorder.recordLatch(this.#stats, count, inbox);
    return count;
  }

  /** Copies the counts of the ingress into the statistics, once a frame. */
  update(): void {
    const ingress = this.#ingress;
    const { polledMs } = this.#owner.context;
    const counters = this.#stats;
    counters.inboxPeakBytes = this.#inbox.peakBytes;
    // A pause that began since the last frame counts from this one on.
    const wasPaused = ingress.paused && ingress.pauses === counters.pauses;
    if (wasPaused) counters.pausedMs += polledMs - this.#updatedMs;
    counters.pauses = ingress.pauses;
    this.#updatedMs = polledMs;
    if (this.#policy !== undefined) ingress.resumeReading(); // dropped messages have made room
  }

  /** Takes one message, then resumes reading, or marks the connection when the end follows. */
  #takeAndNotify(): In | undefined {
    const inbox = this.#inbox;
    if (inbox.ready === 0) return undefined;
    const message = inbox.take();
    this.#ingress.resumeReading();
    if (this.#ingress.hasEnded && inbox.length === 0) this.#owner.member.markDirty();
    return message;
  }
}
