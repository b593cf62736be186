/**
 * The lane of one direction of a stream: bytes and marks on their way, in order.
 *
 *     push ──▶ new ┊ stamp ──▶ waiting ── leaves ──▶ in flight ── due ──▶ take
 *
 * Decides when each byte leaves and when it is due. Nothing is lost and nothing
 * overtakes: a lost packet is a delay for all that is behind it. The draws hang on
 * slots of the link's time and on segments of what came in a slot, never on the
 * pieces in which it came: what came between two polls is stamped as one run.
 * A mark is what travels behind the bytes, such as an end. Knows no link.
 */
import type { Terms } from "./conditions.ts";
import { type Draws, EFFECT } from "./draws.ts";
import { ByteFifo, Fifo } from "./fifo.ts";
import { Stalls } from "./stalls.ts";

/** Bytes that are due together, or a mark. */
interface Item<Mark> {
  sizeBytes: number;
  /** When the last of them leaves the queue. */
  readonly leavesMs: number;
  /** When they arrive. */
  readonly dueMs: number;
  readonly mark: Mark | undefined;
}

/** Bytes or a mark without a time yet. */
interface NewItem<Mark> {
  sizeBytes: number;
  readonly mark: Mark | undefined;
  readonly extraMs: number;
}

/** Bytes, and what travels behind them. */
export class StreamLane<Mark> {
  readonly #draws: Draws;
  readonly #stalls: Stalls;
  /** Whether each piece is a message, which arrives whole. */
  readonly #keepsPieces: boolean;
  readonly #bytes = new ByteFifo();
  readonly #new = new Fifo<NewItem<Mark>>();
  readonly #items = new Fifo<Item<Mark>>();
  #newBytes = 0;
  /** The bytes that were stamped and have not left the queue. */
  #queuedBytes = 0;
  /** How many of the items have left it: those before the others. */
  #leftCount = 0;
  #nowMs = -Infinity;
  /** When the link's time began. */
  #originMs: number | undefined;
  /** When the line is free for the next byte. */
  #freeMs = -Infinity;
  #lastDueMs = -Infinity;
  #slot = -1;
  #slotBytes = 0;

  constructor(draws: Draws, keepsPieces: boolean) {
    this.#draws = draws;
    this.#stalls = new Stalls(draws);
    this.#keepsPieces = keepsPieces;
  }

  get isEmpty(): boolean {
    return this.#items.length === 0 && this.#new.length === 0;
  }

  /** All the bytes in it. */
  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** Whether something has no time yet, which the next stamp gives. */
  get hasNew(): boolean {
    return this.#new.length > 0;
  }

  /** When the first item arrives; `Infinity` when there is none. */
  get dueMs(): number {
    return this.#items.first?.dueMs ?? Infinity;
  }

  /** When the next bytes leave the queue. */
  get leavesMs(): number {
    return this.#items.at(this.#leftCount)?.leavesMs ?? Infinity;
  }

  /** The mark that came last, if it has no time yet. */
  get newestMark(): Mark | undefined {
    return this.#new.last?.mark;
  }

  /** Puts bytes that nobody writes to any more. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#bytes.push(bytes);
    this.#newBytes += bytes.length;
    const last = this.#new.last;
    if (last !== undefined && last.mark === undefined && !this.#keepsPieces) last.sizeBytes += bytes.length;
    else this.#new.push({ sizeBytes: bytes.length, mark: undefined, extraMs: 0 });
  }

  /** Puts a mark, which takes `extraMs` longer than bytes. */
  pushMark(mark: Mark, extraMs: number = 0): void {
    this.#new.push({ sizeBytes: 0, mark, extraMs });
  }

