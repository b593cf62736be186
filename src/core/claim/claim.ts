/**
 * A claim on a lease, as the game sees it: who runs what, of all the processes that could.
 *
 *     waiting ──▶ held ──▶ lost
 *         └─────────┴────▶ released
 *
 * Its state changes in `poll()`, at its very start, and by the game's own calls: an owner
 * who has stalled for too long reads `lost` in the first frame after that, before its tick acts.
 * `claim-course.ts` decides it; here is what a frame shows.
 */
import { kindOf } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Deadline } from "../frame/deadlines.ts";
import type { ClaimContext } from "../frame/poll-context.ts";
import { ClaimCourse } from "./claim-course.ts";
import type { Claims } from "./claims.ts";
import { type Lease, metaOf } from "./lease.ts";
import { leaseKey } from "./lease-record.ts";
import type { SharedRegistry } from "./shared-registry.ts";

/** The state of a claim; it only moves forward. */
export type ClaimState = "waiting" | "held" | "lost" | "released";

/** What is known of who has a lease. */
export interface LeaseHolder {
  /** Its epoch: the highest so far. */
  readonly epoch: number;
  /** What it says of itself. */
  readonly meta: unknown;
}

/** A claim on a lease. Made by `poller.claim`. */
// Implements `Source`, `Closing` and others structurally, as those members are stripped from the typings.
export class Claim {
  /** The name of the lease. */
  readonly name: string;
  /** Always: there is nothing to take. @internal */
  readonly hasLeftovers = false;
  /** A field for the `DeadlineHeap`, which alone reads and writes it. @internal */
  deadline: Deadline<unknown> | undefined;
  /** Whether the game has read why it is over. @internal */
  isReasonRead = false;
  readonly #context: ClaimContext<Claim>;
  readonly #claims: Claims;
  readonly #shared: SharedRegistry;
  readonly #closeTimeoutMs: number;
  readonly #notify = (): void => this.#markDirty();
  readonly #course: ClaimCourse;
  #meta: unknown;
  #state: ClaimState = "waiting";
  #holder: LeaseHolder | undefined;
  #closeReason: CloseReason | undefined;
  /** When it has to be judged again without being told, by the fast clock. */
  #nextMs = -Infinity;
  #isDirty = false;
  #isOver = false;

