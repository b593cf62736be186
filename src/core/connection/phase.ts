/**
 * The life of a connection, as the game sees it and as the core needs it. Both
 * only move forward.
 */

/**
 * Where a connection is in its life.
 *
 * - `connecting`: not there yet. What is sent waits for it.
 * - `open`: both sides may talk.
 * - `closing`: nothing more can be sent. What was sent is leaving, or what came
 *   is still to be taken.
 * - `closed`: over, and the last message was taken. `closeReason` says why.
 */
export type ConnectionState = "connecting" | "open" | "closing" | "closed";

/** The same, with the steps between that the game need not see. */
export type Phase =
  /** A guest that the game has not taken yet. */
  | "at the door"
  | "connecting"
  | "open"
  /** This side's stream is to be ended once it is open; until then the connect deadline runs. */
  | "ending early"
  /** This side's stream is to be ended at the next flush; the peer is still heard. */
  | "ending"
  /** This side's stream is ended; the peer is still heard. */
  | "hearing"
  /** To be ended at the next flush. */
  | "closing"
  /** The end is sent; the peer's is awaited, so that a reset cannot overtake what was sent. */
  | "lingering"
  /** Ended by this side, and not announced yet. */
  | "cut"
  | "closed";

/** What the game sees of each phase. */
export const STATE_OF: Record<Phase, ConnectionState> = {
  "at the door": "open",
  connecting: "connecting",
  open: "open",
  "ending early": "closing",
  ending: "closing",
  hearing: "closing",
  closing: "closing",
  lingering: "closing",
  cut: "closed",
  closed: "closed",
};
