/**
 * Recordings with anything in them, and checksums that are right.
 */
import { LogBuffer } from "../../../src/transport/wrap/log-bytes.ts";
import { ARGUMENTS, isCall } from "../../../src/transport/wrap/log-entry.ts";
import { blockBytes, headerBytes } from "../../../src/transport/wrap/log-file.ts";

/** A header as it should be. */
export const HEADER: Parameters<typeof headerBytes>[0] = {
  ...{ format: 1, tickwire: "0.1.0", platform: "node 20.0.0", began: "2026-01-01T00:00:00.000Z" },
  ...{ seed: 7, meta: undefined },
};

/** A recording of these blocks, each of entries as bytes and the number of frames before it. */
export function forged(
  blocks: readonly (readonly [payload: Uint8Array, frames: number])[],
  header: unknown = HEADER,
): Uint8Array {
  const parts = [headerBytes(header as typeof HEADER), ...blocks.map((block) => blockBytes(...block))];
  return joined(parts);
}

/** One entry: its kind with or without the flag of a call that is begun, its target and its arguments. */
export function entry(kind: number, target: number, ...args: readonly unknown[]): Uint8Array {
  const bytes = new LogBuffer(64);
  bytes.byte(kind);
  if (isCall(kind & 127)) bytes.byte(0);
  bytes.count(target);
  for (const [index, type] of (ARGUMENTS[kind & 127] ?? []).entries()) {
    const value = args[index];
    if (type === "count") bytes.count(value as number);
    else if (type === "number") bytes.number(value as number);
    else if (type === "bytes") bytes.bytes(value as Uint8Array);
    else bytes.json(value);
  }
  return bytes.take();
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The entries of a recording with whole blocks. */
export function payloadOf(recording: Uint8Array): Uint8Array {
  const view = new DataView(recording.buffer, recording.byteOffset);
  const payloads: Uint8Array[] = [];
  for (let at = 18 + view.getUint32(10, true); recording[at] === 1; ) {
    const end = at + 13 + view.getUint32(at + 1, true);
    payloads.push(recording.subarray(at + 13, end));
    at = end;
  }
  return joined(payloads);
}
