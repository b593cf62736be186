/**
 * The sending half of a conditioned link: from the core's `write` to the inner link's.
 *
 *     write ──▶ (kept ──▶) lane ── due ──▶ inner.write ── drained ──▶ the next
 *
 * Copies what it is given and takes it, as a system does, until its queue is full:
 * then it keeps the bytes, and tells as they enter. On a clear line with nothing on
 * its way the calls go straight through. The inner link is given nothing while it is
 * behind, so what it drains is either all the core's or all this half's.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Link } from "../../port/link.ts";
import { MESSAGE_HEADER_BYTES, visitMessages } from "../../port/message-header.ts";
import type { BothTerms } from "./conditions.ts";
import type { Draws } from "./draws.ts";
import { Fifo } from "./fifo.ts";
import { StreamLane } from "./stream-lane.ts";

/** The end of what is sent, which travels behind it. */
type End = { readonly call: "end" | "endSending"; readonly reason: CloseReason | undefined };

/** The parts of a sending half. */
export interface SendingParts {
  readonly inner: Link;
  readonly draws: Draws;
  readonly isMessages: boolean;
  /** The terms as they are now. */
  readonly conditions: { readonly terms: BothTerms };
  /** Tells the core that so many bytes that it was refused have entered. */
  readonly drained: (sizeBytes: number) => void;
}

/** The sending half of one link. */
export class SendingLane {
  isBlackholed = false;
  readonly #parts: SendingParts;
  readonly #lane: StreamLane<End>;
  /** What the core was answered `false` for, and has not entered: whole messages, or parts of a stream. */
  readonly #kept = new Fifo<Uint8Array>();
  /** The ends behind what is kept. */
  #keptEnds: End[] = [];
  /** The bytes of the core that wait in the inner link. */
  #coreBytes = 0;
  /** The bytes of the lane that wait in the inner link. */
  #laneBytes = 0;
  #isMoving = false;
  #nowMs = -Infinity;

  constructor(parts: SendingParts) {
    this.#parts = parts;
    this.#lane = new StreamLane(parts.draws, parts.isMessages);
  }

