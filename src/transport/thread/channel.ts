/**
 * A channel, the game's side: what one threaded transport and the network thread say to
 * each other.
 *
 *     acceptors, links, datagram links ── ask, tryGive ──▶ ring out ──▶ network thread
 *     acceptors, links, datagram links ◀── take ── pump ◀── ring in ◀── network thread
 *
 * Events are told in `pump` alone, and to those who wait for activity. What is asked is
 * never lost: where the ring is full it waits here, while bytes wait with their links.
 */
import type { CloseReason } from "../../port/close-reason.ts";
import type { Blueprint } from "../../port/transport.ts";
import type { NetworkThread, ThreadMember } from "./network-thread.ts";
import { cut, PIECE, Pieces } from "./pieces.ts";
import { ASK, type RecordTarget, TELL } from "./records.ts";
import { LARGEST_PAYLOAD_BYTES, RingReader, RingWriter, type TakeRecord } from "./ring.ts";
import { CHANNEL, channelParts, newChannelBlock } from "./shared-words.ts";

/** What has an id in a channel. */
export interface ChannelTarget extends RecordTarget {
  /** The network thread has ended. */
  fail(reason: CloseReason): void;
}

/** One that has something to do in each pump, such as giving bytes that had no room. */
export interface Waiting {
  /** Does what it can. Returns whether there is nothing left to do. */
  advance(): boolean;
}

/** One channel. */
export class Channel implements ThreadMember {
  readonly ringBytes: number;
  readonly #thread: NetworkThread;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #writer: RingWriter;
  readonly #reader: RingReader;
  readonly #targets = new Map<number, ChannelTarget>();
  /** Those of them that the game has not given up. */
  readonly #wanted = new Set<ChannelTarget>();
  readonly #waiting = new Set<Waiting>();
  /** What was asked and had no room. */
  #unasked: Unasked[] = [];
  readonly #pieces = new Pieces();
  /** How those who wait are told that they have to look sooner. */
  readonly #wakes = new Set<() => void>();
  /** What the next frame shows. */
  #shows: (() => void)[] = [];
  #isReleased = false;
  #nextId = 1;

  constructor(thread: NetworkThread, blueprint: Blueprint, ringBytes: number) {
    this.ringBytes = ringBytes;
    this.#thread = thread;
    const block = newChannelBlock(ringBytes);
    const parts = channelParts(block);
    this.#words = parts.words;
    this.#writer = new RingWriter(parts.out);
    this.#reader = new RingReader(parts.in);
    thread.open(this, { block, blueprint });
  }

  /** Whether it can be asked for something new. */
  get isUsable(): boolean {
    return !this.#isReleased && this.#thread.failure === undefined;
  }

  /** Whether nothing is left that something could be told of. */
  get isOver(): boolean {
    return this.#targets.size === 0;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  get hasUnread(): boolean {
    return !this.#reader.isEmpty;
  }

