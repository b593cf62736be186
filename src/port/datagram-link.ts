/**
 * A place for datagrams: messages that come whole or not at all, from anybody.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";

/** A place for datagrams, as a transport gives it. */
export interface DatagramLink {
  /** Says whom to tell. Called once, before anything else; may be answered at once. */
  attach(events: DatagramEvents): void;
  /**
   * Sends one datagram, to the peer it is connected to when `to` is not given.
   * Keeps `bytes`, and tells `sent` when they have gone or failed to.
   */
  send(bytes: Uint8Array, to: Destination | undefined): void;
  /** Joins a multicast group, on the interface with that address or the system's choice; throws what the system says. */
  join(group: string, onInterface?: string): void;
  /** Undoes `join`. */
  leave(group: string, onInterface?: string): void;
  /** Sends what was given, and frees the place. `closed` follows. */
  close(): void;
  /** Work for this place. */
  pump?(nowMs: number): number | undefined;
}

/** What a transport tells of a place for datagrams. None of these calls throws. */
export interface DatagramEvents {
  /** It is there; `remote` is the peer when it is connected. */
  bound(local: Address | undefined, remote: Address | undefined): void;
  /** A datagram came. `bytes` are lent for the length of the call. */
  received(bytes: Uint8Array, from: Address): void;
  /** A datagram of so many bytes has gone, or failed to. */
  sent(sizeBytes: number): void;
  /** The network has reported that a datagram did not arrive. The place lives on. */
  failed(reason: CloseReason): void;
  /** It is over; told once, and last. */
  closed(reason: CloseReason): void;
}

/** Where a datagram is to go. An {@link Address} is one. */
export interface Destination {
  /** An address in numbers; a name is looked up for each datagram, so avoid it. */
  readonly host: string;
  readonly port: number;
}
