/**
 * The system's epoll, and every descriptor of the native transports of one thread.
 *
 *     pump ──▶ epoll_wait ──▶ all streams that are ready: recv ┊ then owner.ready, each
 *                                                               ┊ then what was deferred
 *
 * Decides when sockets are read, and who is told. Everything is read before anybody is
 * told, as a read and a decode in turns would throw each other's code out of the
 * cache (0.92 of the time). No call blocks, but for `sleep`.
 *
 * Every descriptor has one owner, and a generation: the system's events carry both, so
 * that one for a descriptor that was closed meanwhile reaches nobody, also when its
 * number has been given to another. A descriptor is closed once.
 */
import { blockFor } from "../../block.ts";
import type { Pump } from "../../port/transport.ts";
import { Descriptor, IGNORED, NOT_READ, type Owner } from "./descriptor.ts";
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLIN,
  eventLayout,
  MSG_DONTWAIT,
  SOCK_CLOEXEC,
} from "./layout.ts";
import type { DescriptorWatch, Libc, Memory } from "./libc.ts";
import { PACK_BYTES, READ_BYTES, StreamMemory } from "./stream-memory.ts";

/** The descriptors of one thread. */
export class Epoll {
  readonly libc: Libc;
  /** Memory for the arguments of one call, which nothing keeps from one call to the next. */
  readonly scratch: Memory;
  readonly streams: StreamMemory;
  readonly #events: Memory;
  readonly #words: Int32Array;
  readonly #table: (Descriptor | undefined)[] = [];
  /** The batch: who is ready, for what, and what was read. */
  readonly #ready: (Descriptor | undefined)[] = new Array(MOST_EVENTS).fill(undefined);
  readonly #masks = new Int32Array(MOST_EVENTS);
  readonly #lengths = new Int32Array(MOST_EVENTS);
  readonly #starts = new Int32Array(MOST_EVENTS);
  #epoll = NONE;
  /** A descriptor that does nothing, for the moment when the process has no other left. */
  #spare = NONE;
  #watch: DescriptorWatch | undefined;
  #count = 0;
  #lastGeneration = 0;
  #deferred: (() => void)[] = [];
  #isPumping = false;
  /** The number of this pump. */
  #pumps = 0;
  /** Whether a pass is worth another one, as new descriptors may be ready already. */
  #isFresh = false;
  /** Who waits for activity, and is woken by the event loop. */
  readonly #waiting = new Set<unknown>();

  constructor(libc: Libc) {
    this.libc = libc;
    this.scratch = libc.map(SCRATCH_BYTES);
    this.#events = libc.map(MOST_EVENTS * LAYOUT.sizeBytes);
    this.#words = new Int32Array(this.#events.bytes.buffer);
    this.streams = new StreamMemory(libc);
  }

  /** How many descriptors have an owner. */
  get count(): number {
    return this.#count;
  }

