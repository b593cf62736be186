/**
 * An outbox that knows how old its oldest byte is, and that may drop what is
 * oldest to make room. Only what the link was not given can be dropped, so each
 * message has its span, and all of them wait while the link is behind.
 *
 * What it was told by broadcasts alone stays in the run that goes round, until
 * something else is queued: 4 messages a frame to 500 guests cost a fifth less
 * CPU time so.
 */

import type { Link } from "../../port/link.ts";
import type { Limits } from "../limits/limits.ts";
import type { PeerLimits } from "../limits/peer-limits.ts";
import type { BufferPool } from "../storage/buffer-pool.ts";
import type { BroadcastBuffer } from "./broadcast-buffer.ts";
import type { MessageKey } from "./keyed-spans.ts";
import { Outbox, type Outcome } from "./outbox.ts";
import { UnsentAge } from "./unsent-age.ts";

/** The limits that act on what is sent. */
export type SendLimits = Pick<Limits & PeerLimits, "sendLimitBytes" | "sendOverflow" | "unsentTimeoutMs">;

/** Bytes on their way out, watched. */
export class GuardedOutbox extends Outbox {
  readonly #mayDrop: boolean;
  readonly #dropped: () => void;
  readonly #backlog: UnsentAge;
  /** All that ever left, in bytes. */
  #goneBytes = 0;
  /** Where all that waits here stands, when it has no store: from {@link from} on. The link is not behind then. */
  #run: BroadcastBuffer | undefined;

  /** @param dropped called for each message that is dropped */
  constructor(link: Link, pool: BufferPool, limits: SendLimits, dropped: () => void) {
    super(link, pool, limits.sendLimitBytes);
    this.#mayDrop = limits.sendOverflow === "drop-oldest";
    this.#dropped = dropped;
    this.#backlog = new UnsentAge(limits.unsentTimeoutMs / MARKS);
  }

  /** Since when the oldest byte that was flushed waits, in polled time; `Infinity` when none does. */
  get oldestMs(): number {
    return this.#backlog.oldestMs;
  }

  /** The frame's time, for the age of what was flushed and has not left. */
  mark(nowMs: number): void {
    this.#backlog.mark(this.#goneBytes + this.pendingBytes, nowMs);
  }

  override queue(bytes: Uint8Array, key?: MessageKey, run?: BroadcastBuffer): Outcome {
    if (this.#mayDrop && this.inLinkBytes + bytes.length <= this.limitBytes) {
      while (this.#pendingWith(bytes, key) > this.limitBytes) this.#dropOldest();
    }
    const old = key === undefined ? undefined : this.spans?.find(key);
    const { start = 0, length = 0 } = old ?? {};
    const ahead = start - this.from;
    const outcome = super.queue(bytes, key, run);
    if (outcome === "replaced") this.#forgetAge(ahead, length); // what stands for it now is new
    return outcome;
  }

  override flush(isLast: boolean): void {
    const run = this.#run;
    if (run === undefined) {
      super.flush(isLast);
      return;
    }
    this.#run = undefined;
    let isKept = true; // also by a link that throws
    try {
      isKept = !this.write(run.view(this.from, this.storedBytes));
    } finally {
      run.release(isKept);
    }
  }

  override clear(): void {
    this.#run?.release(false);
    this.#run = undefined;
    super.clear();
  }

  /** What waits here stands in a store of its own from now on, and holds up no run. */
  settle(): void {
    if (this.#run !== undefined) this.#ownStore(this.#run, this.storedBytes);
  }

  protected override append(bytes: Uint8Array, run?: BroadcastBuffer): void {
    if (run !== undefined && this.#shares(run, bytes)) {
      this.storedBytes += bytes.length;
      return;
    }
    super.append(bytes);
    if (this.#mayDrop) this.span({}, bytes.length); // a key of its own, which nobody has
  }

  protected override left(sizeBytes: number): void {
    this.#goneBytes += sizeBytes;
    this.#backlog.pass(this.pendingBytes === 0 ? Infinity : this.#goneBytes);
  }

  /** Room that was dropped is used again once it is half of the store, so each byte moves once or twice. */
  protected override roomFor(needed: number): Uint8Array {
    if (this.#run !== undefined) return this.#ownStore(this.#run, needed);
    const { store, from } = this;
    if (store === undefined || from + needed <= store.length) return store ?? super.roomFor(needed);
    const waiting = store.subarray(from, from + this.storedBytes);
    const mayStay = needed <= store.length && 2 * from >= store.length;
    const next = mayStay ? store : this.pool.acquire(Math.max(needed, store.length * 2));
    next.set(waiting);
    if (!mayStay) this.pool.release(store);
    this.spans?.moveBy(-from);
    this.from = 0;
    return (this.store = next);
  }

  /** Whether the message that goes round, `bytes`, can stay where it is. */
  #shares(run: BroadcastBuffer, bytes: Uint8Array): boolean {
    if (this.#run !== undefined) {
      return this.#run === run && run.extend(this.from + this.storedBytes, bytes);
    }
    if (this.store !== undefined || this.inLinkBytes > 0 || this.#mayDrop) return false;
    this.#run = run;
    this.from = run.retain(bytes);
    return true;
  }

  /** Copies its part of the run to a store with room for so many bytes. */
  #ownStore(run: BroadcastBuffer, needed: number): Uint8Array {
    const store = this.pool.acquire(needed);
    store.set(run.view(this.from, this.storedBytes));
    run.release(false);
    this.#run = undefined;
    this.from = 0;
    return (this.store = store);
  }

  /** What would wait with these bytes, where they may replace others. */
  #pendingWith(bytes: Uint8Array, key: MessageKey | undefined): number {
    const old = key === undefined ? undefined : this.spans?.find(key);
    return this.pendingBytes + bytes.length - (old?.length ?? 0);
  }

  #dropOldest(): void {
    const length = this.spans?.shift() ?? 0;
    this.from += length;
    this.storedBytes -= length;
    this.#forgetAge(0, length);
    this.#dropped();
  }

  /** So many bytes, with so many others ahead of them in the store, will never leave. */
  #forgetAge(aheadBytes: number, sizeBytes: number): void {
    this.#backlog.drop(this.#goneBytes + this.inLinkBytes + aheadBytes, sizeBytes);
    this.left(0);
  }
}

/** How many marks tell the age of what is unsent: right to a second in a minute. */
const MARKS = 64;
