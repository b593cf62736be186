/**
 * Bytes to records of fixed size: where a record begins and ends, and what an invalid one is.
 * Knows the layout of a record, and not what the record means.
 *
 *     bytes ──▶ record decoder ── read ──▶ messages
 *     bytes ──▶ unread decoder ── validated ──▶ bytes, for records of one kind that are read later
 */
import {
  DecodeError,
  type Decoder,
  type MessageSink,
  type RecordReader,
  type RecordSink,
  UNREAD,
  type UnreadDecoder,
} from "./codec.ts";
import { compiled } from "./compiled-layout.ts";
import { shortened } from "./escaped.ts";
import type { Layout, RecordLayout } from "./layout.ts";
import { PartialBuffer } from "./partial-buffer.ts";

/** A layout, and the buffer that each of its records is encoded into. */
export class RecordEncoder {
  readonly layout: RecordLayout;
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(layout: Layout) {
    this.layout = compiled(layout);
    this.bytes = new Uint8Array(layout.sizeBytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Finds the kind of a record. */
export interface RecordKinds {
  /** The kind of a received record, by its first byte; `undefined` if there is no such kind. */
  ofByte(byte: number): RecordEncoder | undefined;
  /** The kind of all records, if there is only one. */
  readonly only?: RecordEncoder;
}

/** A decoder of records. A guard looks at each record on arrival. */
export function recordDecoder<Message>(
  kinds: RecordKinds,
  guard: ((message: Message) => boolean) | undefined,
): Decoder<Message> {
  return new RecordDecoder(kinds, guard);
}

/** Reads each record on arrival. */
class RecordDecoder<Message> implements Decoder<Message> {
  readonly #kinds: RecordKinds;
  readonly #guard: ((message: Message) => boolean) | undefined;
  readonly #held = new PartialBuffer();
  #recordNumber = 1;

  constructor(kinds: RecordKinds, guard: ((message: Message) => boolean) | undefined) {
    this.#kinds = kinds;
    this.#guard = guard;
  }

  /** Records of one kind without a guard can be read later. A guard needs each record to be read on arrival. */
  [UNREAD](): UnreadDecoder<Message> | undefined {
    const layout = this.#kinds.only?.layout;
    if (layout === undefined || this.#guard !== undefined) return undefined;
    return new UnreadRecords(layout as MessageLayout<Message>);
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  decode(bytes: Uint8Array, sink: MessageSink<Message>): void {
    if (bytes.length === 0) return;
    let at = this.#held.length === 0 ? 0 : this.#finishHeld(bytes, sink);
    const view = viewOf(bytes);
    while (at < bytes.length) {
      const layout = this.#layoutOf(bytes[at] as number);
      if (at + layout.sizeBytes > bytes.length) {
        this.#held.append(bytes, at, bytes.length);
        return;
      }
      sink.put(this.#read(layout, view, bytes.byteOffset + at), layout.sizeBytes, layout.memoryBytes);
      at += layout.sizeBytes;
    }
  }

  end(): void {
    if (this.#held.length > 0) throw endedInside(this.#recordNumber, this.#held, this.#heldLayout);
  }

  get #heldLayout(): RecordLayout {
    return this.#layoutOf(this.#held.view[0] as number);
  }

  /** Completes the held record with the start of `bytes`. Returns where the next record starts. */
  #finishHeld(bytes: Uint8Array, sink: MessageSink<Message>): number {
    const layout = this.#heldLayout;
    const end = completeHeld(this.#held, bytes, layout);
    if (this.#held.length < layout.sizeBytes) return end;
    const { view } = this.#held;
    sink.put(this.#read(layout, viewOf(view), view.byteOffset), layout.sizeBytes, layout.memoryBytes);
    this.#held.clear();
    return end;
  }

  #layoutOf(byte: number): RecordLayout {
    const encoder = this.#kinds.ofByte(byte);
    if (encoder !== undefined) return encoder.layout;
    throw new DecodeError(`record ${this.#recordNumber} begins with ${byte}, which is no kind of record`);
  }

  #read(layout: RecordLayout, view: DataView, at: number): Message {
    const message = readRecord(layout, view, at, this.#recordNumber, this.#guard);
    this.#recordNumber++;
    return message;
  }
}

/** Validates records of one kind on arrival, and passes them on as bytes. */
class UnreadRecords<Message> implements UnreadDecoder<Message> {
  readonly reader: MessageLayout<Message>;
  readonly #held = new PartialBuffer();
  #recordNumber = 1;

  constructor(layout: MessageLayout<Message>) {
    this.reader = layout;
  }

  get pendingBytes(): number {
    return this.#held.length;
  }

  decode(bytes: Uint8Array, sink: RecordSink): void {
    const { sizeBytes } = this.reader;
    let at = 0;
    if (this.#held.length > 0) {
      at = completeHeld(this.#held, bytes, this.reader);
      if (this.#held.length < sizeBytes) return;
      this.#pass(this.#held.view, 0, 1, sink);
      this.#held.clear();
    }
    const count = Math.floor((bytes.length - at) / sizeBytes);
    this.#pass(bytes, at, count, sink);
    at += count * sizeBytes;
    if (at < bytes.length) this.#held.append(bytes, at, bytes.length);
  }

  end(): void {
    if (this.#held.length > 0) throw endedInside(this.#recordNumber, this.#held, this.reader);
  }

  /** Passes on `count` records from `start`, up to the first invalid one. */
  #pass(bytes: Uint8Array, start: number, count: number, sink: RecordSink): void {
    if (count === 0) return;
    const layout = this.reader;
    const view = viewOf(bytes);
    const from = bytes.byteOffset + start;
    const end = from + count * layout.sizeBytes;
    const bad = layout.firstInvalid(view, from, end);
    const good = (bad - from) / layout.sizeBytes;
    if (good > 0) sink.putRecords(bytes, start, good);
    this.#recordNumber += good;
    if (bad < end) readRecord(layout, view, bad, this.#recordNumber); // throws the error for it
  }
}

/** A layout whose records are the messages of the codec. */
type MessageLayout<Message> = RecordReader<Message> & RecordLayout;

/** Appends to the held record what it lacks, as far as `bytes` go. Returns where the next record starts. */
function completeHeld(held: PartialBuffer, bytes: Uint8Array, { sizeBytes }: { sizeBytes: number }): number {
  const end = Math.min(sizeBytes - held.length, bytes.length);
  held.append(bytes, 0, end);
  return end;
}

/** @throws DecodeError when the record is invalid, or the guard refuses it */
function readRecord<Message>(
  layout: RecordLayout,
  view: DataView,
  at: number,
  recordNumber: number,
  guard?: (message: Message) => boolean,
): Message {
  let message: Message;
  try {
    message = layout.read(view, at) as Message;
  } catch (cause) {
    throw new DecodeError(`record ${recordNumber}: ${(cause as DecodeError).message}`, { cause });
  }
  return guard === undefined ? message : askGuard(message, guard, recordNumber);
}

/** @throws DecodeError when the guard refuses the message */
export function askGuard<Message>(
  message: Message,
  guard: (message: Message) => boolean,
  recordNumber: number,
): Message {
  try {
    if (guard(message)) return message;
  } catch (cause) {
    throw new DecodeError(`record ${recordNumber}: the guard threw on ${shown(message)}`, { cause });
  }
  throw new DecodeError(`record ${recordNumber}: the guard refused ${shown(message)}`);
}

/** A record in a sentence: as JSON, with bigints and bytes as what they are. */
function shown(message: unknown): string {
  return shortened(JSON.stringify(message, (_, value: unknown) => shownField(value)));
}

function shownField(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Uint8Array ? `${value.length} bytes` : value;
}

function endedInside(
  recordNumber: number,
  { length }: PartialBuffer,
  { sizeBytes }: { readonly sizeBytes: number },
): DecodeError {
  return new DecodeError(
    `the stream ended inside record ${recordNumber}, after ${length} of ${sizeBytes} bytes`,
  );
}

/** A view of the whole buffer under `bytes`. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer);
}
