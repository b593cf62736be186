/**
 * What travels: lines of 24 bytes and records of 12, and how they look on each
 * wire. The same bytes for all contestants.
 */
import type { Contestant } from "./works.ts";

/** A record: three float32, little endian. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export type Message = string | Point;

/** Bytes of every line, its line break included: what `cube 1.25 -3.50 8.125` takes. */
export const LINE_BYTES = 24;
export const RECORD_BYTES = 12;

/** A line of {@link LINE_BYTES} bytes without its line break. */
export function lineOf(number: number): string {
  return `cube ${number}`.padEnd(LINE_BYTES - 1, ".");
}

/** So many messages as a client sends them. */
export function messagesAsSent({ wire, format }: Contestant, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => messageAsSent(wire, format, index)));
}

/** What one line of the server takes on the wire. */
export function bytesPerLine({ wire }: Contestant): number {
  return wire === "websocket" ? WEBSOCKET_HEADER_BYTES + LINE_BYTES - 1 : LINE_BYTES;
}

function messageAsSent(wire: Contestant["wire"], format: Contestant["format"], number: number): Buffer {
  if (format === "record") return Buffer.from(Float32Array.of(number, -number, 0.5).buffer);
  if (wire !== "websocket") return Buffer.from(`${lineOf(number)}\n`);
  return websocketFrame(Buffer.from(lineOf(number)));
}

/** A client's text frame, RFC 6455 section 5.2: final, masked, under 126 bytes. */
function websocketFrame(payload: Buffer): Buffer {
  const mask = [0x12, 0x34, 0x56, 0x78];
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, ...mask]), masked]);
}

/** A server's frame of a short message: it is not masked. */
const WEBSOCKET_HEADER_BYTES = 2;
