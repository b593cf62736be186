/**
 * The frames by which streams travel over a broker, each the payload of one message:
 * a kind, a number and, of some, more.
 *
 *     u8 kind │ u32 number, big end first │ the rest
 *
 * A number is what the kind makes of it: which frame of its sender's it is, how much
 * window there is, or why. Decides what bytes are a frame, and nothing of what follows.
 */

/** The kinds of frames. */
export const FRAME = {
  /** Asks a listener for a stream; the number is the window of the asker, and a version and its name follow. */
  connect: 1,
  /** Asks a listener whether it is there, by somebody who wants to listen in its place; `mine` answers. */
  ask: 2,
  /** The same by somebody who listens there, too, and has been away. */
  check: 3,
  mine: 4,
  /** A listener has taken the stream; the number is its window. */
  accept: 5,
  /** It has not; the number says why. */
  refuse: 6,
  /** Bytes of the stream. The number of this frame and of the next three is its own, one after another. */
  data: 7,
  /** So many bytes, a u32, have been read: that much window is free again. */
  ack: 8,
  /** The stream ends here. */
  fin: 9,
  /** Both streams have ended, as this side knows. */
  bye: 10,
  /** Asks whether the peer is there; the number is that of the next frame, so that a loss shows. */
  ping: 11,
  /** It is, and its next frame has that number. */
  pong: 12,
  /** All is over; the number says why. */
  reset: 13,
} as const;

/** Why a stream was reset. */
export const WHY = {
  aborted: 0,
  /** Something of it has not come, or came twice. */
  gap: 1,
  /** The peer's frames break the rules. */
  broken: 2,
  /** There is no such stream, or not any more. */
  unknown: 3,
  /** The peer was silent for too long. */
  silent: 4,
} as const;

/** Why a stream was refused. */
export const REFUSED = { full: 0, version: 1 } as const;

/** One frame, as it has come. */
export interface Frame {
  readonly kind: number;
  readonly number: number;
  /** Lent for the length of the call. */
  readonly rest: Uint8Array;
}

/** The frame that a message is; `undefined` for one that is none. */
export function frameOf(bytes: Uint8Array): Frame | undefined {
  const [kind = 0, a = 0, b = 0, c = 0, d = 0] = bytes;
  if (bytes.length < HEAD_BYTES || kind < FRAME.connect || kind > FRAME.reset) return undefined;
  return { kind, number: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, rest: bytes.subarray(HEAD_BYTES) };
}

/** A frame with room for `restBytes` more. */
export function newFrame(kind: number, number: number, restBytes = 0): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + restBytes);
  frame[0] = kind;
  writeU32(frame, 1, number);
  return frame;
}

/** A frame that acknowledges so many bytes. */
export function ackFrame(number: number, sizeBytes: number): Uint8Array {
  const frame = newFrame(FRAME.ack, number, 4);
  writeU32(frame, HEAD_BYTES, sizeBytes);
  return frame;
}

/** What a frame acknowledges; `undefined` when it has no such number. */
export function ackedBytes({ rest }: Frame): number | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = rest;
  return rest.length === 4 ? ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 : undefined;
}

/** A frame that asks for a stream, by somebody with that name or without one. */
export function connectFrame(windowBytes: number, name: string): Uint8Array {
  const frame = newFrame(FRAME.connect, windowBytes, 1 + name.length);
  frame[HEAD_BYTES] = VERSION;
  for (let index = 0; index < name.length; index++) frame[HEAD_BYTES + 1 + index] = name.charCodeAt(index);
  return frame;
}

/** The name of who asks; `undefined` when it speaks another version. */
export function nameIn({ rest }: Frame): string | undefined {
  return rest[0] === VERSION ? String.fromCharCode(...rest.subarray(1, 1 + MOST_NAME_BYTES)) : undefined;
}

/** The number after this one. */
export function after(number: number): number {
  return (number + 1) >>> 0;
}

/** Where the frames of one stream go, or the answers to one listener: random in both parts, so that nobody guesses it. */
export function isStreamSubject(subject: string): boolean {
  return STREAM_SUBJECT.test(subject);
}

function writeU32(target: Uint8Array, at: number, number: number): void {
  target[at] = number >>> 24;
  target[at + 1] = number >>> 16;
  target[at + 2] = number >>> 8;
  target[at + 3] = number;
}

export const HEAD_BYTES = 5;
export const VERSION = 1;
/** One more than a subject may have, so that a longer one is seen as one. */
const MOST_NAME_BYTES = 256;
const STREAM_SUBJECT = /^_tw\.[0-9a-z]{20}\.[0-9a-z]{20}$/;
