/**
 * The memory that the game's thread and the network thread share: one block for both,
 * and one for each channel, which is a threaded transport's own.
 *
 *     thread block    who sleeps, the beat of the network thread, how it ended
 *     channel block   the time of the game, what each side waits for ┊ ring out ┊ ring in
 *
 * Each word stands in a cache line of its own, so that one thread's writing does not
 * slow the other's reading of what lies beside it. Decides where each word is, and no more.
 */
import type { RingPlace } from "./ring.ts";

/** The words of a thread block. */
export const THREAD = {
  /** Grows when the network thread has something to do; it waits on this word. */
  work: 0,
  /** 1 while the network thread waits, and has to be woken. */
  workerSleeps: 16,
  /** Grows when the game's thread has something to read; it waits on this word. */
  activity: 32,
  /** 1 while the game's thread waits, and has to be woken. */
  gameSleeps: 48,
  /** Grows as long as the network thread's event loop turns. */
  beats: 64,
  /** The size of the text that says why the network thread has ended, in bytes; 0 while it has not. */
  endingBytes: 80,
} as const;

/** The words of a channel block. */
export const CHANNEL = {
  outWritten: 0,
  outRead: 16,
  inWritten: 32,
  inRead: 48,
  /** The time of the game's last poll: whole milliseconds, modulo 2^32. */
  polledMs: 64,
  /** 1 once the game has polled: before, there is no time. */
  hasPolled: 65,
  /** 1 when the network thread wants to be woken by each poll, as its transport counts polled time. */
  wantsPolls: 80,
  /** 1 when there is a time of the game at which it wants a poll at the latest; then that time. */
  hasPollAt: 81,
  pollAtMs: 82,
  /** 1 when the network thread waits for room in its ring. */
  workerIsFull: 96,
  /** 1 when the game waits for room in its ring. */
  gameIsFull: 112,
  /** How many incoming peers the game has been shown, modulo 2^32. */
  shownPeers: 128,
  /** 1 when the game asks for nothing more: the channel may be forgotten. */
  isReleased: 144,
} as const;

/** Whether this engine can wake an event loop that waits for a word. */
export const canAwaitWords: boolean = typeof (Atomics as Partial<WaitingAtomics>).waitAsync === "function";

/** Waits, without blocking, until a word that is `value` is notified; resolves at once when it is another one. */
export function awaitWord(words: Int32Array, at: number, value: number): Promise<unknown> {
  const result = (Atomics as unknown as WaitingAtomics).waitAsync(words, at, value);
  return result.async ? result.value : new Promise(setImmediate);
}

/** ES2024. */
interface WaitingAtomics {
  waitAsync(
    words: Int32Array,
    at: number,
    value: number,
  ): { readonly async: false } | { readonly async: true; readonly value: Promise<unknown> };
}

/** The block of a new thread. */
export function newThreadBlock(): SharedArrayBuffer {
  return new SharedArrayBuffer(THREAD_BYTES);
}

/** The words of a thread block. */
export function threadWords(block: SharedArrayBuffer): Int32Array<SharedArrayBuffer> {
  return new Int32Array(block, 0, WORDS);
}

/** Writes why the network thread ends, for a game that does not let its event loop turn. */
export function writeEnding(block: SharedArrayBuffer, text: string): void {
  const own = new TextEncoder().encode(text).subarray(0, THREAD_BYTES - WORDS_BYTES);
  new Uint8Array(block, WORDS_BYTES).set(own);
  Atomics.store(threadWords(block), THREAD.endingBytes, Math.max(1, own.length));
}

/** Why the network thread has ended; `undefined` while it says nothing of that. */
export function readEnding(block: SharedArrayBuffer): string | undefined {
  const sizeBytes = Atomics.load(threadWords(block), THREAD.endingBytes);
  if (sizeBytes === 0) return undefined;
  return new TextDecoder().decode(new Uint8Array(new Uint8Array(block, WORDS_BYTES, sizeBytes)));
}

/** A new channel block, with two rings of `ringBytes`. */
export function newChannelBlock(ringBytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS_BYTES + 2 * ringBytes);
}

/** The parts of a channel block. */
export function channelParts(block: SharedArrayBuffer): ChannelParts {
  const ringBytes = (block.byteLength - WORDS_BYTES) / 2;
  const words = new Int32Array(block, 0, WORDS);
  const { outWritten, outRead, inWritten, inRead } = CHANNEL;
  return {
    words,
    ringBytes,
    out: {
      words,
      bytes: new Uint8Array(block, WORDS_BYTES, ringBytes),
      writtenAt: outWritten,
      readAt: outRead,
    },
    in: {
      words,
      bytes: new Uint8Array(block, WORDS_BYTES + ringBytes, ringBytes),
      writtenAt: inWritten,
      readAt: inRead,
    },
  };
}

/** The parts of a channel block. */
export interface ChannelParts {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly ringBytes: number;
  /** From the game to the network thread. */
  readonly out: RingPlace;
  /** From the network thread to the game. */
  readonly in: RingPlace;
}

const WORDS = 256;
const WORDS_BYTES = 4 * WORDS;
const THREAD_BYTES = 4 * WORDS_BYTES;
