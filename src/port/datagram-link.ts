/**
 * A datagram link: messages that arrive whole or not at all, from any peer.
 *
 *     core ── send, join, leave, close, abort, pump ──▶ datagram link (the transport's)
 *     core ◀── bound, received, sent, failed, closed ── datagram link
 *
 * The transport implements `DatagramLink`, the core `DatagramEvents`.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";

/** A datagram endpoint, as a transport provides it. */
export interface DatagramLink {
  /** Sets the event handler. Called once, before any other call; events may fire synchronously. */
  attach(events: DatagramEvents): void;
  /**
   * Sends one datagram; without `to`, to the peer that the link is connected to.
   * `bytes` and `to` are the link's own, and it calls `sent` when the datagram has been sent or
   * has failed.
   */
  send(bytes: Uint8Array, to: Destination | undefined): void;
  /**
   * Joins a multicast group, on the interface with that address or on the one
   * that the system chooses. Throws the system's error when that fails.
   */
  join(group: string, onInterface?: string): void;
  /** Undoes `join`. */
  leave(group: string, onInterface?: string): void;
  /** Sends what it was given, and frees the address. `closed` follows. */
  close(): void;
  /** Frees the address now, and drops what it was given. `closed` may follow. */
  abort(): void;
  /** Work for this link; see `Pump`. */
  pump?(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined;
}

/** The events of a datagram link, which the core handles. None of these calls throws. */
export interface DatagramEvents {
  /** The link is bound to `local`; `remote` is its peer if it is connected to one. */
  bound(local: Address | undefined, remote: Address | undefined): void;
  /** A datagram has arrived. `bytes`, which are no `Buffer`, are lent for the duration of the call. */
  received(bytes: Uint8Array, from: Address): void;
  /** A datagram of `sizeBytes` has been sent, or has failed. */
  sent(sizeBytes: number): void;
  /** The network has reported that a datagram did not arrive. The link stays open. */
  failed(reason: CloseReason): void;
  /** The link has closed. Called once, and last. */
  closed(reason: CloseReason): void;
}

/** The destination of a datagram. Every {@link Address} is one. */
export interface Destination {
  /** A numeric address is best: a name is resolved again for each datagram. */
  readonly host: string;
  /** The port, from 1 to 65,535. */
  readonly port: number;
}
