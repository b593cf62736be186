/**
 * A recording in a file, for Node. Decides when its bytes are written, and never has a frame
 * wait for a disk:
 *
 *     journal ── a block each second ──▶ queue ── one write at a time, by Node's threads ──▶ file
 *
 * What waits in the queue, and what is in no block yet, is written before `close()` returns,
 * and before the process ends by itself, by an exception too. A process that is killed loses
 * what came after its last block.
 */
import { close, openSync, readFileSync, write, writeSync } from "node:fs";
import { type Checks, checkOptions, deadline, isText } from "../../check.ts";
import { reasonOf } from "../node/error-codes.ts";
import { Recording, type RecordingSink } from "./recording.ts";
import { RECORDING_CHECKS, type RecordingOptions } from "./recording-options.ts";

/** Options of {@link recordingFile}. */
export interface RecordingFileOptions extends RecordingOptions {
  /** How large it may become, in bytes; 256 MiB by default, an hour of a hundred players at 700 bytes a second. */
  readonly maxBytes?: number;
  /** How much may be lost when the process is killed, in milliseconds of polled time; 1,000 by default. */
  readonly flushMs?: number;
}

/**
 * A recording in the new file `path`. What goes wrong with the file later ends the recording,
 * with the system's error as its `reason`, and nothing else.
 *
 * @throws TypeError or RangeError when an argument is of a wrong kind or out of its range
 * @throws the system's error when the file cannot be made, such as `EEXIST`: it is there
 *   already, and is not overwritten
 */
export function recordingFile(path: string, options: RecordingFileOptions = {}): Recording {
  isText("path", path);
  checkOptions(options, CHECKS);
  const { flushMs = DEFAULT_FLUSH_MS, maxBytes = DEFAULT_MAX_BYTES, ...rest } = options;
  const sink = new FileSink(path);
  const recording = new Recording({ ...rest, maxBytes }, { sink, flushMs });
  sink.begin(recording);
  return recording;
}

class FileSink implements RecordingSink {
  readonly #path: string;
  #file = -1;
  #recording: Recording | undefined;
  /** What is not written yet, the one that is being written first. */
  readonly #queue: { readonly bytes: Uint8Array; readonly at: number }[] = [];
  #endsAt = 0;
  #isWriting = false;
  #isClosed = false;

  constructor(path: string) {
    this.#path = path;
  }

  begin(recording: Recording): void {
    this.#recording = recording;
    process.on("exit", this.#onExit);
  }

  /** The first bytes make the file: what is wrong with the options makes none. */
  write(bytes: Uint8Array): void {
    if (this.#file < 0) this.#file = openSync(this.#path, "wx");
    this.#queue.push({ bytes, at: this.#endsAt });
    this.#endsAt += bytes.length;
    this.#writeNext();
  }

  close(): void {
    this.#writeAll();
    this.#isClosed = true;
    process.off("exit", this.#onExit);
    if (!this.#isWriting) close(this.#file, ignore); // else a thread has the descriptor
  }

  read(): Uint8Array {
    this.#writeAll();
    return new Uint8Array(readFileSync(this.#path));
  }

  #writeNext(): void {
    const first = this.#queue[0];
    if (first === undefined || this.#isWriting) return;
    this.#isWriting = true;
    write(this.#file, first.bytes, 0, first.bytes.length, first.at, (error, writtenBytes) => {
      this.#isWriting = false;
      if (this.#queue[0] === first) {
        this.#queue.shift();
        const { bytes, at } = first;
        const rest = { bytes: bytes.subarray(writtenBytes), at: at + writtenBytes };
        if (rest.bytes.length > 0 && error === null) this.#queue.unshift(rest);
      }
      if (error !== null) this.#recording?.fail(reasonOf(error));
      if (this.#isClosed) close(this.#file, ignore);
      else this.#writeNext();
    });
  }

  /** Writes what waits, now; also what a thread is writing, as nobody knows how far it is. */
  #writeAll(): void {
    try {
      for (const { bytes, at } of this.#queue) {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(this.#file, bytes, done, bytes.length - done, at + done);
        }
      }
    } catch (error) {
      this.#recording?.fail(reasonOf(error as Error));
    }
    this.#queue.length = 0;
  }

  readonly #onExit = (): void => this.#recording?.close();
}

function ignore(): void {}

const CHECKS: Checks<RecordingFileOptions> = { ...RECORDING_CHECKS, flushMs: deadline };
const DEFAULT_FLUSH_MS = 1_000;
const DEFAULT_MAX_BYTES = 256 * 2 ** 20;
