/**
 * The frames of a line between two ends of a session, as bytes. The manual of this folder
 * has the format; `frame-reader.ts` reads it.
 *
 *     u8 type │ varint bytes of the other direction that were taken since the last frame │ what the type has
 */

/** The types of frames. */
export const FRAME = {
  /** Bytes of the stream: a varint with their number, and they. */
  data: 1,
  /** Nothing more than what was taken. */
  ack: 2,
  /** Asks for a pong at once and an echo by the next frame of the game: u8 id. */
  ping: 3,
  /** u8 id of the ping, f64 time of the clock of the end that answers. */
  pong: 4,
  /** u8 id of the ping. */
  echo: 5,
  /** The stream has ended; the other direction goes on. Counts as a byte of the stream. */
  fin: 6,
  /** The session has ended behind these bytes: u16 code, u8 length, text. Counts as a byte of the stream. */
  bye: 7,
  /** The session was aborted. */
  reset: 8,
} as const;

/** One of these types. */
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** The most bytes of a type, what was taken, and a length. */
export const MOST_HEAD_BYTES = 11;
/** The most that a varint of a frame says. */
export const MOST_VARINT = 0xffff_ffff;
/** The most bytes of the text of a goodbye, as a close frame of WebSocket has. */
export const MOST_TEXT_BYTES = 123;

/** Writes the type and what was taken to the start of `target`. Returns where what the type has begins. */
export function writeHead(target: Uint8Array, type: FrameType, takenBytes: number): number {
  target[0] = type;
  return writeVarint(target, 1, takenBytes);
}

/** Writes `value` in seven bits a byte, the low ones first. Returns where it ends. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  for (; value > 0x7f; value = Math.floor(value / 0x80)) target[at++] = (value % 0x80) | 0x80;
  target[at++] = value;
  return at;
}

/** A frame of a type that has nothing of its own. */
export function plainFrame(type: FrameType, takenBytes: number): Uint8Array {
  return frame(type, takenBytes, 0).bytes;
}

/** A ping or an echo. */
export function idFrame(type: FrameType, takenBytes: number, id: number): Uint8Array {
  const { bytes, at } = frame(type, takenBytes, 1);
  bytes[at] = id;
  return bytes;
}

/** A pong that says what the time is. */
export function pongFrame(takenBytes: number, id: number, clockMs: number): Uint8Array {
  const { bytes, at } = frame(FRAME.pong, takenBytes, 9);
  bytes[at] = id;
  new DataView(bytes.buffer).setFloat64(at + 1, clockMs, true);
  return bytes;
}

/** The end of a session, with a goodbye: code 0 without a text is none. */
export function byeFrame(takenBytes: number, code: number, text: string): Uint8Array {
  const encoded = UTF8.encode(text);
  const { bytes, at } = frame(FRAME.bye, takenBytes, 3 + encoded.length);
  bytes[at] = code;
  bytes[at + 1] = code >> 8;
  bytes[at + 2] = encoded.length;
  bytes.set(encoded, at + 3);
  return bytes;
}

function frame(type: FrameType, takenBytes: number, bodyBytes: number): { bytes: Uint8Array; at: number } {
  const at = writeHead(HEAD, type, takenBytes);
  const bytes = new Uint8Array(at + bodyBytes);
  bytes.set(HEAD.subarray(0, at));
  return { bytes, at };
}

const HEAD = new Uint8Array(MOST_HEAD_BYTES);
const UTF8 = new TextEncoder();