  /** When it has work to do; -Infinity at the next pump, and `Infinity` when something else must come first. */
  get dueMs(): number {
    const lane = this.#lane;
    if (lane.hasNew) return -Infinity;
    if (this.isBlackholed || this.#isInnerBehind) return Infinity;
    return this.#kept.length > 0 ? Math.min(lane.dueMs, lane.leavesMs) : lane.dueMs;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClear) {
      this.#coreBytes += bytes.length;
      const isTaken = this.#parts.inner.write(bytes);
      if (isTaken) this.#coreBytes -= bytes.length;
      return isTaken;
    }
    const entered = this.#kept.length > 0 ? 0 : this.#enter(bytes);
    if (entered === bytes.length) return true;
    if (this.#parts.isMessages) for (const message of wholeMessages(bytes, entered)) this.#kept.push(message);
    else this.#kept.push(bytes.subarray(entered));
    if (entered > 0) this.#parts.drained(entered);
    return false;
  }

  /** Sends the end behind everything. */
  end(call: End["call"], reason?: CloseReason): void {
    if (this.isClear) this.#callEnd({ call, reason });
    else if (this.#kept.length > 0) this.#keptEnds.push({ call, reason });
    else this.#lane.pushMark({ call, reason });
  }

  /** The inner link has drained so many bytes. */
  drained(sizeBytes: number): void {
    if (this.#laneBytes === 0) {
      this.#coreBytes -= sizeBytes;
      this.#parts.drained(sizeBytes);
    } else this.#laneBytes -= sizeBytes;
    if (!this.#isInnerBehind) this.#advance(this.#nowMs);
  }

  /** Does what is due at `nowMs`; what is new was written at `beforeMs`. */
  run(beforeMs: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#lane.stamp(beforeMs, nowMs, this.#parts.conditions.terms.send);
    this.#advance(beforeMs);
  }

  /** Begins the time of the link. */
  begin(atMs: number): void {
    this.#lane.begin(atMs);
  }

  /**
   * If the core was told of all its bytes that they have been taken, gives the inner link those
   * that are on their way, ends included, whenever they are due. Returns whether some wait there.
   */
  handOver(): boolean {
    if (this.#kept.length > 0 || this.#coreBytes > 0) return false;
    this.#lane.stamp(this.#nowMs, Infinity, this.#parts.conditions.terms.send);
    this.#move(Infinity, true);
    return this.#isInnerBehind;
  }

  clear(): void {
    this.#lane.clear();
    this.#kept.clear();
    this.#keptEnds = [];
  }

  /** Whether bytes wait in the inner link. */
  get #isInnerBehind(): boolean {
    return this.#coreBytes > 0 || this.#laneBytes > 0;
  }

  /** Whether nothing is done to what is sent now, and nothing is before it. */
  get isClear(): boolean {
    if (!this.#parts.conditions.terms.send.isClearForStreams || this.isBlackholed) return false;
    return this.#laneBytes === 0 && this.#lane.isEmpty && this.#kept.length === 0;
  }

  /** Moves what is due, and lets in what was kept as there is room: the line was never idle meanwhile. */
  #advance(atMs: number): void {
    if (this.#isMoving || this.#nowMs === -Infinity) return;
    this.#isMoving = true;
    this.#move(this.#nowMs, false);
    while (this.#admit(atMs)) this.#move(this.#nowMs, false);
    this.#isMoving = false;
  }

  #move(nowMs: number, isForced: boolean): void {
    if (this.isBlackholed) return;
    const lane = this.#lane;
    for (;;) {
      const end = lane.takeMark(nowMs);
      if (end !== undefined) this.#callEnd(end);
      else if (this.#isInnerBehind && !isForced) return;
      else {
        const bytes = lane.takeBytes(nowMs, BATCH_BYTES);
        if (bytes === undefined) return;
        this.#give(bytes);
      }
    }
  }

  #give(bytes: Uint8Array): void {
    this.#laneBytes += bytes.length;
    if (this.#parts.inner.write(bytes)) this.#laneBytes -= bytes.length;
  }

  #callEnd({ call, reason }: End): void {
    if (call === "end") this.#parts.inner.end(reason);
    else this.#parts.inner.endSending();
  }

  /** Lets in what was kept, as far as there is room; returns whether any entered. */
  #admit(atMs: number): boolean {
    let drained = 0;
    for (let first: Uint8Array | undefined; (first = this.#kept.first) !== undefined; ) {
      const entered = this.#enter(first);
      drained += entered;
      if (entered < first.length) {
        this.#kept.replaceFirst(first.subarray(entered));
        break;
      }
      this.#kept.shift();
    }
    if (drained === 0) return false;
    if (this.#kept.length === 0) for (const end of this.#keptEnds.splice(0)) this.#lane.pushMark(end);
    this.#lane.stamp(atMs, this.#nowMs, this.#parts.conditions.terms.send);
    this.#parts.drained(drained);
    return true;
  }

  /** Copies in what finds room, and returns how many bytes that were: of messages, whole ones. */
  #enter(bytes: Uint8Array): number {
    const { isMessages, conditions } = this.#parts;
    const isBlocked = this.isBlackholed || this.#isInnerBehind;
    const freeNow = () => this.#lane.freeBytes(isBlocked, conditions.terms.send);
    if (!isMessages) {
      const entered = Math.max(0, Math.min(bytes.length, freeNow()));
      this.#lane.push(new Uint8Array(bytes.subarray(0, entered)));
      return entered;
    }
    let entered = 0;
    for (const message of wholeMessages(bytes, 0)) {
      if (freeNow() <= 0) break;
      this.#lane.push(new Uint8Array(message));
      entered += message.length;
    }
    return entered;
  }
}

/** The messages from `start` on, each with its header. */
function wholeMessages(bytes: Uint8Array, start: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  let at = start;
  visitMessages(bytes.subarray(start), (message) => {
    const end = at + MESSAGE_HEADER_BYTES + message.length;
    messages.push(bytes.subarray(at, end));
    at = end;
  });
  return messages;
}

/** The most that the inner link is given at once: what an outbox gives one that is behind. */
const BATCH_BYTES = 65_536;
