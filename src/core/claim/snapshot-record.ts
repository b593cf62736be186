/**
 * The record of a snapshot: the bytes that an owner has saved, under its epoch. The record of
 * an owner that has saved nothing yet has the bytes of the one before it.
 *
 *     u8 format │ f64 epoch │ f64 number │ bytes, or nothing at all
 */

/** Under which key of the registry the snapshot of the lease of that name is. */
export function snapshotKey(name: string): string {
  return `snapshot.${name}`;
}

/** The record of a snapshot. */
export interface SnapshotRecord {
  /** The epoch of the owner who wrote it. */
  readonly epoch: number;
  /** Counts the records of one owner, from 1: so that it knows which of them has got there. */
  readonly number: number;
  /** `undefined` when nobody has saved anything yet. */
  readonly bytes: Uint8Array | undefined;
}

export function encodeSnapshot({ epoch, number, bytes }: SnapshotRecord): Uint8Array {
  const value = new Uint8Array(HEADER_BYTES + (bytes?.length ?? 0));
  const view = new DataView(value.buffer);
  view.setUint8(0, bytes === undefined ? EMPTY : FULL);
  view.setFloat64(1, epoch);
  view.setFloat64(9, number);
  if (bytes !== undefined) value.set(bytes, HEADER_BYTES);
  return value;
}

/**
 * What `value` says, at that revision; `undefined` when it is no record of ours, such as one with an epoch of
 * the future, which would keep the lease from all others for ever: an owner's epoch is the revision of an earlier record.
 */
export function decodeSnapshot(value: Uint8Array, revision: number): SnapshotRecord | undefined {
  if (value.length < HEADER_BYTES) return undefined;
  const view = new DataView(value.buffer, value.byteOffset);
  const format = view.getUint8(0);
  const epoch = view.getFloat64(1);
  const number = view.getFloat64(9);
  if (!Number.isSafeInteger(epoch) || epoch < 1 || epoch >= revision) return undefined;
  if (!Number.isSafeInteger(number) || number < 1) return undefined;
  if (format === EMPTY)
    return value.length === HEADER_BYTES ? { epoch, number, bytes: undefined } : undefined;
  if (format !== FULL) return undefined;
  return { epoch, number, bytes: new Uint8Array(value.subarray(HEADER_BYTES)) };
}

const FULL = 1;
const EMPTY = 2;
const HEADER_BYTES = 17;
