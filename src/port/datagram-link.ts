/**
 * A datagram link: messages that arrive whole or not at all, from any peer.
 *
 *     core ── refuse, refuseGroup, send, flush, join, leave, close, abort, pump ──▶ datagram link (the transport's)
 *     core ◀── bound, received, sent, failed, lost, suspended, resumed, closed ── datagram link
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
   * Says what is wrong with a destination that the game names, as the end of a sentence such as
   * `"expected a subject, got \"\""`; `undefined` when nothing is. Without it, a destination
   * is a host and a port from 1 to 65,535.
   */
  refuse?(to: Destination): string | undefined;
  /** The same for what the game joins. Without it, any text is given to `join`, which may throw. */
  refuseGroup?(group: string, onInterfaceOrQueue?: string): string | undefined;
  /**
   * Sends one datagram; without `to`, to the peer that the link is connected to.
   * `bytes` and `to` are the link's own, and it calls `sent` when the datagram has been sent or
   * has failed.
   */
  send(bytes: Uint8Array, to: Destination | undefined): void;
  /** Sends what it was given, for a link that gathers datagrams. Called after the last `send` of a frame. */
  flush?(): void;
  /**
   * Joins a multicast group, on the interface with that address or on the one
   * that the system chooses; or a subject, which may have wildcards, as one of the queue
   * group of that name or for itself. Throws the system's error when that fails.
   */
  join(group: string, onInterfaceOrQueue?: string): void;
  /** Undoes `join`. */
  leave(group: string, onInterfaceOrQueue?: string): void;
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
  /**
   * A datagram has arrived. `bytes`, which are no `Buffer`, are lent for the duration of the
   * call. `subject` is the one that it was sent to, where there are subjects.
   */
  received(bytes: Uint8Array, from: Address, subject?: string): void;
  /** A datagram of `sizeBytes` has been sent, or has failed. */
  sent(sizeBytes: number): void;
  /** The network has reported that a datagram did not arrive. The link stays open. */
  failed(reason: CloseReason): void;
  /**
   * Something is wrong that counts no datagram: what carries them cannot be reached and is
   * tried again, does not permit something, or knows nobody at a destination.
   */
  trouble(reason: CloseReason): void;
  /** So many datagrams for this link were sent and have not come, as the numbers of those that have come tell. */
  lost(count: number): void;
  /** The link cannot send or receive for now, as what carries its datagrams is away. Never before `bound`. */
  suspended(): void;
  /** It can again. Only after `suspended`, with which it takes turns. */
  resumed(): void;
  /** The link has closed. Called once, and last. */
  closed(reason: CloseReason): void;
}

/** The destination of a datagram. Every {@link Address} is one, and every subject. */
export interface Destination {
  /** A numeric address is best, as a name is resolved again for each datagram; or a subject. */
  readonly host: string;
  /** The port, from 1 to 65,535; 0 for a subject. */
  readonly port: number;
}
