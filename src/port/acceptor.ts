/**
 * An acceptor: the source of links that peers open to this side.
 *
 *     core ── attach, close, pump ──▶ acceptor (the transport's)
 *     core ◀── listening, incoming, rejected, closed ── acceptor
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
  /** Work for the acceptor and the links that it accepted, also after it is closed; see `Pump`. */
  pump?(nowMs: number): number | undefined;
}

/** The events of an acceptor, which the core handles. None of these calls throws. */
export interface AcceptorEvents {
  /** The acceptor is listening. `address` has the real port, also when port 0 was asked for. */
  listening(address: Address | undefined): void;
  /** A peer has connected. The core attaches to `link`, or aborts it. */
  incoming(link: Link): void;
  /** A peer was rejected before its link existed, for example by a failed handshake. */
  rejected(reason: CloseReason): void;
  /** The acceptor has stopped listening. Called once, and last. */
  closed(reason: CloseReason): void;
}
