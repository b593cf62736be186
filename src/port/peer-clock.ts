/**
 * The clock of a server, as a client knows it by the round trips of their link. The
 * link measures it; the core hands it on.
 */

/** What a client knows of its server's clock. Changes at the start of a frame. */
export interface PeerClock {
  /** The server's time minus this side's, in milliseconds. */
  readonly offsetMs: number;
  /** The largest error of `offsetMs`, in milliseconds: half of the round trip that it was measured by. */
  readonly errorMs: number;
  /** The server's time at the start of this frame, in milliseconds. It never goes back but for a step. */
  readonly serverNowMs: number;
}
