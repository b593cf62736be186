/**
 * The layout of a recording as one run of bytes, such as a file:
 *
 *     header ─ block ─ block ─ … ─ index ─ trailer
 *
 *     header   8 bytes "tickwrec" │ u16 format │ u32 length │ JSON │ u32 checksum of the JSON
 *     block    u8 kind │ u32 length │ u32 frames before it │ u32 checksum of all of it │ payload
 *     trailer  f64 where the index begins │ 8 bytes "tickwend"
 *
 * All numbers are in little endian. The payload of a block of kind 1 is whole entries; that
 * of kind 2, the index, is JSON: pairs of a number of frames and where the block begins that
 * comes after them, one for each 256 frames. Whoever reads goes from block to block, so a
 * file without index and trailer, as a crash leaves it, is read like any other, without
 * what is not whole at its end.
 */
import { crc32 } from "./crc32.ts";
import { valueOfJson } from "./json-depth.ts";
import { headerOf, LogCheck, type RecordingHeader } from "./log-check.ts";

/** The end of what can be read of a recording, where more stood. */
export interface RecordingDamage {
  /** How many frames stand before it. */
  readonly frame: number;
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** One sentence for people. */
  readonly message: string;
}

/** The parts of a recording. */
export interface LogParts {
  readonly header: RecordingHeader;
  /** The entries, in pieces; each entry is whole in one of them. */
  readonly pieces: readonly Uint8Array[];
  /** How many frames are in them. */
  readonly frames: number;
  readonly damage: RecordingDamage | undefined;
  /** Whether it was ended, by `close()` or at its `maxBytes`: it has a trailer. */
  readonly isEnded: boolean;
}

/** The bytes before the first block. */
export function headerBytes(header: RecordingHeader): Uint8Array {
  const text = UTF8.encode(JSON.stringify(header));
  const bytes = new Uint8Array(MAGIC.length + 2 + 4 + text.length + 4);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(8, FORMAT, true);
  view.setUint32(10, text.length, true);
  bytes.set(text, 14);
  view.setUint32(14 + text.length, crc32(text), true);
  return bytes;
}

/** A block of entries, with `frames` frames before it. */
export function blockBytes(payload: Uint8Array, frames: number, kind: 1 | 2 = ENTRIES): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = kind;
  view.setUint32(1, payload.length, true);
  view.setUint32(5, frames, true);
  bytes.set(payload, BLOCK_HEADER_BYTES);
  view.setUint32(9, crc32(payload, crc32(bytes.subarray(0, 9))), true);
  return bytes;
}

/** What stands behind the last block, which ends at `offset`. */
export function indexBytes(index: readonly IndexPair[], frames: number, offset: number): Uint8Array {
  const block = blockBytes(UTF8.encode(JSON.stringify(index)), frames, INDEX);
  const bytes = new Uint8Array(block.length + TRAILER_BYTES);
  bytes.set(block);
  new DataView(bytes.buffer).setFloat64(block.length, offset, true);
  bytes.set(TRAILER, block.length + 8);
  return bytes;
}

/** The most bytes that a further block takes beside its entries, with the index and the trailer behind it. */
export function framingBytes(index: readonly IndexPair[]): number {
  return 2 * BLOCK_HEADER_BYTES + PAIR_BYTES * (index.length + 1) + TRAILER_BYTES;
}

/** A number of frames, and where the block begins that comes after them. */
export type IndexPair = readonly [frames: number, offset: number];

/** The frames from one pair of the index to the next. */
export const FRAMES_PER_PAIR = 256;

/**
 * Takes a recording apart.
 *
 * @throws RangeError when `bytes` are none, or of a format that is not known
 */
