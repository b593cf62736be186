/**
 * A recording: what a game's pollers have seen of the network, in order and in frames.
 *
 *     recorded() ──▶ journal ── blocks ──▶ recording ──▶ toBytes, or a file
 *                                         replayed() ◀── fromBytes
 *
 * Decides when it begins and ends, and says why it has ended. `journal.ts` writes the
 * entries, `log-file.ts` has the layout of the bytes.
 */
import { checkOptions, kindOf } from "../../check.ts";
import type { CloseReason } from "../../port/close-reason.ts";
import { VERSION } from "../../version.ts";
import { warn } from "../../warn.ts";
import { Journal } from "./journal.ts";
import { LogReader } from "./log-bytes.ts";
import type { RecordingHeader } from "./log-check.ts";
import { CALL, NOTE } from "./log-entry.ts";
import {
  blockBytes,
  FORMAT,
  FRAMES_PER_PAIR,
  framingBytes,
  headerBytes,
  type IndexPair,
  indexBytes,
  parseLog,
  type RecordingDamage,
} from "./log-file.ts";
import { RECORDING_CHECKS, type RecordingOptions, type Redact } from "./recording-options.ts";

/** Where the blocks of a recording go. @internal */
export interface RecordingSink {
  /** Takes bytes that follow those before. */
  write(bytes: Uint8Array): void;
  /** No more bytes follow. */
  close(): void;
  /** What {@link Recording.toBytes} answers. */
  read(): Uint8Array;
}

/** What a recording is doing. */
export type RecordingState =
  /** It writes what happens. */
  | "recording"
  /** `maxBytes` was reached; it has what came before. */
  | "full"
  /** It could not be written; `reason` says why. */
  | "failed"
  /** `close()` has ended it, or it was read from bytes. */
  | "closed";

/** What the pollers of a game have seen of the network. */
export class Recording {
  /** What is known of it before its first entry. */
  readonly header: RecordingHeader;
  /** Where it ends before its last byte, if it is damaged; only of one that was read. */
  readonly damage: RecordingDamage | undefined;
  /** Of one that was read: whether it was ended, and not left by a crash or still being written. @internal */
  readonly isEnded: boolean = true;
  /** Writes entries; `undefined` for one that was read. @internal */
  readonly journal: Journal | undefined;
  /** @internal */ readonly redact: Redact | undefined;
  readonly #sink: RecordingSink;
  readonly #pieces: readonly Uint8Array[] | undefined;
  readonly #index: IndexPair[] = [];
  #state: RecordingState;
  #reason: CloseReason | undefined;
  #sizeBytes = 0;
  #frames = 0;

  /**
   * A recording in memory, which `recorded()` takes.
   *
   * @throws TypeError or RangeError when an option is not known, of a wrong kind, or out of its range
   */
  constructor(options?: RecordingOptions);
  /** @internal */
  constructor(options: RecordingOptions, made: MadeBy);
  constructor(options: RecordingOptions = {}, made: MadeBy = { sink: new MemorySink() }) {
    this.#sink = made.sink;
    if ("bytes" in made) {
      const { header, pieces, frames, damage, isEnded } = parseLog(made.bytes);
      this.header = header;
      this.damage = damage;
      this.isEnded = isEnded;
      this.#pieces = pieces;
      this.#state = "closed";
      this.#sizeBytes = made.bytes.length;
      this.#frames = frames;
      return;
    }
    checkOptions(options, RECORDING_CHECKS);
    const { meta, seed = Math.floor(Math.random() * 2 ** 32), maxBytes = DEFAULT_MAX_BYTES } = options;
    this.redact = options.redact;
    const began = new Date().toISOString();
    this.header = { format: FORMAT, tickwire: VERSION, platform: platformName(), began, seed, meta };
    const header = headerBytes(this.header);
    if (header.length + framingBytes([]) > maxBytes)
      throw new RangeError(
        `meta: the header has ${header.length} bytes with it, and maxBytes is ${maxBytes}`,
      );
    this.#state = "recording";
    this.#write(header);
    this.journal = new Journal({
      leftBytes: () => maxBytes - this.#sizeBytes - framingBytes(this.#index),
      blockMs: made.flushMs ?? Infinity,
      onBlock: (entries, frames) => this.#addBlock(entries, frames),
      onFull: () => this.#end("full", fullReason(maxBytes)),
    });
  }

