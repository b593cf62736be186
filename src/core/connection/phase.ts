/**
 * The life of a connection, as the game sees it and as the core needs it. Both
 * only move forward.
 */

/**
 * Where a connection is in its life.
 *
 * - `connecting`: not there yet. What is sent waits for it.
 * - `open`: both sides may send.
 * - `closing`: nothing more can be sent. What was sent is leaving, or what came
 *   is still to be taken.
 * - `closed`: over, and the last message was taken. `closeReason` says why.
 */
export type ConnectionState = "connecting" | "open" | "closing" | "closed";

/** The same, with the steps between that the game need not see. */
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
  /** To be ended at the next flush. */
  | "closing"
  /** The end is sent; the peer's is awaited, so that a reset cannot overtake what was sent. */
  | "lingering"
  /** Ended by this side at once, and not told yet. */
  | "aborted"
  | "closed";

/** What the game sees of each phase. */
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
