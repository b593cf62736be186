/**
 * The script of a replay: where in the recording it is, and whether the game still does what
 * it did.
 *
 *     core ── call ──▶ script: is it the next entry? ── what happened in it ──▶ core
 *
 * A call of the core has to be the next entry. Events that stand before it are told first,
 * those inside of it while it runs. At the first difference the script says what it is, and
 * from then on only tells what came, at the frame in which it came. Knows no links, only
 * numbers and who is behind them.
 */
import type { LogReader } from "./log-bytes.ts";
import { CALL, type CallKind, END, type Entry, isEvent, NOTE, RESULT } from "./log-entry.ts";
import { errorOfValue } from "./log-values.ts";
import {
  type Difference,
  divergenceOf,
  type ReplayDivergence,
  type ReplayTarget,
} from "./replay-divergence.ts";

/** What a replay is doing. */
export type ReplayState =
  /** The game has done all that it did. */
  | "running"
  /** The recording is over. */
  | "ended"
  /** The game has done something else; `divergence` says what. */
  | "diverged";

/** Says how a call differs from its entry; `undefined` when it does not. */
export type Compare = (entry: Entry) => Difference | undefined;

/** The script of one replay. */
export class ReplayScript {
  state: ReplayState = "running";
  divergence: ReplayDivergence | undefined;
  /** How many frames have begun. */
  frame = 0;
  /** Those who are behind the numbers of the recording. */
  readonly targets: Map<number, ReplayTarget> = new Map();
  readonly #reader: LogReader;
  /** How many events are being told. */
  #telling = 0;

  constructor(reader: LogReader) {
    this.#reader = reader;
  }

  /**
   * Plays a call of the core. Returns its entry, with the result that it had; `undefined`
   * when the game goes its own way, or the recording is over.
   *
   * @param given what is sent by the call
   * @param compare says how the call differs from the entry, which is of the same kind and target
   * @throws what the call threw when it was recorded
   */
  call(kind: CallKind, target: number, given?: Uint8Array, compare?: Compare): Entry | undefined {
    const entry = this.#take(kind, target, given, compare);
    if (entry === undefined) return undefined;
    return entry.isBegun ? this.#playToEnd(entry) : entry;
  }

