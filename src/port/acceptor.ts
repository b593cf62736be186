/**
 * An acceptor: the source of links that peers open to this side.
 *
 *     core ── attach, close, pump ──▶ acceptor (the transport's)
 *     core ◀── listening, handshaking, incoming, rejected, closed ── acceptor
 *
 * The transport implements `Acceptor`, the core `AcceptorEvents`. An acceptor
 * knows no limits: the core decides which links it keeps.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Link } from "./link.ts";

/** A listening endpoint, as a transport provides it. */
export interface Acceptor {
  /** Sets the event handler. Called once, before any other call; events may fire synchronously. */
  attach(events: AcceptorEvents): void;
  /** Accepts no more links and frees the address; `closed` follows. Links that it accepted stay open. */
  close(): void;
  /** As that of the links that it accepts; see `Link`. */
  carriesCode?(code: number): boolean;
  /**
   * A drain with a budget of real time begins. Returns how many messages it visits instead
   * of looking at the clock, as a replay has it; `undefined` for all but a replay.
   */
  beginTimedDrain?(): number | undefined;
  /** That drain has ended, and has visited that many messages. */
  endTimedDrain?(visited: number): void;
  /** Work for the acceptor and the links that it accepted, also after it is closed; see `Pump`. */
  pump?(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined;
}

/** The handshake of one peer. `incoming` or `rejected` ends it; later calls do nothing. */
export interface Handshake {
  /** The reason why the core refuses the peer, which it has counted and reports; otherwise `undefined`. */
  readonly refusal: CloseReason | undefined;
  /**
   * The peer's own address is known, which a proxy has reported. From now on it counts
   * there. Returns the reason why the core refuses it, which ends the handshake and is
   * reported; otherwise `undefined`.
   */
  identified(address: Address | undefined): CloseReason | undefined;
  /** The handshake has succeeded. The core attaches to `link`, or aborts it. */
  incoming(link: Link): void;
  /** The handshake has failed, for `reason`, or the peer has left meanwhile. */
  rejected(reason: CloseReason): void;
}

/** The events of an acceptor, which the core handles. None of these calls throws. */
export interface AcceptorEvents {
  /** The acceptor is listening. `address` has the real port, also when port 0 was asked for. */
  listening(address: Address | undefined): void;
  /** A peer has connected, without a handshake. The core attaches to `link`, or aborts it. */
  incoming(link: Link): void;
  /**
   * A peer at `from` has connected and begins a handshake. Called with the first
   * packet of the peer, before anything is spent on it: from here on it counts under
   * the limits of the listener; without an address, as that of a proxy's peer, under those
   * that need none. On a `refusal` the transport drops the peer at once.
   * The core calls `drop` when it needs the place for another peer: the transport
   * drops this one, and the handshake has ended.
   */
  handshaking(from: Address | undefined, drop: () => void): Handshake;
  /** A peer could not be accepted, and nothing more is known of it. */
  rejected(reason: CloseReason): void;
  /** The acceptor has stopped listening. Called once, and last. */
  closed(reason: CloseReason): void;
}