  /** @internal */
  constructor(context: ClaimContext<Claim>, claims: Claims, lease: Lease, closeTimeoutMs: number) {
    const shared = claims.open(lease.transport);
    const { name, ttlMs, marginMs, meta } = lease;
    this.name = name;
    this.#context = context;
    this.#claims = claims;
    this.#shared = shared;
    this.#meta = meta;
    this.#closeTimeoutMs = closeTimeoutMs;
    const rules = { key: leaseKey(name), name, owner: shared.newOwner(), ttlMs, marginMs };
    this.#course = new ClaimCourse(shared, rules, () => this.#meta, this.#notify);
    claims.add(this, shared);
    shared.add(this.#notify);
    this.#markDirty();
  }

  /**
   * `waiting` while another one has the lease, or nobody knows; `held` in frames in which nobody
   * else can have it; `lost` when it was held and is no more, and for good: claim it anew.
   * `released` after the game's own `release()` or `transfer()`.
   */
  get state(): ClaimState {
    return this.#state;
  }

  /**
   * The number of this ownership, higher than that of any owner before: send it along, so that
   * `Epochs` of the receivers drops what an owner sends who does not know yet that it has lost the
   * lease. 0 until the lease is held; stays afterwards. A safe integer of more than 32 bits: `"f64"` in a struct.
   */
  get epoch(): number {
    return this.#course.epoch;
  }

  /** Who has the lease, as far as this process knows; `undefined` when it knows of nobody. */
  get holder(): LeaseHolder | undefined {
    return this.#holder;
  }

  /** What others see of this owner in their listings. */
  get meta(): unknown {
    return this.#meta;
  }

  /** The snapshot that the owner before has saved last; `undefined` until the lease is held, and when there is none. */
  get snapshot(): Uint8Array | undefined {
    return this.#course.snapshot;
  }

  /** Whether a snapshot is on its way, and nobody knows yet that it is saved. As of this frame. */
  get isSaving(): boolean {
    return this.#course.isSaving;
  }

  /** Why it is `lost` or `released`; `undefined` until then. */
  get closeReason(): CloseReason | undefined {
    this.isReasonRead = true;
    return this.#closeReason;
  }

  /** What the registry has failed at last, such as that it was away; `undefined` when it works. The claim goes on. */
  get lastFailure(): CloseReason | undefined {
    return this.#course.lastFailure;
  }

  /**
   * Changes what others see of this owner; they see it with the next renewal, within a third of `ttlMs`.
   *
   * @throws TypeError or RangeError when JSON cannot carry it, or it is too long
   */
  setMeta(meta: unknown): void {
    this.#meta = metaOf("meta", meta);
    if (this.#state === "held") this.#holder = Object.freeze({ epoch: this.epoch, meta: this.#meta });
  }

  /**
   * Saves a snapshot beside the lease, with the next flush, for who has it next. Returns `false`, and does
   * nothing, when the lease is not held or the snapshot before is still on its way; `isSaving` tells.
   * Who has lost the lease since saves nothing. `bytes` is copied.
   *
   * @throws TypeError when `bytes` is no Uint8Array
   * @throws RangeError when it is over 1,000,000 bytes
   */
  trySave(bytes: Uint8Array): boolean {
    checkSnapshot(bytes);
    if (this.#state !== "held" || this.isSaving) return false;
    this.#course.save(new Uint8Array(bytes));
    this.#context.queueFlush(this);
    return true;
  }

  /**
   * Hands the lease over: saves `bytes` and gives the lease back after that, so that the next owner begins
   * with them at once. `state` is `released` from this call on. Returns `false`, and does nothing, when
   * the lease is not held.
   *
   * @throws TypeError when `bytes` is no Uint8Array
   * @throws RangeError when it is over 1,000,000 bytes
   */
  transfer(bytes: Uint8Array): boolean {
    checkSnapshot(bytes);
    if (this.#state !== "held") return false;
    this.#course.save(new Uint8Array(bytes));
    this.release();
    return true;
  }

  /** Claims the lease no more, and gives it back if it is held, so that others need not wait. */
  release(): void {
    this.#release(RELEASED);
  }

  /** Gives the lease back, with its poller. @internal */
  close(): void {
    this.#release(CLOSED);
  }

  /** Drops everything now: others have the lease when its time is over. @internal */
  abort(): void {
    if (this.#closeReason === undefined) this.#end("released", ABORTED);
    this.#finish();
  }

  /** The lease could not be given back in time. @internal */
  handleTimeout(): void {
    this.#finish();
  }

  /** Asks the registry for what the game has called for. @internal */
  flush(): void {
    this.#course.ask();
    this.#nextMs = -Infinity; // what it waits for is another thing now
  }

  /** When the next poll has something to do, by the fast clock. @internal */
  get dueMs(): number {
    return this.#isDirty ? -Infinity : this.#nextMs;
  }

  /** Judges whether the lease is held in this frame, and asks for what is due. @internal */
  update(): void {
    if (this.#isOver || (!this.#isDirty && this.#shared.mostMs < this.#nextMs)) return;
    this.#isDirty = false;
    const course = this.#course;
    course.run();
    this.#nextMs = course.dueMs;
    const isHeld = course.epoch > 0;
    if (isHeld && this.#state === "waiting") {
      this.#state = "held";
      this.#holder = Object.freeze({ epoch: course.epoch, meta: this.#meta });
      this.#context.emitClaim("hold", this);
    }
    if (course.state === "lost") this.#end("lost", course.reason as CloseReason); // one that is lost has a reason
    if (course.state === "lost" || course.state === "over") this.#finish();
    else if (this.#state === "waiting") this.#showHolder();
  }

  #release(reason: CloseReason): void {
    if (this.#closeReason !== undefined) return;
    this.#end("released", reason);
    this.#course.release();
    if (this.#course.state === "over") {
      this.#finish();
      return;
    }
    this.#context.beginDeadline(this, this.#closeTimeoutMs);
    this.#context.queueFlush(this);
  }

  #end(state: "lost" | "released", reason: CloseReason): void {
    const wasHeld = this.#state === "held";
    this.#state = state;
    this.#closeReason = reason;
    this.#holder = undefined;
    if (wasHeld || state === "lost") this.#context.emitClaim("unhold", this);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#course.stop();
    this.#context.setDeadline(this, Infinity);
    this.#claims.remove(this, this.#shared, this.#notify);
    this.#context.removeSource(this);
  }

  #showHolder(): void {
    const seen = this.#course.holder;
    const epoch = seen?.lease.epoch ?? seen?.revision;
    if (seen === undefined || epoch === undefined) this.#holder = undefined;
    else if (this.#holder?.epoch !== epoch || this.#holder.meta !== seen.lease.meta)
      this.#holder = Object.freeze({ epoch, meta: seen.lease.meta });
  }

  #markDirty(): void {
    if (this.#isDirty || this.#isOver) return;
    this.#isDirty = true;
    this.#context.markSourceDirty(this);
  }
}

function checkSnapshot(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array))
    throw new TypeError(`bytes: expected a Uint8Array, got ${kindOf(bytes)}`);
  if (bytes.length > MAX_SNAPSHOT_BYTES)
    throw new RangeError(
      `bytes: a snapshot of ${bytes.length} bytes is over ${MAX_SNAPSHOT_BYTES}; save where it is found, such as the name of an object in a store`,
    );
}

/** What fits into one message of NATS, of 1 MiB by default, with what stands around it. */
const MAX_SNAPSHOT_BYTES = 1_000_000;
const RELEASED: CloseReason = { kind: "local", message: "this side released the lease" };
const CLOSED: CloseReason = { kind: "local", message: "the poller was closed" };
const ABORTED: CloseReason = { kind: "local", message: "the poller was disposed" };
