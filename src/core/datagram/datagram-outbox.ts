/**
 * The outgoing datagrams of one socket: those that wait for the flush, and those
 * that the link was given and has not reported as sent. Both count under the send
 * limit. A datagram is copied when it is queued, its destination too, so that the
 * game may use both again at once. Knows no link and no frames.
 */
import { isText, kindOf, wholeNumber } from "../../check.ts";
import type { DatagramLink, Destination } from "../../port/datagram-link.ts";
import { ITEM_WEIGHT_BYTES } from "../storage/frame-queue.ts";

/** A datagram to send; without `to`, to the peer that the socket is connected to. */
export interface OutgoingDatagram {
  readonly bytes: Uint8Array;
  readonly to: Destination | undefined;
}

/** The outgoing datagrams of one socket. */
export class DatagramOutbox {
  /** How many bytes were queued and have not left. */
  pendingBytes = 0;
  readonly #limitBytes: number;
  #pendingCount = 0;
  #queued: OutgoingDatagram[] = [];

  /** @param limitBytes how much may wait, in bytes; each datagram counts as its size plus a fixed weight */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** How many datagrams wait for the flush. */
  get queued(): number {
    return this.#queued.length;
  }

  /** How many datagrams have not left, those that wait for the flush included. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** Queues a copy of a datagram; returns `false` if there is no room for it. */
  tryPush(bytes: Uint8Array, to: Destination | undefined): boolean {
    const weightBytes = this.pendingBytes + this.#pendingCount * ITEM_WEIGHT_BYTES;
    if (weightBytes + bytes.length + ITEM_WEIGHT_BYTES > this.#limitBytes) return false;
    const copy = new Uint8Array(bytes); // the constructor copies; slice() of a Buffer does not
    this.#queued.push({ bytes: copy, to: to === undefined ? undefined : { host: to.host, port: to.port } });
    this.pendingBytes += bytes.length;
    this.#pendingCount++;
    return true;
  }

  /** Returns the datagrams that wait for the flush, and forgets that they wait. */
  takeQueued(): readonly OutgoingDatagram[] {
    const queued = this.#queued;
    this.#queued = [];
    return queued;
  }

  /** Makes room: `count` datagrams of `sizeBytes` in total have left, or have failed. */
  remove(count: number, sizeBytes: number): void {
    this.#pendingCount -= count;
    this.pendingBytes -= sizeBytes;
  }

  /** Drops what waits, and forgets what is under way. */
  clear(): void {
    this.#queued = [];
    this.#pendingCount = 0;
    this.pendingBytes = 0;
  }
}

/** Throws when `to` is no destination of `link`. */
export function checkDestination(name: string, to: Destination, link: Pick<DatagramLink, "refuse">): void {
  if (typeof to !== "object" || to === null) {
    throw new TypeError(`${name}: expected an address with host and port, got ${kindOf(to)}`);
  }
  isText(`${name}.host`, to.host);
  if (link.refuse === undefined) {
    wholeNumber(`${name}.port`, to.port, 1, 65_535);
    return;
  }
  wholeNumber(`${name}.port`, to.port, 0, 65_535);
  const problem = link.refuse(to);
  if (problem !== undefined) throw new RangeError(`${name}: ${problem}`);
}

/** The largest payload: 65,535 bytes without the headers of IPv4 and UDP (RFC 768, RFC 791). */
export const MAX_DATAGRAM_BYTES = 65_507;