  /** Takes a descriptor for `owner`, which is told nothing before it watches. */
  add(fd: number, owner: Owner, isStream = false): Descriptor {
    this.#lastGeneration = (this.#lastGeneration + 1) | 0;
    const descriptor = new Descriptor(this, fd, this.#lastGeneration, owner, isStream);
    this.#table[fd] = descriptor;
    this.#count++;
    return descriptor;
  }

  /** Changes what is watched for. Returns 0, or the system's error. @internal */
  change(descriptor: Descriptor, events: number): number {
    const before = descriptor.mask;
    const errno = this.#epoll === NONE ? this.#open() : 0;
    if (errno !== 0) return errno;
    const { address, view } = this.scratch;
    view.setUint32(0, events === IGNORED ? 0 : events, true);
    view.setInt32(LAYOUT.dataAt, descriptor.fd, true);
    view.setInt32(LAYOUT.dataAt + 4, descriptor.generation, true);
    const change = before === IGNORED ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const operation = events === IGNORED ? EPOLL_CTL_DEL : change;
    if (this.libc.epoll_ctl(this.#epoll, operation, descriptor.fd, address) < 0) return this.libc.errno();
    descriptor.mask = events;
    if (before === IGNORED) this.#isFresh = true;
    return 0;
  }

  /** Closes a descriptor, which leaves epoll by that. @internal */
  close(descriptor: Descriptor): void {
    this.forget(descriptor);
    this.libc.close(descriptor.fd);
    if (this.#count === 0 && !this.#isPumping) this.#shut();
  }

  /** Forgets a descriptor, which has another owner from now on, or none. @internal */
  forget(descriptor: Descriptor): void {
    descriptor.isOpen = false;
    this.#table[descriptor.fd] = undefined;
    this.#count--;
  }

  /** Calls `task` at the end of the next pump, as no event may be told within a call of the core. */
  defer(task: () => void): void {
    this.#deferred.push(task);
    if (this.#waiting.size > 0 && this.#deferred.length === 1) setImmediate(() => this.pump());
  }

  /** The pump of all native transports of this thread; see `Pump`. */
  readonly pumpFor: Pump = (_nowMs, poller, beginsFrame, wake) => {
    this.pump();
    if (beginsFrame !== false || this.#count === 0) this.#forget(poller);
    else if (!this.#wakesByLoop(poller) && wake !== undefined) return RETRY_MS;
    return Infinity;
  };

  /** Reads what has come, and tells it; then what was deferred. */
  pump(): void {
    if (this.#isPumping || (this.#count === 0 && this.#deferred.length === 0)) return;
    this.#isPumping = true;
    this.#pumps = (this.#pumps + 1) | 0;
    try {
      for (let pass = 0; pass < MOST_PASSES && this.#count > 0; pass++) {
        this.#isFresh = false;
        const { libc } = this;
        const count = libc.epoll_wait(this.#epoll, this.#events.address, MOST_EVENTS, 0);
        for (let next = 0; next < count; ) next = this.#readFrom(next, count);
        if (count < MOST_EVENTS && !this.#isFresh) break;
      }
      this.#runDeferred();
    } finally {
      this.#isPumping = false;
      if (this.#count === 0) this.#shut();
    }
  }

  /** Blocks the thread until something is ready, or the time is over; see `Transport.sleep`. */
  readonly sleepFor = (timeoutMs: number): boolean => {
    if (this.#deferred.length > 0) return true;
    const wholeMs = this.#epoll === NONE ? 0 : Math.min(Math.floor(timeoutMs), MOST_SLEEP_MS);
    if (wholeMs > 0) return this.libc.epoll_wait(this.#epoll, this.#events.address, 1, wholeMs) > 0;
    // The system counts in whole milliseconds; a part of one is slept without it.
    blockFor(timeoutMs);
    return this.#epoll !== NONE && this.libc.epoll_wait(this.#epoll, this.#events.address, 1, 0) > 0;
  };

  /** Gives up the spare descriptor while `use` runs, which needs one and finds none. */
  withSpare(use: () => void): void {
    if (this.#spare !== NONE) this.libc.close(this.#spare);
    use();
    this.#spare = this.libc.eventfd(0, SOCK_CLOEXEC);
  }

  /** Reads the streams from the `first` event on, as far as there is room, and tells all of them. Returns the next one. */
  #readFrom(first: number, count: number): number {
    const { recv, errno } = this.libc;
    const { address } = this.streams;
    let at = 0;
    let index = first;
    for (; index < count && at <= PACK_BYTES - READ_BYTES; index++) {
      const word = index * EVENT_WORDS;
      const descriptor = this.#table[this.#words[word + DATA_WORD] ?? 0];
      // One that this pump has told already waits for the next, so that a frame takes a bounded part of it.
      if (
        descriptor?.generation !== this.#words[word + DATA_WORD + 1] ||
        descriptor?.toldIn === this.#pumps
      ) {
        this.#ready[index] = undefined;
        continue;
      }
      if (descriptor !== undefined) descriptor.toldIn = this.#pumps;
      const events = this.#words[word] ?? 0;
      this.#ready[index] = descriptor;
      this.#masks[index] = events;
      this.#lengths[index] = NOT_READ;
      if (descriptor === undefined || !descriptor.isStream || (events & EPOLLIN) === 0) continue;
      const read = recv(descriptor.fd, address + at, READ_BYTES, MSG_DONTWAIT);
      this.#starts[index] = at;
      this.#lengths[index] = read < 0 ? -errno() : read;
      if (read > 0) at = (at + read + LINE_BYTES - 1) & -LINE_BYTES;
    }
    for (let told = first; told < index; told++) {
      const descriptor = this.#ready[told];
      this.#ready[told] = undefined;
      if (descriptor?.isOpen !== true) continue;
      descriptor.owner.ready(this.#masks[told] ?? 0, this.#lengths[told] ?? 0, this.#starts[told] ?? 0);
    }
    return index;
  }

  #runDeferred(): void {
    while (this.#deferred.length > 0) {
      const tasks = this.#deferred;
      this.#deferred = [];
      for (const task of tasks) task();
    }
  }

  /** Makes the epoll with the first descriptor. Returns 0, or the system's error. */
  #open(): number {
    const epoll = this.libc.epoll_create1(SOCK_CLOEXEC);
    if (epoll < 0) return this.libc.errno();
    this.#epoll = epoll;
    this.#spare = this.libc.eventfd(0, SOCK_CLOEXEC);
    return 0;
  }

  /** Closes it with the last one, so that nothing is left of transports that are over. */
  #shut(): void {
    if (this.#epoll === NONE) return;
    this.#watch?.close();
    this.#watch = undefined;
    this.#waiting.clear();
    this.libc.close(this.#epoll);
    if (this.#spare >= 0) this.libc.close(this.#spare);
    this.#epoll = this.#spare = NONE;
  }

  /** Has the event loop pump when something is ready, for a poller that is about to wait. Returns whether it can. */
  #wakesByLoop(poller: unknown): boolean {
    this.#watch ??= this.libc.watch(this.#epoll, () => this.pump());
    if (this.#watch === undefined) return false;
    if (this.#waiting.size === 0) this.#watch.start();
    this.#waiting.add(poller);
    return true;
  }

  /** A poller has woken. */
  #forget(poller: unknown): void {
    if (this.#waiting.delete(poller) && this.#waiting.size === 0) this.#watch?.stop();
  }
}

const NONE = -1;
const LAYOUT = eventLayout(process.arch);
const EVENT_WORDS = LAYOUT.sizeBytes / 4;
const DATA_WORD = LAYOUT.dataAt / 4;
/** How many descriptors one call tells of; a frame of a thousand players is one call. */
const MOST_EVENTS = 1_024;
/** How often a pump asks for more, so that a flood cannot hold up a frame. */
const MOST_PASSES = 4;
/** Each read begins on a cache line of its own. */
const LINE_BYTES = 64;
const SCRATCH_BYTES = 4_096;
/** The system takes 31 bits; whoever sleeps longer asks again. */
const MOST_SLEEP_MS = 2 ** 31 - 1;
/** How soon a poller that nothing wakes looks again. */
const RETRY_MS = 1;
