/**
 * A listening place: where links come from that others have begun.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Link } from "./link.ts";

/** A listening place, as a transport gives it. */
export interface Acceptor {
  /** Says whom to tell. Called once, before anything else; may be answered at once. */
  attach(events: AcceptorEvents): void;
  /** Lets nobody in any more, and frees the address. Links that came through it live on. */
  close(): void;
  /** Work for the acceptor and the links that came through it, also when it is closed. */
  pump?(nowMs: number): number | undefined;
}

/** What a transport tells of a acceptor. None of these calls throws. */
export interface AcceptorEvents {
  /** It is listening, and this is where: the port is known, also when 0 was asked for. */
  listening(address: Address | undefined): void;
  /** A guest came. The core attaches to `link`, or aborts it. */
  incoming(link: Link): void;
  /** A guest was sent away before it became a link, such as by a failed handshake. */
  rejected(reason: CloseReason): void;
  /** It listens no more; told once, and last. */
  closed(reason: CloseReason): void;
}
