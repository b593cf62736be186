/**
 * The records of a channel: what the game's side asks of the network thread, and what
 * that tells it. Decides the numbers of their kinds, and how the values in them are
 * written. Each record has an id: that of the acceptor, link, handshake or datagram
 * link that it is about. The game's side counts odd ids, the network thread even ones.
 */

import type { CloseReason } from "../../port/close-reason.ts";
import { type LinkValue, type ReasonValue, reasonOfValue, valueOfReason } from "../wrap/log-values.ts";

/** What the game's side asks; in comments the extra number and the bytes, where there are some. */
export const ASK = {
  listen: 1,
  connect: 2,
  bind: 3,
  /** Closes an acceptor or a datagram link. */
  close: 4,
  /** Ends a handshake. */
  drop: 5,
  /** Bytes for a link. */
  write: 6,
  /** The same, where more bytes of the same messages follow. */
  writePart: 7,
  pause: 8,
  resume: 9,
  probe: 10,
  /** A reason, or nothing. */
  end: 11,
  endSending: 12,
  /** A reason, or nothing. */
  abort: 13,
  /** Received bytes, as many as the extra number, have been handed on. */
  taken: 14,
  /** A datagram, to the place with the extra number; -1 for the peer. */
  send: 15,
  /** The extra number is the place in the bytes from now on. */
  place: 16,
  /** A group, and its interface. */
  join: 17,
  leave: 18,
} as const;

/** What the network thread tells. */
export const TELL = {
  /** An address, or nothing. */
  listening: 1,
  /** A handshake, whose id the extra number is, from an address. */
  handshaking: 2,
  /** The address of a handshake, or nothing. */
  identified: 3,
  /** A link, whose id the extra number is, and what is known of it; of a handshake or an acceptor. */
  incoming: 4,
  /** A reason, so many times as the extra number says; of a handshake or an acceptor. */
  rejected: 5,
  /** What is known of a link that has opened. */
  opened: 6,
  /** Bytes of a link. */
  received: 7,
  partial: 8,
  /** Bytes, as many as the extra number, that a link was given have left it. */
  left: 9,
  /** A reason, or nothing. */
  ended: 10,
  /** A reason, and what is known of the link at its end. */
  closed: 11,
  /** The time of a round trip. */
  rtt: 12,
  /** The two addresses of a datagram link. */
  bound: 13,
  /** A datagram from the place with the extra number. */
  datagram: 14,
  place: 15,
  /** A reason, so many times as the extra number says. */
  failed: 16,
  trouble: 17,
  lost: 18,
  /** The places have no numbers any more. */
  placesForgotten: 19,
  /** Nothing, but the game has to look again: there is room, or a poll is wanted sooner. */
  look: 20,
} as const;

/** A value as bytes. */
export function bytesOf(value: unknown): Uint8Array {
  return value === undefined ? NO_BYTES : encoder.encode(JSON.stringify(value));
}

/** The value of the bytes of a record; `undefined` when there are none. */
export function readValue<Value>(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
): Value | undefined {
  return start === end ? undefined : (JSON.parse(decoder.decode(bytes.subarray(start, end))) as Value);
}

/** A reason as bytes. */
export function bytesOfReason(reason: CloseReason | undefined): Uint8Array {
  return bytesOf(valueOfReason(reason));
}

/** The reason in a record, if there is one. */
export function readReason(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
  end: number,
): CloseReason | undefined {
  const value = readValue<ReasonValue>(bytes, start, end);
  return value && reasonOfValue(value);
}

/** How a link has closed, and, if it never opened, what is known of its attempts. */
export interface ClosedValue {
  readonly reason: ReasonValue;
  readonly link?: LinkValue;
}

/** Bytes one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Handles the records of one id. */
export interface RecordTarget {
  take(kind: number, extra: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
}

/** How much of a ring one link may fill with what it has received, and the game has not taken. */
export function receiveWindow(ringBytes: number): number {
  return ringBytes / 4;
}

/** How much a link may be given that has not left the network thread. */
export function sendWindow(ringBytes: number): number {
  return ringBytes / 16;
}

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
