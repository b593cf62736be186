/**
 * The reason why a connection, a listener or a datagram socket has closed: a
 * fixed list of kinds, which all transports and the core share.
 */

/** Why a connection, a listener or a datagram socket has closed. */
export interface CloseReason {
  /** The kind of close, one of a fixed list. */
  readonly kind: CloseKind;
  /** One sentence for people, such as a line of a log. */
  readonly message: string;
  /** The system's error code where there is one, such as `"ECONNRESET"`, or the name of the limit that was reached. */
  readonly code?: string;
  /** The underlying error where there is one. */
  readonly cause?: unknown;
  /**
   * The last word of a game: of kind `local` the argument of this side's `close`, of kind
   * `remote` that of the peer's, where the carrier took it along.
   */
  readonly goodbye?: Goodbye;
}

/** The last word of a game to its peer. */
export interface Goodbye {
  /** A number that the game gives a meaning, from 0 to 65,535; a WebSocket carries 1000, and 3000 to 4999. */
  readonly code: number;
  /** A sentence of at most 123 bytes in UTF-8; by default none. */
  readonly text?: string;
}

/** All the kinds of close. */
export type CloseKind =
  /** This side closed or aborted it. */
  | "local"
  /** The peer ended its stream, and everything it sent was delivered. */
  | "remote"
  /** The peer or the network broke the connection; data in flight is lost. */
  | "reset"
  /** Nothing listens at the address, or the listener rejected this side. */
  | "refused"
  /** There is no route to the address, or this machine does not have it. */
  | "unreachable"
  /** The name has no address. */
  | "unknown-host"
  /** Another socket listens on the address already. */
  | "address-in-use"
  /** The system does not permit it (a low port, a file's permissions). */
  | "denied"
  /** It took longer than its deadline. */
  | "timeout"
  /** The caller's AbortSignal ended the attempt. */
  | "aborted"
  /** A limit of this side was reached, such as a full accept queue. */
  | "overflow"
  /** The two sides could not agree on encryption; `code` gives the cause. */
  | "handshake"
  /** The peer sent bytes that the codec does not accept. */
  | "protocol"
  /** Any other error that the system reports; `code` names it. */
  | "failed";
