/** How a link is held that has lost its line, the same between peers and between a window and its process. */

/** What sessions of the cube depart in from the library's defaults. */
export const HOLDING = {
  /** Somebody looks at it, and should not wonder for long. The other side says something each second. */
  deadPeerMs: 3_000,
} as const;

/** How long, as people say it: whole seconds, counting. */
export function heldWords(downMs: number): string {
  return `${Math.floor(downMs / 1_000)} s`;
}
