/**
 * The states of a connection for the game, and its phases for the core. Both only
 * move forward.
 */

/**
 * The state of a connection; it only moves forward.
 *
 * - `connecting`: not open yet. Sent messages wait until it is.
 * - `open`: both sides may send.
 * - `closing`: nothing more can be sent. Sent messages are still leaving, or
 *   received messages are still to be taken.
 * - `closed`: over, and the last message was taken. `closeReason` is the reason.
 */
export type ConnectionState = "connecting" | "open" | "closing" | "closed";

/** The same, with intermediate steps that the game does not see. */
export type Phase =
  /** An incoming connection that the game has not accepted yet. */
  | "pending"
  | "connecting"
  | "open"
  /** This side's stream is to be ended once it is open; until then the connect deadline runs. */
  | "half-closing-on-open"
  /** This side's stream is to be ended at the next flush; the peer's is still received. */
  | "half-closing"
  /** This side's stream is ended; the peer's is still received. */
  | "half-closed"
  /** Both streams are to be ended at the next flush. */
  | "closing"
  /** The end is sent; the peer's is awaited, so that a reset cannot overtake what was sent. */
  | "lingering"
  /** This side has aborted it; the next poll emits the close. */
  | "aborted"
  | "closed";

/** The phases in which the peer may send. */
export const RECEIVING: ReadonlySet<Phase> = new Set(["pending", "open", "half-closing", "half-closed"]);

/** Whether a listener has given a connection to the game, and how far it is: also when it has closed before. */
export type Membership = "waiting" | "accepted" | "left";

/** The state that the game sees in each phase. */
export const STATE_OF: Record<Phase, ConnectionState> = {
  pending: "open",
  connecting: "connecting",
  open: "open",
  "half-closing-on-open": "closing",
  "half-closing": "closing",
  "half-closed": "closing",
  closing: "closing",
  lingering: "closing",
  aborted: "closed",
  closed: "closed",
};