  /** Begins a call that {@link endCall} ends. Returns how it ends, which stands later; `undefined` as {@link call}. */
  beginCall(kind: CallKind, target: number): Entry | undefined {
    const entry = this.#take(kind, target);
    return entry?.isBegun === true ? endOf(this.#reader.copy()) : undefined;
  }

  /** Ends the call that began last. */
  endCall(): void {
    if (this.state !== "running") return;
    const entry = this.#peek();
    if (entry === undefined) return;
    if (entry.kind === END) this.#reader.next();
    else this.#missed(entry);
  }

  /** Plays a pump, if something happened in it. */
  pump(target: number): void {
    if (this.state !== "running") return;
    const entry = this.#reader.peek();
    if (entry?.kind !== CALL.pump || entry.target !== target) return;
    this.#reader.next();
    this.#playToEnd(entry);
  }

  /** Begins a frame. */
  beginFrame(poller: number, nowMs: number): void {
    const entry = this.call(CALL.poll, poller, undefined, ({ args: [then] }) => {
      if (then !== nowMs)
        return { message: `the game polled at ${nowMs} ms, which the recording did at ${then} ms` };
      this.frame++; // what happens in its pumps is part of it
      return undefined;
    });
    if (entry === undefined && this.state === "diverged") this.#playFrame();
  }

  /** Tells what came before the next call, between two frames. */
  tellWaiting(): void {
    if (this.state === "running" && this.#telling === 0) this.#tellEvents();
  }

  /** The game acts between two frames, as the recording says. */
  mark(): void {
    this.tellWaiting();
    if (this.state !== "running") return;
    const entry = this.#peek();
    if (entry === undefined) return;
    if (entry.kind === NOTE.mark) this.#reader.next();
    else this.#missed(entry);
  }

  /** The game has not begun the frame that comes next. */
  missFrame(): void {
    const entry = this.#reader.peek();
    if (this.state === "running" && entry !== undefined) this.#missed(entry);
  }

  /** There are no more frames. */
  finish(): void {
    this.tellWaiting();
    if (this.state !== "running") return;
    const entry = this.#peek();
    if (entry === undefined) return;
    if (entry.kind !== NOTE.mark) this.#missed(entry);
    else this.state = "ended";
  }

  /** The game has done something else. */
  diverge(entry: Entry, difference: Difference): undefined {
    if (this.state !== "running") return undefined;
    this.state = "diverged";
    this.divergence = divergenceOf(this.frame, entry, difference, this.targets);
    return undefined;
  }

  #take(kind: CallKind, target: number, given?: Uint8Array, compare?: Compare): Entry | undefined {
    if (this.state !== "running") return undefined;
    if (this.#telling === 0) this.#tellEvents();
    while (this.#reader.peek()?.kind === NOTE.mark) this.#reader.next();
    const entry = this.#peek();
    if (entry === undefined) return undefined;
    const isSame = entry.kind === kind && entry.target === target;
    const difference = isSame ? compare?.(entry) : { kind, target, actual: given };
    if (difference !== undefined) return this.diverge(entry, difference);
    this.#reader.next();
    return entry;
  }

  /** Tells what happened in a call. Returns its end. */
  #playToEnd(begin: Entry): Entry | undefined {
    while (this.state === "running") {
      const entry = this.#peek();
      if (entry === undefined) return undefined;
      if (entry.kind === END) {
        this.#reader.next();
        if (entry.result === RESULT.threw) throw errorOfValue(entry.args[0] as never);
        return { ...begin, result: entry.result, args: entry.args };
      }
      if (isEvent(entry.kind)) this.#tell(entry);
      else return this.#missed(entry);
    }
    return undefined;
  }

  /** After a difference: tells what came up to the end of the next frame's pumps, whatever the game has done. */
  #playFrame(): void {
    for (let depth = -1; depth !== 0; ) {
      const entry = this.#reader.next();
      if (entry === undefined) return;
      if (isEvent(entry.kind)) this.#tellNow(entry);
      const isFrame = entry.kind === CALL.poll;
      if (isFrame) this.frame++;
      if (isFrame && depth < 0) depth = entry.isBegun ? 1 : 0;
      else if (depth > 0) depth += entry.kind === END ? -1 : entry.isBegun ? 1 : 0;
    }
  }

  #tellEvents(): void {
    for (let entry = this.#peek(); entry !== undefined && isEvent(entry.kind); entry = this.#peek()) {
      this.#tell(entry);
      if (this.state !== "running") return;
    }
  }

  #tell(entry: Entry): void {
    this.#reader.next();
    this.#telling++;
    try {
      this.#tellNow(entry);
    } finally {
      this.#telling--;
    }
  }

  #tellNow(entry: Entry): void {
    this.targets.get(entry.target)?.tell(entry);
  }

  /** The next entry that matters; ends the replay when there is none. */
  #peek(): Entry | undefined {
    for (;;) {
      const entry = this.#reader.peek();
      if (entry === undefined) this.state = "ended";
      const isSilent =
        entry?.kind === NOTE.transport || entry?.kind === NOTE.query || entry?.kind === NOTE.keyframe;
      if (!isSilent) return entry;
      this.#reader.next();
    }
  }

  #missed(entry: Entry): undefined {
    return this.diverge(entry, {});
  }
}

/** The end of a call, behind all that happens in it. */
function endOf(reader: LogReader): Entry | undefined {
  for (let depth = 1; ; ) {
    const entry = reader.next();
    if (entry === undefined) return undefined;
    if (entry.kind === END) depth--;
    else if (entry.isBegun) depth++;
    if (depth === 0) return entry;
  }
}