export function parseLog(bytes: Uint8Array): LogParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { header, endsAt: start } = parseHeader(bytes, view);
  const pieces: Uint8Array[] = [];
  const check = new LogCheck();
  const damaged = (offset: number, describe: (frame: number) => string): LogParts => {
    const { frames } = check;
    const damage = { frame: frames, offset, message: describe(frames) };
    return { header, pieces, frames, damage, isEnded: isClosed };
  };
  const isClosed = bytes.length >= TRAILER_BYTES && equal(bytes.subarray(-TRAILER.length), TRAILER);
  const end = isClosed ? bytes.length - TRAILER_BYTES : bytes.length;
  let indexAt = 0;
  for (let offset = start; offset < end; ) {
    const problem = problemOf(bytes, view, offset, end, check);
    if (problem !== undefined) {
      return damaged(offset, (frame) =>
        !isClosed && problem.reachesEnd
          ? `the last ${end - offset} bytes, behind frame ${frame}, are of a block that was not written to its end`
          : `the block at byte ${offset}, behind frame ${frame}, is damaged: ${problem.message}`,
      );
    }
    const endsAt = offset + BLOCK_HEADER_BYTES + view.getUint32(offset + 1, true);
    if (bytes[offset] === ENTRIES) pieces.push(bytes.subarray(offset + BLOCK_HEADER_BYTES, endsAt));
    else indexAt = offset;
    offset = endsAt;
  }
  if (!isClosed || view.getFloat64(end, true) === indexAt)
    return { header, pieces, frames: check.frames, damage: undefined, isEnded: isClosed };
  return damaged(end, () => `the trailer at byte ${end} is damaged: there is no index where it says`);
}

function parseHeader(bytes: Uint8Array, view: DataView): { header: RecordingHeader; endsAt: number } {
  if (bytes.length === 0 || !equal(bytes.subarray(0, MAGIC.length), MAGIC.subarray(0, bytes.length))) {
    const got = bytes.length === 0 ? "no bytes" : "other bytes";
    throw new RangeError(`bytes: expected a recording of tickwire, got ${got}`);
  }
  if (bytes.length < 18) throw new RangeError(CUT_OFF);
  const format = view.getUint16(8, true);
  if (format !== FORMAT) {
    throw new RangeError(`bytes: a recording of format ${format}, and this tickwire reads format ${FORMAT}`);
  }
  const endsAt = 14 + view.getUint32(10, true) + 4;
  if (endsAt > bytes.length) throw new RangeError(CUT_OFF);
  const text = bytes.subarray(14, endsAt - 4);
  if (crc32(text) !== view.getUint32(endsAt - 4, true)) {
    throw new RangeError("bytes: the header of the recording is damaged");
  }
  return { header: headerIn(text), endsAt };
}

function headerIn(text: Uint8Array): RecordingHeader {
  try {
    const header = headerOf(valueOfJson(text));
    if (header !== undefined) return header;
  } catch {} // it is no JSON
  throw new RangeError("bytes: the header of the recording is damaged");
}

/** What is wrong with the block at `offset`; `undefined` if nothing is. */
function problemOf(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  end: number,
  check: LogCheck,
): { readonly message: string; readonly reachesEnd: boolean } | undefined {
  if (offset + BLOCK_HEADER_BYTES > end) return { message: "its header is cut off", reachesEnd: true };
  const endsAt = offset + BLOCK_HEADER_BYTES + view.getUint32(offset + 1, true);
  if (endsAt > end) return { message: "it would be longer than the recording", reachesEnd: true };
  const checksum = crc32(
    bytes.subarray(offset + BLOCK_HEADER_BYTES, endsAt),
    crc32(bytes.subarray(offset, offset + 9)),
  );
  if (checksum !== view.getUint32(offset + 9, true))
    return { message: "its checksum is another one", reachesEnd: endsAt === end };
  const message = contentProblemOf(bytes, view, offset, endsAt, check);
  return message === undefined ? undefined : { message, reachesEnd: false };
}

/** What is wrong in the block from `offset` to `endsAt`, as it was written; `undefined` if nothing is. */
function contentProblemOf(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  endsAt: number,
  check: LogCheck,
): string | undefined {
  if (bytes[offset] === INDEX) return undefined;
  if (bytes[offset] !== ENTRIES) return "it is of no kind";
  const before = view.getUint32(offset + 5, true);
  if (before !== check.frames >>> 0) return `it stands behind frame ${before} in its recording`;
  return check.problemOf(bytes.subarray(offset + BLOCK_HEADER_BYTES, endsAt));
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** The format that this file reads and writes. */
export const FORMAT = 1;
const UTF8 = new TextEncoder();
const MAGIC = UTF8.encode("tickwrec");
const TRAILER = UTF8.encode("tickwend");
const TRAILER_BYTES = 16;
/** A pair of the index as text at most: two numbers, brackets and commas, and the brackets of all. */
const PAIR_BYTES = 2 * 16 + 6;
const BLOCK_HEADER_BYTES = 13;
const CUT_OFF = "bytes: the recording ends within its header, before its first frame";
const ENTRIES = 1;
const INDEX = 2;
