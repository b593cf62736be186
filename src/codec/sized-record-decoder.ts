/**
 * Bytes to records whose own lengths tell their size. A record is read when all of it
 * has arrived; until then its bytes wait, up to the limit, and its end is looked for.
 *
 *     bytes ──▶ scanner: how long? ──▶ shape: read ──▶ messages
 */
import { DecodeError, type Decoder, type MessageSink } from "./codec.ts";
import { PartialBuffer } from "./partial-buffer.ts";
import { RecordReading } from "./record-cursor.ts";
import { askGuard, viewOf } from "./record-decoder.ts";
import { RecordScanner, type Step } from "./record-scanner.ts";
import type { Shape } from "./shape.ts";

/** A kind of record, and the steps to its end. */
export interface SizedRecord {
  readonly shape: Shape;
  readonly steps: readonly Step[];
}

/** What records of a stream have to be. */
export interface RecordRules<Message> {
  /** The kind of a received record, by its first byte; `undefined` if there is no such kind. */
  ofByte(byte: number): SizedRecord | undefined;
  readonly guard: ((message: Message) => boolean) | undefined;
  readonly littleEndian: boolean;
  /** The size of the longest record. */
  readonly maxBytes: number;
}

/** A decoder of records of any size. */
export class SizedRecordDecoder<Message> implements Decoder<Message> {
  readonly #rules: RecordRules<Message>;
  readonly #scanner: RecordScanner;
  readonly #held = new PartialBuffer();
  #shape: Shape | undefined;
  #recordNumber = 1;

  constructor(rules: RecordRules<Message>) {
    this.#rules = rules;
    this.#scanner = new RecordScanner(rules.maxBytes, rules.littleEndian);
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message>): void {
    if (bytes.length === 0) return;
    let at = this.#held.length === 0 ? 0 : this.#finishHeld(bytes, sink);
    const view = viewOf(bytes);
    while (at < bytes.length) {
      this.#begin(bytes[at] as number);
      if (!this.#scan(view, bytes.byteOffset + at, bytes.length - at)) {
        this.#held.append(bytes, at, bytes.length);
        return;
      }
      this.#put(view, bytes.byteOffset + at, sink);
      at += this.#scanner.neededBytes;
    }
  }

  end(): void {
    const { length } = this.#held;
    if (length === 0) return;
    throw new DecodeError(
      `the stream ended inside record ${this.#recordNumber}, after ${length} bytes of it`,
    );
  }

  #begin(firstByte: number): void {
    const record = this.#rules.ofByte(firstByte);
    if (record === undefined) {
      throw new DecodeError(
        `record ${this.#recordNumber} begins with ${firstByte}, which is no kind of record`,
      );
    }
    this.#shape = record.shape;
    this.#scanner.begin(record.steps);
  }

  /**
   * Completes the held record with the start of `bytes`. Returns where the next record
   * starts. Takes bytes by the block, as a record may have thousands of lengths, and
   * leaves alone those of the block that lie behind its end.
   */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<Message>): number {
    const held = this.#held;
    for (let at = 0; at < bytes.length; ) {
      const missing = this.#scanner.neededBytes - held.length;
      const end = Math.min(at + Math.max(missing, BLOCK_BYTES), bytes.length);
      held.append(bytes, at, end);
      at = end;
      const { view } = held;
      if (!this.#scan(viewOf(view), view.byteOffset, view.length)) continue;
      this.#put(viewOf(view), view.byteOffset, sink);
      const next = end - (view.length - this.#scanner.neededBytes);
      held.clear();
      return next;
    }
    return bytes.length;
  }

  #scan(view: DataView, start: number, available: number): boolean {
    try {
      return this.#scanner.scan(view, start, available);
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #put(view: DataView, start: number, sink: MessageSink<Message>): void {
    const reading = new RecordReading(view, start, this.#rules.littleEndian);
    const { guard } = this.#rules;
    const message = this.#read(reading);
    if (guard !== undefined) askGuard(message, guard, this.#recordNumber);
    sink.put(message, this.#scanner.neededBytes, reading.memoryBytes);
    this.#recordNumber++;
  }

  #read(reading: RecordReading): Message {
    try {
      return this.#shape?.read(reading) as Message;
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  /** The error of a part of a record, with the number of the record in front. */
  #refusal(cause: unknown): DecodeError {
    const { message, code } = cause as DecodeError;
    const options = code === undefined ? { cause } : { cause, code };
    return new DecodeError(`record ${this.#recordNumber}: ${message}`, options);
  }
}

/** So many bytes of a piece are looked at together. */
const BLOCK_BYTES = 1_024;
