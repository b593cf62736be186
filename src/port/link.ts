/**
 * A link: one stream of bytes each way.
 *
 *     core ── write, pause, resume, end, abort, pump ──▶ link (the transport's)
 *     core ◀── opened, received, drained, ended, closed ── link
 *
 * The transport implements what is commanded, the core what is told.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Security } from "./security.ts";

/** One stream of bytes to a peer, as a transport gives it. */
export interface Link {
  /** This end's address; `undefined` until it is open, and where there is none. */
  readonly localAddress: Address | undefined;
  /** The peer's address, kept after the close. */
  readonly remoteAddress: Address | undefined;
  /** Addresses of a name that were tried and did not answer, before one did or none. */
  readonly failedAttempts?: readonly FailedAttempt[] | undefined;
  /** How the link is encrypted, once it is open; `undefined` where it is not. */
  readonly security?: Security | undefined;
  /** Whether this side may go on sending when the peer has finished. */
  readonly allowHalfOpen: boolean;
  /** Says whom to tell. Called once, before anything else; may be answered at once. */
  attach(events: LinkEvents): void;
  /**
   * Sends bytes. `true`: they are gone and the caller may use them again.
   * `false`: the link is behind. They wait in it, it keeps `bytes` and tells
   * `drained`; until it has told of all of them it is given only large batches.
   * It does not write to `bytes`: other links may be given the same.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops `received` soon; the peer is then held back. */
  pause(): void;
  /** Undoes `pause`. */
  resume(): void;
  /**
   * Asks whether the peer is still there, while the link is paused and would not
   * hear its end; `closed` follows where it is known to be gone. A transport
   * that hears it anyway has none.
   */
  probe?(): void;
  /**
   * Sends what was written, then the end of the stream, and waits as long as
   * the transport must so that nothing of it is lost. What still comes is not
   * wanted any more. `closed` follows. `reason` is why this side ends it, for
   * transports that can tell the peer.
   */
  end(reason?: CloseReason): void;
  /** Sends what was written, then the end of the stream, and goes on hearing the peer. */
  endSending(): void;
  /** Drops everything, and tells the peer so where it can: a reset, or `reason`. */
  abort(reason?: CloseReason): void;
  /** Work for this link. Called for one that connects; a guest's is its acceptor's work. */
  pump?(nowMs: number): number | undefined;
}

/** What a transport tells of a link. None of these calls throws. */
export interface LinkEvents {
  /** The connection is there. An accepted link tells it too, first of all. */
  opened(): void;
  /** A piece of the stream came. `bytes` are lent for the length of the call. */
  received(bytes: Uint8Array): void;
  /** So many of the bytes that waited in the link have gone. */
  drained(sizeBytes: number): void;
  /** The peer has sent the end of its stream, and may have said why; this side may still write. */
  ended(reason?: CloseReason): void;
  /** It is over, in both directions; told once, and last. */
  closed(reason: CloseReason): void;
}

/** One address of a name that did not answer. */
export interface FailedAttempt {
  readonly address: Address;
  readonly reason: CloseReason;
}