  /** Gives what this side opens an id. */
  add(target: ChannelTarget): number {
    let id: number;
    do {
      id = this.#nextId;
      this.#nextId = (id + 2) & 0x7fff_ffff;
    } while (this.#targets.has(id));
    this.adopt(id, target);
    this.#thread.count();
    return id;
  }

  /** Has what the network thread has opened told of what becomes of it. */
  adopt(id: number, target: ChannelTarget): void {
    this.#targets.set(id, target);
    this.#wanted.add(target);
  }

  /**
   * The game has given it up: it may still be told that it is over. Once that holds for all, the channel
   * may go, and its thread ends what is left.
   */
  giveUp(target: ChannelTarget): void {
    if (!this.#wanted.delete(target) || this.#wanted.size > 0 || this.#isReleased) return;
    this.#isReleased = true;
    this.#ask(); // what waits goes first, where it has room
    this.#dropUnasked();
    Atomics.store(this.#words, CHANNEL.isReleased, 1);
    this.#thread.wake();
    if (this.isOver) this.#thread.leave(this);
  }

  /** It is over. */
  remove(id: number, target: ChannelTarget): void {
    this.#targets.delete(id);
    this.giveUp(target);
    if (this.#isReleased && this.isOver) this.#thread.leave(this);
  }

  /** Asks the network thread for something; it comes there after what was given and asked before. */
  ask(kind: number, id: number, extra: number = 0, whole?: Uint8Array): void {
    const isLarge = whole !== undefined && whole.length > LARGEST_PAYLOAD_BYTES;
    const bytes = isLarge ? cut(whole, (piece) => this.ask(PIECE, id, 0, piece)) : whole;
    const tryWrite = (): boolean => this.#writer.tryWrite(kind, id, extra, bytes);
    if (this.#unasked.length > 0 || !tryWrite()) {
      this.#unasked.push({ kind, id, tryWrite });
      Atomics.store(this.#words, CHANNEL.gameIsFull, 1);
    }
    this.#thread.wake();
  }

  /** Gives bytes to the network thread; `false` when there is no room now. */
  tryGive(
    kind: number,
    id: number,
    bytes: Uint8Array,
    start: number = 0,
    end: number = bytes.length,
    extra: number = 0,
  ): boolean {
    const isGiven =
      this.#unasked.length === 0 &&
      this.#writer.tryWrite(kind, id, extra, bytes, start, end, KEPT_FREE_BYTES);
    if (!isGiven) Atomics.store(this.#words, CHANNEL.gameIsFull, 1);
    this.#thread.wake(); // also to look at that word
    return isGiven;
  }

  /** Has `waiting` advance in each pump, until it has nothing left to do. */
  wait(waiting: Waiting): void {
    this.#waiting.add(waiting);
  }

  /** Has `show` called when a frame begins: now, or next time. */
  atFrame(show: () => void): void {
    this.#shows.push(show);
  }

  /** Returns in how many milliseconds of polled time the network thread wants the next poll. */
  pump(nowMs: number, beginsFrame: boolean, wake?: () => void): number {
    if (this.#thread.check() !== undefined) return Infinity;
    const words = this.#words;
    Atomics.store(words, CHANNEL.polledMs, nowMs | 0);
    Atomics.store(words, CHANNEL.hasPolled, 1);
    if (beginsFrame && Atomics.load(words, CHANNEL.wantsPolls) === 1) this.#thread.wake();
    this.drain();
    if (beginsFrame && this.#shows.length > 0) for (const show of this.#shows.splice(0)) show();
    if (wake !== undefined) this.#wakes.add(wake);
    if (Atomics.load(words, CHANNEL.hasPollAt) === 0) return Infinity;
    // A time that has come may be that of the poll before, whose next one is about to be said.
    return Math.max(ANSWER_MS, (Atomics.load(words, CHANNEL.pollAtMs) - (nowMs | 0)) | 0);
  }

  drain(): void {
    this.#reader.drain(this.#take);
    if (this.#unasked.length > 0) this.#ask();
    for (const waiting of this.#waiting) if (waiting.advance()) this.#waiting.delete(waiting);
    if (Atomics.load(this.#words, CHANNEL.workerIsFull) === 1) this.#thread.wake(); // there is room
  }

  fail(reason: CloseReason): void {
    this.#isReleased = true;
    this.#unasked = [];
    this.#waiting.clear();
    for (const target of [...this.#targets.values()]) target.fail(reason);
    this.#targets.clear();
    this.#wanted.clear();
  }

  /** The game has been shown an incoming peer, so that the network thread may let in another one. */
  countShownPeer(): void {
    Atomics.add(this.#words, CHANNEL.shownPeers, 1);
  }

  readonly #take: TakeRecord = (kind, id, extra, bytes, start, end) => {
    if (kind === PIECE) {
      this.#pieces.add(id, bytes, start, end);
      return;
    }
    if (!this.#pieces.isEmpty) {
      const whole = this.#pieces.take(id, bytes, start, end);
      this.#tell(kind, id, extra, whole, 0, whole.length);
    } else this.#tell(kind, id, extra, bytes, start, end);
  };

  readonly #tell: TakeRecord = (kind, id, extra, bytes, start, end) => {
    const target = this.#targets.get(id);
    if (kind === TELL.look) this.#wakeAll();
    else if (target !== undefined) target.take(kind, extra, bytes, start, end);
    else if (kind === TELL.incoming) this.ask(ASK.abort, extra); // of a handshake that was dropped meanwhile
  };

  #wakeAll(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }

  #ask(): void {
    const asks = this.#unasked;
    let next = 0;
    while (next < asks.length && asks[next]?.tryWrite()) next++;
    asks.splice(0, next);
    if (next > 0) this.#thread.wake();
  }

  /** Nobody wants what has had no room. What was to be opened never is, and is told so in the next pump. */
  #dropUnasked(): void {
    for (const { kind, id } of this.#unasked.splice(0)) {
      const target = this.#targets.get(id);
      if (kind < ASK.listen || kind > ASK.bind || target === undefined) continue;
      this.#thread.uncount();
      this.wait({
        advance: () => {
          target.fail(UNOPENED);
          this.remove(id, target);
          return true;
        },
      });
    }
  }
}

/** What waits for room. */
interface Unasked {
  readonly kind: number;
  readonly id: number;
  readonly tryWrite: () => boolean;
}

const UNOPENED: CloseReason = { kind: "local", message: "this side closed it before it was opened" };
/** How long the network thread is given to say when it wants the next poll. */
const ANSWER_MS = 1;
/** Room that bytes leave to what is asked. */
const KEPT_FREE_BYTES = 16_384;