  /** How many bytes more fit in; none or less when it is full. With `isBlocked` all bytes wait, as nothing is taken. */
  freeBytes(isBlocked: boolean, { queueBytes, bytesPerSecond }: Terms): number {
    const isBusy = bytesPerSecond < Infinity || this.#freeMs > this.#nowMs;
    const waiting = isBlocked ? this.sizeBytes : this.#queuedBytes + (isBusy ? this.#newBytes : 0);
    return Math.min(queueBytes - waiting, IN_FLIGHT_BYTES - (this.sizeBytes - waiting));
  }

  /** The time is `nowMs`: what is new came at `atMs`, and is given its time. */
  stamp(atMs: number, nowMs: number, terms: Terms): void {
    this.#nowMs = nowMs;
    this.#originMs ??= atMs;
    if (this.#new.length > 0) this.#enterSlot(Math.floor((atMs - this.#originMs) / SLOT_MS));
    for (let item: NewItem<Mark> | undefined; (item = this.#new.shift()) !== undefined; ) {
      if (item.mark !== undefined) this.#stampMark(item.mark, item.extraMs, atMs, terms);
      else this.#stampBytes(item.sizeBytes, atMs, terms);
    }
    this.#newBytes = 0;
    for (let next: Item<Mark> | undefined; (next = this.#items.at(this.#leftCount)) !== undefined; ) {
      if (next.leavesMs > nowMs) break;
      this.#queuedBytes -= next.sizeBytes;
      this.#leftCount++;
    }
  }

  /** Begins the link's time at `atMs`, unless it has begun. */
  begin(atMs: number): void {
    this.#originMs ??= atMs;
  }

  /** Takes a mark, if the first item is one that is due. */
  takeMark(nowMs: number): Mark | undefined {
    const first = this.#items.first;
    if (first?.mark === undefined || first.dueMs > nowMs) return undefined;
    this.#shift(first);
    return first.mark;
  }

  /** The mark behind everything else, if it is due. */
  lastMark(nowMs: number): Mark | undefined {
    const last = this.hasNew ? undefined : this.#items.last;
    return last !== undefined && last.dueMs <= nowMs ? last.mark : undefined;
  }

  /** Takes the bytes that are due before the next mark: about `mostBytes` at most, and none in `undefined`. */
  takeBytes(nowMs: number, mostBytes: number): Uint8Array | undefined {
    let sizeBytes = 0;
    for (let first: Item<Mark> | undefined; (first = this.#items.first) !== undefined; ) {
      if (first.mark !== undefined || first.dueMs > nowMs || sizeBytes >= mostBytes) break;
      const isPart = !this.#keepsPieces && sizeBytes + first.sizeBytes > mostBytes;
      const partBytes = isPart ? mostBytes - sizeBytes : first.sizeBytes;
      sizeBytes += partBytes;
      if (isPart) this.#shorten(first, partBytes);
      else this.#shift(first);
    }
    return sizeBytes === 0 ? undefined : this.#bytes.take(sizeBytes);
  }

  /** Takes one whole message that is due, or the part of a stream that needs no copy. */
  takePiece(nowMs: number): Uint8Array | undefined {
    const first = this.#items.first;
    if (first === undefined || first.mark !== undefined || first.dueMs > nowMs) return undefined;
    const piece = this.#keepsPieces
      ? this.#bytes.take(first.sizeBytes)
      : this.#bytes.takePart(first.sizeBytes);
    if (piece.length < first.sizeBytes) this.#shorten(first, piece.length);
    else this.#shift(first);
    return piece;
  }

  clear(): void {
    this.#bytes.clear();
    this.#new.clear();
    this.#items.clear();
    this.#newBytes = this.#queuedBytes = this.#leftCount = 0;
  }

  #shift(first: Item<Mark>): void {
    this.#items.shift();
    if (this.#leftCount > 0) this.#leftCount--;
    else this.#queuedBytes -= first.sizeBytes;
  }

  #shorten(first: Item<Mark>, byBytes: number): void {
    first.sizeBytes -= byBytes;
    if (this.#leftCount === 0) this.#queuedBytes -= byBytes;
  }

  #enterSlot(slot: number): void {
    if (slot === this.#slot) return;
    this.#slot = slot;
    this.#slotBytes = 0;
  }

  #stampMark(mark: Mark, extraMs: number, atMs: number, terms: Terms): void {
    const leavesMs = this.#leave(0, atMs, terms);
    this.#append({ sizeBytes: 0, leavesMs, dueMs: this.#due(leavesMs + extraMs, false, terms), mark });
  }

  #stampBytes(sizeBytes: number, atMs: number, terms: Terms): void {
    let leavesMs = atMs;
    let dueMs = atMs;
    for (let left = sizeBytes; left > 0; ) {
      const partBytes = this.#partOf(left, terms);
      const segment = Math.floor(this.#slotBytes / SEGMENT_BYTES);
      leavesMs = this.#leave(partBytes, atMs, terms);
      dueMs = this.#due(leavesMs, this.#isLost(segment, terms), terms);
      this.#slotBytes += partBytes;
      left -= partBytes;
      if (!this.#keepsPieces) this.#append({ sizeBytes: partBytes, leavesMs, dueMs, mark: undefined });
    }
    if (this.#keepsPieces) this.#append({ sizeBytes, leavesMs, dueMs, mark: undefined });
  }

  /** The bytes of `left` that have one time: all, unless each segment may have its own. */
  #partOf(left: number, { bytesPerSecond, lossChance }: Terms): number {
    if (bytesPerSecond === Infinity && lossChance === 0) return left;
    return Math.min(left, SEGMENT_BYTES - (this.#slotBytes % SEGMENT_BYTES));
  }

  /** When so many bytes have left, behind all others. */
  #leave(sizeBytes: number, atMs: number, { bytesPerSecond, stall }: Terms): number {
    const startMs = this.#stalls.clearFrom(Math.max(atMs, this.#freeMs), stall);
    this.#freeMs = this.#stalls.clearFrom(startMs + (sizeBytes / bytesPerSecond) * 1_000, stall);
    return this.#freeMs;
  }

  /** A run of lost packets is one wait for a stream, so it counts once. */
  #isLost(segment: number, { lossChance, lossBurst }: Terms): boolean {
    if (lossChance === 0) return false;
    return this.#draws.uniform(EFFECT.loss, this.#slot, segment) < lossChance / lossBurst;
  }

  /** When what leaves at `leavesMs` arrives, behind all before it. */
  #due(leavesMs: number, isLost: boolean, { latencyMs, jitterMs, retransmitMs }: Terms): number {
    const jitter = jitterMs === 0 ? 0 : jitterMs * this.#draws.uniform(EFFECT.jitter, this.#slot);
    const dueMs = leavesMs + latencyMs + jitter + (isLost ? retransmitMs : 0);
    this.#lastDueMs = Math.max(dueMs, this.#lastDueMs);
    return this.#lastDueMs;
  }

  #append(item: Item<Mark>): void {
    const last = this.#items.last;
    const isMore = last?.mark === undefined && item.mark === undefined && !this.#keepsPieces;
    const hasAllLeft = this.#leftCount === this.#items.length;
    if (isMore && last?.dueMs === item.dueMs && last.leavesMs === item.leavesMs) {
      last.sizeBytes += item.sizeBytes;
      if (!hasAllLeft) this.#queuedBytes += item.sizeBytes;
      return;
    }
    this.#items.push(item);
    if (hasAllLeft && item.leavesMs <= this.#nowMs) this.#leftCount++;
    else this.#queuedBytes += item.sizeBytes;
  }
}

/** The grid of the draws in the time of a link. */
export const SLOT_MS = 10;

/** What a packet of Ethernet carries of TCP: 1,500 bytes without the headers of IP and TCP. */
const SEGMENT_BYTES = 1_448;

/** The most that may have left and not arrived: about the largest window of a stream on Linux. */
const IN_FLIGHT_BYTES = 4_194_304;
