/**
 * The journal of a recording that runs: writes each entry as it happens, and cuts blocks
 * out of them.
 *
 *     recorded() ── begin, end, event ──▶ journal ── block ──▶ recording
 *
 * A call is written as one entry. Only when something else happens in it, its entry becomes
 * the beginning of one, and its end is written behind that. Blocks are cut between frames
 * alone. Stops at its limit, and knows neither file nor transport.
 */
import { LogBuffer } from "./log-bytes.ts";
import {
  ARGUMENTS,
  BEGUN,
  CALL,
  type CallKind,
  END,
  EVENT,
  type EventKind,
  type NOTE,
  RESULT,
} from "./log-entry.ts";

/** The rules of a journal. */
export interface JournalRules {
  /** How many bytes of entries are left for its next block. */
  readonly leftBytes: () => number;
  /** The longest time in a block, in milliseconds of polled time. */
  readonly blockMs: number;
  /** Takes a block of entries, with `frames` frames before it. */
  readonly onBlock: (entries: Uint8Array, frames: number) => void;
  /** The limit is reached; nothing more is written. */
  readonly onFull: () => void;
}

/** The journal of one recording. */
export class Journal {
  /** Whether entries are written. Once it is not, it never is again. */
  isOpen = true;
  /** How many frames have begun, of all pollers. */
  frames = 0;

  readonly #rules: JournalRules;
  readonly #entries = new LogBuffer(FIRST_BYTES);
  /** Where the entries of the running calls begin; {@link MARKED} for those that are marked as begun. */
  readonly #open: number[] = [];
  readonly #pollers = new WeakMap<object, number>();
  #leftBytes: number;
  #framesBefore = 0;
  #cutMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  #lastPoller = 0;

  constructor(rules: JournalRules) {
    this.#rules = rules;
    this.#leftBytes = rules.leftBytes();
  }

  /** A number for a transport, a link, or whatever else entries are about. */
  newId(): number {
    return ++this.#lastId;
  }

  /** Begins a frame of `poller`, which {@link end} ends. */
  beginFrame(poller: object, nowMs: number): void {
    if (!this.isOpen) return;
    const isDue = this.#entries.length >= BLOCK_BYTES || nowMs - this.#cutMs >= this.#rules.blockMs;
    if (isDue && this.#open.length === 0) this.cut(nowMs);
    this.begin(CALL.poll, this.#numberOf(poller), nowMs);
    if (this.isOpen) this.frames++;
  }

  /** Begins a call. */
  begin(kind: CallKind, target: number, ...args: readonly unknown[]): void {
    const start = this.#start(kind);
    if (start < 0) return;
    this.#entries.byte(RESULT.none);
    this.#entries.count(target);
    this.#arguments(kind, args);
    if (this.#fits(start)) this.#open.push(start);
  }

  /** Begins a write, which happens so often that it has a way of its own. */
  beginWrite(target: number, bytes: Uint8Array): void {
    const start = this.#start(CALL.write);
    if (start < 0) return;
    this.#entries.byte(RESULT.none);
    this.#entries.count(target);
    this.#entries.bytes(bytes);
    if (this.#fits(start)) this.#open.push(start);
  }

  /** Ends the call that began last. `value` is what it has answered, where that is more than yes or no. */
  end(result: number = RESULT.none, value?: unknown): void {
    const start = this.#open.pop();
    if (start === undefined || !this.isOpen) return;
    if (start !== MARKED && result < RESULT.threw) {
      this.#entries.set(start + 1, result);
      return;
    }
    if (start !== MARKED) this.#entries.set(start, this.#entries.at(start) | BEGUN);
    const endsAt = this.#entries.length;
    this.#entries.byte(END);
    this.#entries.byte(result);
    if (result >= RESULT.threw) this.#entries.json(value);
    this.#fits(endsAt);
  }

  /** Ends the call that began last, and takes it out again if nothing has happened in it. */
  endOrForget(): void {
    const start = this.#open.at(-1);
    this.end();
    if (start !== undefined && start !== MARKED && this.isOpen) this.#entries.length = start;
  }

  /** Writes what a transport has told. */
  event(kind: EventKind, target: number, ...args: readonly unknown[]): void {
    this.#write(kind, target, args);
  }

  /** Writes the event of a piece of a stream, which happens so often that it has a way of its own. */
  received(target: number, bytes: Uint8Array): void {
    const start = this.#start(EVENT.received);
    if (start < 0) return;
    this.#entries.count(target);
    this.#entries.bytes(bytes);
    this.#fits(start);
  }

  note(kind: (typeof NOTE)[keyof typeof NOTE], target: number, ...args: readonly unknown[]): void {
    this.#write(kind, target, args);
  }

  /** Cuts a block of what is written, if that is anything. */
  cut(nowMs: number = this.#cutMs): void {
    this.#cutMs = nowMs;
    if (this.#entries.length === 0) return;
    this.#markAround(); // where a call runs, its end stands in a later block
    const entries = this.#entries.take();
    const before = this.#framesBefore;
    this.#framesBefore = this.frames;
    this.#rules.onBlock(entries, before);
    this.#leftBytes = this.#rules.leftBytes();
  }

  /** Writes nothing more, and cuts the last block. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#open.length = 0;
    this.cut();
  }

  /** The entries that are in no block yet, and the frames before them. */
  get rest(): { readonly entries: Uint8Array; readonly frames: number } {
    return { entries: this.#entries.written, frames: this.#framesBefore };
  }

  /** Begins an entry. Returns where; a negative number if it may not. */
  #start(kind: number): number {
    if (!this.isOpen) return -1;
    this.#markAround();
    const start = this.#entries.length;
    this.#entries.byte(kind);
    return start;
  }

  /** Writes an entry that is no call. */
  #write(kind: number, target: number, args: readonly unknown[]): void {
    const start = this.#start(kind);
    if (start < 0) return;
    this.#entries.count(target);
    this.#arguments(kind, args);
    this.#fits(start);
  }

  /**
   * Marks the call that began last, if it runs and is not marked, as one that an {@link END} ends.
   * Those around it are marked since it began.
   */
  #markAround(): void {
    const around = this.#open.at(-1);
    if (around === undefined || around === MARKED) return;
    this.#entries.set(around, this.#entries.at(around) | BEGUN);
    this.#open[this.#open.length - 1] = MARKED;
  }

  /** Whether there was room for the entry that begins at `start`; if not, takes it out again, and ends. */
  #fits(start: number): boolean {
    if (this.#entries.length <= this.#leftBytes) return true;
    this.#entries.length = start;
    this.close();
    this.#rules.onFull();
    return false;
  }

  #arguments(kind: number, args: readonly unknown[]): void {
    const types = ARGUMENTS[kind] ?? [];
    for (let index = 0; index < types.length; index++) {
      const value = args[index];
      if (types[index] === "count") this.#entries.count(value as number);
      else if (types[index] === "number") this.#entries.number(value as number);
      else if (types[index] === "bytes") this.#entries.bytes(value as Uint8Array);
      else this.#entries.json(value);
    }
  }

  #numberOf(poller: object): number {
    let number = this.#pollers.get(poller);
    if (number === undefined) this.#pollers.set(poller, (number = ++this.#lastPoller));
    return number;
  }
}

/** Instead of a place: the entry is marked as begun already. */
const MARKED = -1;
const FIRST_BYTES = 16_384;
/** A block is cut at the next frame when it has this many bytes. */
const BLOCK_BYTES = 65_536;
