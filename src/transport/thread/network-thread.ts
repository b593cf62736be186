/**
 * The network thread as the game's side knows it: one worker for the process, whether it
 * lives, and how the two threads wake each other.
 *
 *     open ── a message ──▶ worker          beats ── a word ──▶ check
 *     wake ── a word ─────▶ worker          activity ── a word ──▶ sleep, awaitActivity
 *
 * After the start the worker sends no message that a game needs: one that never lets its
 * event loop turn would not be given it. So life is a word that grows, and death another.
 * The only message says that the worker has nothing to do, so that Node may exit. Real
 * time is counted here, in small steps from poll to poll: what stops the whole process,
 * such as a debugger, kills nobody.
 */

import type { Worker } from "node:worker_threads";
import { blockFor } from "../../block.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import type { Blueprint, Sleep } from "../../port/transport.ts";
import { awaitWord, canAwaitWords, newThreadBlock, readEnding, THREAD, threadWords } from "./shared-words.ts";
import { startWorker } from "./worker-file.ts";

/** A channel, as the thread knows it. */
export interface ThreadMember {
  /** Whether something waits to be read. */
  readonly hasUnread: boolean;
  /** Whether the game has given up all of it: no poller may be left that reads what is told of its end. */
  readonly isReleased: boolean;
  /** Reads what waits. */
  drain(): void;
  /** The thread has ended: so has all that was opened over it. */
  fail(reason: CloseReason): void;
}

/** What a channel is opened with. */
export interface OpenMessage {
  readonly block: SharedArrayBuffer;
  readonly blueprint: Blueprint;
}

/** What the worker says when it has nothing to do. */
export interface IdleMessage {
  /** How many things it has been asked to open. */
  readonly opened: number;
}

/** One network thread. */
export class NetworkThread {
  /** Why it has ended; `undefined` while it lives. */
  failure: CloseReason | undefined;
  readonly #members = new Set<ThreadMember>();
  readonly #block = newThreadBlock();
  readonly #words = threadWords(this.#block);
  readonly #worker: Worker;
  readonly #forget: () => void;
  /** How many things it was asked to open. */
  #asked = 0;
  #beats = 0;
  /** For how long the game has polled without a new beat. */
  #silentMs = 0;
  #checkedMs: number = performance.now();
  /** The pollers that wait for activity, and whether a turn of the event loop is on its way that reads for them. */
  readonly #awaiting = new Set<object>();
  #isWaiting = false;
  #isDraining = false;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param forget called when it has ended */
  constructor(file: URL, forget: () => void) {
    this.#forget = forget;
    this.#worker = startWorker(file, { block: this.#block });
    this.#worker.on("error", (error) => this.#fail(exited(error)));
    this.#worker.on("exit", () => this.#fail(exited(undefined)));
    this.#worker.on("message", ({ opened }: IdleMessage) => this.#rest(opened));
  }

  /** Opens a channel. */
  open(member: ThreadMember, message: OpenMessage): void {
    this.#members.add(member);
    this.#worker.postMessage(message);
  }

  /** A channel asks for nothing more, and is told nothing more. */
  leave(member: ThreadMember): void {
    this.#members.delete(member);
  }

