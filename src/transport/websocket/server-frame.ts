/**
 * A fast path: the frame of a short message of a server as one piece of bytes (RFC 6455,
 * section 5.2), which leaves in one write of the socket. ws hands header and message to
 * the socket apart, and the system gets a vector of two: for broadcasts to 500 clients
 * that took a quarter more CPU in all. Only where the socket is known to be the one that
 * ws writes to itself; everywhere else, and for long messages, ws frames.
 */
import type { Socket } from "node:net";
import type { WebSocketType } from "./ws.ts";

/** Whether what is written to `socket` goes the same way as what `ws` sends. Other runtimes have a ws of their own. */
export function writesTo(ws: WebSocketType, socket: Socket | undefined): boolean {
  return socket !== undefined && (ws as unknown as { _socket?: unknown })._socket === socket;
}

/** The frame of a message of at most {@link MOST_FRAMED_BYTES} bytes: final, not masked; a copy. */
export function serverFrameOf(message: Uint8Array, isText: boolean): Uint8Array {
  const { length } = message;
  const headerBytes = length < LENGTH_IN_16_BITS ? 2 : 4;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = isText ? FINAL_TEXT : FINAL_BINARY;
  if (headerBytes === 2) frame[1] = length;
  else {
    frame[1] = LENGTH_IN_16_BITS;
    frame[2] = length >> 8;
    frame[3] = length;
  }
  frame.set(message, headerBytes);
  return frame;
}

const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;
const LENGTH_IN_16_BITS = 126;
/** What Node cuts from a buffer that it shares; a longer message is not worth a copy. */
export const MOST_FRAMED_BYTES = 4_000;
