/**
 * The receiving half of a connection: what of one peer's messages a frame shows,
 * and in which order the game takes them. Every rule about receiving that follows
 * the game's pace has its place here; those of the network's pace are in
 * `ingress.ts`.
 *
 *     ingress ── inbox ┊ latch ──▶ ready ──▶ tryRecv ──▶ game
 *
 * Never learns how messages wait, nor why a connection ends.
 */
import type { ConnectionOwner, ConnectionRef } from "../frame/poll-context.ts";
import type { TrafficRecorder } from "../frame/traffic-recorder.ts";
import type { Inbox } from "../storage/inbox.ts";
import type { Ingress } from "./ingress.ts";
import type { ReceivePolicy } from "./receive-policy.ts";

/** What receiving depends on. */
export interface ReceiverParts<Member extends ConnectionRef, In> {
  readonly owner: ConnectionOwner<Member>;
  readonly ingress: Ingress<Member, In>;
  readonly recorder: TrafficRecorder;
  /** A rate, or what is lost at the limit, where one was chosen. */
  readonly policy?: ReceivePolicy<Member> | undefined;
}

/** The receiving half of a connection. */
export class Receiver<Member extends ConnectionRef, In> {
  readonly #inbox: Inbox<In>;
  readonly #recorder: TrafficRecorder;
  readonly #policy: ReceivePolicy<Member> | undefined;
  readonly #ingress: Ingress<Member, In>;
  readonly #owner: ConnectionOwner<Member>;
  #updatedMs = 0;

  constructor({ owner, ingress, recorder, policy }: ReceiverParts<Member, In>) {
    this.#inbox = ingress.inbox;
    this.#recorder = recorder;
    this.#policy = policy;
    this.#ingress = ingress;
    this.#owner = owner;
  }

  /** How many messages this frame still has for the game. */
  get ready(): number {
    return this.#inbox.ready;
  }

  /** How many messages could still become visible in this frame. */
  get arriving(): number {
    const { arriving } = this.#inbox;
    return this.#policy === undefined ? arriving : Math.min(arriving, this.#policy.allowance);
  }

  /** The size of the message that {@link tryRecv} would answer, in bytes; 0 when there is none. */
  get nextBytes(): number {
    return this.#inbox.nextBytes;
  }

  /** Whether a later frame has messages to show without more of them arriving. */
  get hasLeftovers(): boolean {
    return this.#inbox.length > 0 && !this.#inbox.isHeld;
  }

  /** Whether a frame shows all that came, whatever it is. */
  get showsAll(): boolean {
    return this.#policy === undefined;
  }

  /** When a message that waits for the rate may become visible, in polled time; `Infinity` when none does. */
  get resumesMs(): number {
    return this.#policy === undefined || this.#inbox.arriving === 0 ? Infinity : this.#policy.resumesMs;
  }

  /** From now on nothing is shown. */
  hold(): void {
    this.#inbox.isHeld = true;
  }

  /** What this frame had is there again, and the next one shows more. */
  release(): void {
    this.#inbox.isHeld = false;
    if (this.#inbox.length > 0) this.#owner.member.markDirty();
  }

  /** The next message of this frame, or `undefined`: the usual case. */
  tryRecv(): In | undefined {
    const inbox = this.#inbox;
    return inbox.notifyOnTake ? this.#takeAndNotify() : inbox.take();
  }

  /** The last message of this frame, or `undefined`: the usual case. Passes over those before it. */
  tryRecvLatest(): In | undefined {
    const passed = this.ready - 1;
    if (passed < 0) return undefined;
    for (let count = 0; count < passed; count++) this.tryRecv();
    if (passed > 0) this.#recorder.skipped(passed);
    return this.tryRecv();
  }

  /** Begins a frame, before anything becomes visible in it: what the policy drops goes now. */
  applyPolicy(): void {
    this.#policy?.apply();
  }

  /** Lets at most `most` messages become visible, and answers how many did. */
  latch(most: number = Infinity): number {
    const inbox = this.#inbox;
    const policy = this.#policy;
    const count = inbox.latch(policy === undefined ? most : Math.min(most, policy.allowance));
    if (count === 0) return 0;
    policy?.use(count);
    this.#recorder.recordLatch(count, inbox);
    return count;
  }

  /** Copies into the statistics what was counted at the network's pace. */
  update(): void {
    const ingress = this.#ingress;
    const { polledMs } = this.#owner.context;
    const counters = this.#recorder.own;
    counters.inboxPeakBytes = this.#inbox.peakBytes;
    // A pause that began since the last frame counts from this one on.
    const wasPaused = ingress.paused && ingress.pauses === counters.pauses;
    if (wasPaused) counters.pausedMs += polledMs - this.#updatedMs;
    counters.pauses = ingress.pauses;
    this.#updatedMs = polledMs;
    if (this.#policy !== undefined) ingress.resumeReading(); // what was dropped has made room
  }

  /** The same as a take, where the reading may go on, or the end that stood behind the message is to be shown. */
  #takeAndNotify(): In | undefined {
    const inbox = this.#inbox;
    if (inbox.ready === 0) return undefined;
    const message = inbox.take();
    this.#ingress.resumeReading();
    if (this.#ingress.hasEnded && inbox.length === 0) this.#owner.member.markDirty();
    return message;
  }
}
