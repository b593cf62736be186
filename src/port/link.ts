/**
 * A link: one stream of bytes each way.
 *
 *     core ── write, pause, resume, end, abort, pump ──▶ link (the transport's)
 *     core ◀── opened, received, partial, drained, ended, closed ── link
 *
 * The transport implements `Link`, the core `LinkEvents`. A link knows no
 * messages and no limits.
 */
import type { Address } from "./address.ts";
import type { CloseReason } from "./close-reason.ts";
import type { PeerClock } from "./peer-clock.ts";
import type { Security } from "./security.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";

/** One stream of bytes to and from a peer, as a transport provides it. */
export interface Link {
  /** This end's address; `undefined` until the link is open, and where there is none. */
  readonly localAddress: Address | undefined;
  /** The peer's address, kept after the close. */
  readonly remoteAddress: Address | undefined;
  /** The addresses of a name that were tried without success, in the order of the attempts. */
  readonly failedAttempts?: readonly FailedAttempt[] | undefined;
  /** How the link is encrypted, once it is open; `undefined` for a link in plain text. */
  readonly security?: Security | undefined;
  /** The application protocol that both ends agreed on outside of encryption, such as a subprotocol of WebSocket. */
  readonly protocol?: string | undefined;
  /** The request by which the peer opened the link, where there was one. */
  readonly request?: UpgradeRequest | undefined;
  /**
   * The time of the last round trip that the link measured, in milliseconds. Changes in
   * `pump` alone, so that a frame shows one value.
   */
  readonly rttMs?: number | undefined;
  /** How much round trips differ, in milliseconds, smoothed. Changes as `rttMs` does; so do those below. */
  readonly jitterMs?: number | undefined;
  /** The round trip from a frame of this side to the frame that had the answer, in milliseconds. */
  readonly frameRttMs?: number | undefined;
  /** The peer's clock, where the peer is the server and the link measures it. */
  readonly clock?: PeerClock | undefined;
  /** Whether the link has a line to its peer now; `undefined` for a link that is nothing else than one line. */
  readonly linked?: boolean | undefined;
  /** For how long it has had no line, in milliseconds of polled time; 0 while it has one. */
  readonly downMs?: number | undefined;
  /**
   * What a peer has probably done wrong when it does not finish a message: the end of a
   * sentence, for the close reason. `undefined` while there is no sign of that.
   */
  readonly unfinishedHint?: string | undefined;
  /** Whether this side may go on sending after the peer has ended its stream. */
  readonly allowHalfOpen: boolean;
  /** Sets the event handler. Called once, before any other call; events may fire synchronously. */
  attach(events: LinkEvents): void;
  /**
   * Sends bytes, once the link is open. `true` means that they have been taken and the caller may reuse
   * `bytes`. `false` means that the link is behind: it keeps `bytes`, and calls
   * `drained` as they leave. Until it has drained them all, it is given only
   * large batches. It never writes to `bytes`, as other links may be given the
   * same ones. They are plain, as those of `received` are.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops `received` soon, which puts backpressure on the peer. */
  pause(): void;
  /** Undoes `pause`. */
  resume(): void;
  /**
   * Checks whether the peer is still there while the link is paused and would
   * not notice its end; `closed` follows if the peer is known to be gone. A
   * transport that notices the end while paused has no `probe`.
   */
  probe?(): void;
  /**
   * Calls `partial` if bytes have arrived of which neither `received` nor `partial`
   * has told yet. For a link that is not told of every piece itself, such as one of
   * TLS; called when the peer seems to be silent.
   */
  reportPartial?(): void;
  /**
   * Sends what was written, then the end of the stream, and waits as long as
   * the transport must so that none of it is lost. Input that still arrives is
   * discarded. `closed` follows. `reason` is why this side ends the stream, for
   * transports that can send one to the peer. Later writes are dropped.
   */
  end(reason?: CloseReason): void;
  /** Sends what was written, then the end of the stream, and goes on receiving: a half-close. `end` may follow. */
  endSending(): void;
  /**
   * Ends the link now; `closed` follows, and no other event.
   *
   * While bytes wait in the link, or this side has not ended its stream, everything
   * is dropped, and the peer is notified where the transport can: by a reset, or
   * with `reason`. After `end` or `endSending`, once the system has all bytes and
   * the end of the stream, the link closes quietly, since a reset would destroy what
   * is still on its way: the system goes on delivering it, until the peer sends something,
   * which the system answers by a reset. Whether the peer received all bytes, only
   * `ended` or `closed` of the peer's side tells.
   */
  abort(reason?: CloseReason): void;
  /** Whether the link can carry a goodbye with this code to the peer; without it, it carries none. */
  carriesCode?(code: number): boolean;
  /** Work for a link that this side connects; see `Pump`. For an accepted link, its acceptor's pump does it. */
  pump?(nowMs: number, poller?: object, beginsFrame?: boolean): number | undefined;
}

/** The events of a link, which the core handles. None of these calls throws. */
export interface LinkEvents {
  /** The link is open. This is the first event, of accepted links too, unless the link closes before. */
  opened(): void;
  /**
   * A piece of the stream has arrived. `bytes` are lent for the duration of the call,
   * and plain: no `Buffer` or other subclass, whose `slice()` may not copy.
   */
  received(bytes: Uint8Array): void;
  /**
   * Bytes have arrived that the link cannot give to `received` before more come: it
   * holds `sizeBytes` of a piece that the peer has not finished, such as a message of
   * WebSocket. The next `received` ends that. These bytes are a sign of life, and
   * count as a partial message. With 0, when nobody knows whether a piece is
   * unfinished, such as a record of TLS, they are a sign of life alone.
   */
  partial(sizeBytes: number): void;
  /** The link has lost its line, and tries to get another; its stream goes on then. Bytes that are written wait. */
  suspended(): void;
  /** The link has a line again. What it knows of its peer, such as the address, may have changed. */
  resumed(): void;
  /** `sizeBytes` of the bytes that waited in the link have left it. */
  drained(sizeBytes: number): void;
  /** The peer has ended its stream, and may have sent a reason; this side may still write. */
  ended(reason?: CloseReason): void;
  /** The link has closed, in both directions. Called once, and last. */
  closed(reason: CloseReason): void;
}

/** One address of a name that could not be reached. */
export interface FailedAttempt {
  /** Where it was tried. */
  readonly address: Address;
  /** Why the attempt failed. */
  readonly reason: CloseReason;
}
