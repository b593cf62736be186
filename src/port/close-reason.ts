/**
 * Why a connection, a listener or a datagram socket is over: a fixed list of
 * kinds, which every transport and the core use alike.
 */

/** Why a connection or a listener is over. */
export interface CloseReason {
  /** The kind of ending, one of a fixed list. */
  readonly kind: CloseKind;
  /** One sentence for a person. */
  readonly message: string;
  /** The system's code where there is one, such as `"ECONNRESET"`, or the name of the limit that was reached. */
  readonly code?: string;
  /** The error behind it where there is one. */
  readonly cause?: unknown;
}

/** Every way to end. */
export type CloseKind =
  /** This side closed or aborted it. */
  | "local"
  /** The peer finished, and all that it sent was delivered. */
  | "remote"
  /** The peer or the network cut it; what was under way is lost. */
  | "reset"
  /** Nobody listens there, or the listener sent us away. */
  | "refused"
  /** No way leads there, or this machine has no such address. */
  | "unreachable"
  /** The name has no address. */
  | "unknown-host"
  /** Somebody listens on that address already. */
  | "address-in-use"
  /** The system does not allow it (a low port, a file's permissions). */
  | "denied"
  /** It took longer than its deadline. */
  | "timeout"
  /** The caller's AbortSignal ended the attempt. */
  | "aborted"
  /** A limit of this side was reached, such as a full accept queue. */
  | "overflow"
  /** The two sides did not come to an agreement on encryption; `code` says why. */
  | "handshake"
  /** The peer sent what the codec does not carry. */
  | "protocol"
  /** Anything else the system reports; `code` says what. */
  | "failed";
