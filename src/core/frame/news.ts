/**
 * What may be new at a connection between two frames: flags, as both can be.
 * Names only.
 */

/** Something came from the peer. */
export const HEARD = 1;
/** Something else: a frame has to look into all rooms. */
export const FILED = 2;