  /** Something is to be opened, so that the process lives until it is over. */
  count(): void {
    this.#asked++;
    clearTimeout(this.#idleTimer);
    this.#worker.ref();
  }

  /** Something that was to be opened never will be. */
  uncount(): void {
    this.#asked--;
  }

  /** Wakes the worker, if it waits. */
  wake(): void {
    const words = this.#words;
    if (Atomics.load(words, THREAD.workerSleeps) === 0) return;
    Atomics.store(words, THREAD.workerSleeps, 0);
    Atomics.add(words, THREAD.work, 1);
    Atomics.notify(words, THREAD.work);
  }

  /** Notices, at each poll, that the worker has ended or is stuck. Returns the reason then. */
  check(): CloseReason | undefined {
    if (this.failure !== undefined) return this.failure;
    this.#drainReleased();
    const ending = readEnding(this.#block);
    if (ending !== undefined) this.#fail({ ...EXITED, message: `${EXITED.message}: ${ending}` });
    const nowMs = performance.now();
    const stepMs = Math.min(nowMs - this.#checkedMs, LONGEST_STEP_MS);
    this.#checkedMs = nowMs;
    const beats = Atomics.load(this.#words, THREAD.beats);
    this.#silentMs = beats === this.#beats ? this.#silentMs + stepMs : 0;
    this.#beats = beats;
    if (beats === 0 && this.#silentMs >= START_LIMIT_MS) this.#fail(NOT_STARTED);
    else if (beats !== 0 && this.#silentMs >= SILENCE_LIMIT_MS) this.#fail(STALLED);
    return this.failure;
  }

  /** A frame of this poller begins, or it looks again: it does not wait any more. */
  stopAwaiting(poller: object): void {
    if (this.#awaiting.delete(poller) && this.#awaiting.size === 0)
      Atomics.store(this.#words, THREAD.gameSleeps, 0);
  }

  /**
   * Reads what comes until the next frame of `poller` as it comes, in turns of the event loop,
   * so that it is woken when it waits for activity. Returns `false` where the engine cannot.
   */
  awaitActivity(poller: object): boolean {
    if (!canAwaitWords) return false;
    this.#awaiting.add(poller);
    this.#await();
    return true;
  }

  /**
   * Blocks this thread until something has come, and at most for `timeoutMs`. Returns whether it
   * has. What waits already is read, as what is another poller's would end each sleep at once.
   */
  sleep(timeoutMs: number): boolean {
    const words = this.#words;
    const before = Atomics.load(words, THREAD.activity);
    Atomics.store(words, THREAD.gameSleeps, 1);
    const isThere = this.#hasUnread;
    if (isThere) this.#readAll();
    const isWoken = isThere || Atomics.wait(words, THREAD.activity, before, timeoutMs) !== "timed-out";
    Atomics.store(words, THREAD.gameSleeps, this.#awaiting.size > 0 ? 1 : 0);
    return isWoken;
  }

  get #hasUnread(): boolean {
    for (const member of this.#members) if (member.hasUnread) return true;
    return false;
  }

  #await(): void {
    const words = this.#words;
    const before = Atomics.load(words, THREAD.activity);
    Atomics.store(words, THREAD.gameSleeps, 1);
    if (this.#hasUnread) {
      this.#drainSoon();
      return;
    }
    if (this.#isWaiting) return; // the wait that is under way is woken too
    this.#isWaiting = true;
    void awaitWord(words, THREAD.activity, before).then(() => {
      this.#isWaiting = false;
      this.#drain();
    });
  }

  /** In the next turn, once: a loop that never yields comes here any number of times. */
  #drainSoon(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    setImmediate(() => {
      this.#isDraining = false;
      this.#drain();
    });
  }

  #drain(): void {
    if (this.#awaiting.size === 0 || this.failure !== undefined) return;
    this.#readAll();
    this.#await();
  }

  #readAll(): void {
    for (const member of this.#members) member.drain();
  }

  /** Their pollers may be gone, and the memory of each is as large as its rings. */
  #drainReleased(): void {
    for (const member of this.#members) if (member.isReleased) member.drain();
  }

  /** The worker has nothing to do, unless it was asked for more meanwhile. */
  #rest(opened: number): void {
    this.#drainReleased();
    if (opened !== this.#asked) return;
    this.#worker.unref();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      if (this.#members.size === 0) this.#end(ENDED);
    }, IDLE_MS).unref();
  }

  #fail(reason: CloseReason): void {
    if (this.failure !== undefined) return;
    this.#end(reason);
    for (const member of [...this.#members]) member.fail(reason);
    this.#members.clear();
  }

  #end(reason: CloseReason): void {
    this.failure = reason;
    clearTimeout(this.#idleTimer);
    this.#forget();
    void this.#worker.terminate();
  }
}

/** The thread of a file; `undefined` when there is none. */
export function knownThread(file: URL): NetworkThread | undefined {
  return threads.get(file.href);
}

/** The thread of a file; it is started when there is none. */
export function threadOf(file: URL): NetworkThread {
  const known = threads.get(file.href);
  if (known !== undefined) return known;
  const thread: NetworkThread = new NetworkThread(file, () => {
    if (threads.get(file.href) === thread) threads.delete(file.href);
  });
  threads.set(file.href, thread);
  return thread;
}

/** The function that sleeps until the thread of a file has something, the same one for all that share it. */
export function sleepOf(file: URL): Sleep {
  const { href } = file;
  const known = sleeps.get(href);
  if (known !== undefined) return known;
  const sleep: Sleep = (timeoutMs) => {
    const thread = threads.get(href);
    if (thread !== undefined) return thread.sleep(timeoutMs);
    blockFor(timeoutMs);
    return false;
  };
  sleeps.set(href, sleep);
  return sleep;
}

function exited(error: Error | undefined): CloseReason {
  if (error === undefined) return EXITED;
  return { ...EXITED, message: `${EXITED.message}: ${error.message}`, cause: error };
}

/** By file: all transports of a process share one, but where a program names files of its own. */
const threads = new Map<string, NetworkThread>();
const sleeps = new Map<string, Sleep>();

const EXITED = { kind: "failed", code: "worker-exited", message: "the network thread has ended" } as const;
const STALLED: CloseReason = {
  kind: "failed",
  code: "worker-stalled",
  message: "the network thread has not stirred for seconds",
};
/** Node knows why, and tells it to loops that yield alone. */
const NOT_STARTED: CloseReason = {
  ...STALLED,
  message:
    "the network thread has not started within 30 seconds: its file cannot be loaded, or is not " +
    "tickwire/network-worker; a loop that yields is told why",
};
/** Of nothing that is open. */
const ENDED: CloseReason = { kind: "local", message: "the network thread had nothing to do" };

/** 20 beats: longer than any collection or a busy machine's pause, and a player still waits. */
const SILENCE_LIMIT_MS = 5_000;
/** Loading the thread from its sources takes seconds on a busy machine. */
const START_LIMIT_MS = 30_000;
/** What one poll counts for at most: a beat. */
const LONGEST_STEP_MS = 250;
/** How long a thread without anything to do is kept for the next use. */
const IDLE_MS = 5_000;