  /**
   * Reads a recording, such as a file's bytes, which it keeps.
   *
   * @throws TypeError when `bytes` are no Uint8Array
   * @throws RangeError when they are no recording, or of a format that is not known
   */
  static fromBytes(bytes: Uint8Array): Recording {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError(`bytes: expected a Uint8Array, got ${kindOf(bytes)}`);
    return new Recording({}, { sink: { write() {}, close() {}, read: () => bytes }, bytes });
  }

  /** What it is doing. */
  get state(): RecordingState {
    return this.#state;
  }

  /** Why it has ended by itself: `maxBytes` as the code, or the system's error. `undefined` otherwise. */
  get reason(): CloseReason | undefined {
    return this.#reason;
  }

  /** How many frames are in it, those of all its pollers together. */
  get frames(): number {
    return this.journal?.frames ?? this.#frames;
  }

  /** Its size in bytes, without what is not in a block yet. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Says that the game acts between two frames from here on, such as when a database
   * has answered. The replay does the same, by its own `mark()`, at the same place.
   */
  mark(): void {
    this.journal?.note(NOTE.mark, 0);
  }

  /** Keeps the game's own state with this place; {@link keyframes} has it when the recording is read. */
  keyframe(bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError(`bytes: expected a Uint8Array, got ${kindOf(bytes)}`);
    this.journal?.note(NOTE.keyframe, 0, bytes);
  }

  /** The states that the game has kept, each with the number of frames before it. */
  get keyframes(): readonly { readonly frame: number; readonly bytes: Uint8Array }[] {
    const found: { frame: number; bytes: Uint8Array }[] = [];
    let frame = 0;
    for (const entry of this.entries()) {
      if (entry.kind === CALL.poll) frame++;
      if (entry.kind === NOTE.keyframe) found.push({ frame, bytes: entry.args[0] as Uint8Array });
    }
    return found;
  }

  /** Ends it. What happens from now on is not recorded. */
  close(): void {
    this.#end("closed");
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The whole recording as bytes, which {@link fromBytes} and `npx tickwire inspect` read; what follows is not in them. */
  toBytes(): Uint8Array {
    if (this.#state === "recording") this.journal?.cut();
    return this.#sink.read();
  }

  /** Its entries; not those that are in no block yet. @internal */
  reader(): LogReader {
    return new LogReader(this.#pieces ?? parseLog(this.toBytes()).pieces);
  }

  /** Ends it, as its bytes could not be written. @internal */
  fail(reason: CloseReason): void {
    this.#end("failed", reason);
  }

  /** @internal */
  *entries(): Generator<NonNullable<ReturnType<LogReader["next"]>>, void, undefined> {
    const reader = this.reader();
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) yield entry;
  }

  #addBlock(entries: Uint8Array, frames: number): void {
    if (frames - (this.#index.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY) >= FRAMES_PER_PAIR) {
      this.#index.push([frames, this.#sizeBytes]);
    }
    this.#write(blockBytes(entries, frames));
  }

  #end(state: RecordingState, reason?: CloseReason): void {
    if (this.#state !== "recording") return;
    this.#state = state; // first, as the last block may fail too
    this.#reason = reason;
    this.journal?.close();
    if (state !== "failed") this.#write(indexBytes(this.#index, this.frames, this.#sizeBytes));
    this.#sink.close();
    if (reason !== undefined) warn("TICKWIRE_RECORDING", `a recording has ended: ${reason.message}`);
  }

  #write(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length;
    this.#sink.write(bytes);
  }
}

/** How a recording is made: with a place for its bytes, or out of bytes. @internal */
export type MadeBy =
  | { readonly sink: RecordingSink; readonly flushMs?: number }
  | { readonly sink: RecordingSink; readonly bytes: Uint8Array };

class MemorySink implements RecordingSink {
  readonly #parts: Uint8Array[] = [];

  write(bytes: Uint8Array): void {
    this.#parts.push(bytes);
  }

  close(): void {}

  read(): Uint8Array {
    const all = new Uint8Array(this.#parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

function fullReason(maxBytes: number): CloseReason {
  const message = `it has reached its maxBytes, ${maxBytes}, and has what happened before`;
  return { kind: "overflow", code: "maxBytes", message };
}

/** Where this runs, such as `"node 22.20.0"`. @internal */
export function platformName(): string {
  const { process: program, navigator } = globalThis as unknown as Platform;
  const version = program?.versions?.node;
  return version === undefined ? (navigator?.userAgent ?? "") : `node ${version}`;
}

interface Platform {
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly navigator?: { readonly userAgent: string };
}

const DEFAULT_MAX_BYTES = 64 * 2 ** 20;
