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
export function messagesAsSent({ program, wire, format }: Contestant, count: number): Buffer {
  const each = <Piece>(of: (number: number) => Piece) =>
    Array.from({ length: count }, (_, number) => of(number));
  if (format === "record") return Buffer.concat(each((number) => Buffer.from(pointOf(number).buffer)));
  // On ws a line is a message; on tickwire a tick's lines are one, and their breaks part them.
  if (program === "ws") return Buffer.concat(each((number) => websocketFrame(Buffer.from(lineOf(number)))));
  const lines = Buffer.from(each((number) => `${lineOf(number)}\n`).join(""));
  return wire === "websocket" ? websocketFrame(lines) : lines;
}

/** What one line of the server takes on the wire, less the header that it shares with others. */
export function bytesPerLine({ program }: Contestant): number {
  return program === "ws" ? WEBSOCKET_HEADER_BYTES + LINE_BYTES - 1 : LINE_BYTES;
}

function pointOf(number: number): Float32Array {
  return Float32Array.of(number, -number, 0.5);
}

/** A client's frame, RFC 6455 section 5.2: text, final, masked, under 64 KiB. */
function websocketFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const mask = [0x12, 0x34, 0x56, 0x78];
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, ...size, ...mask]), masked]);
}

/** A server's frame of a short message: it is not masked. */
const WEBSOCKET_HEADER_BYTES = 2;
