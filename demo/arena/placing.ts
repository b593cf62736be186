/**
 * Which zones a world claims, and which it hands over. Each zone has a world of its own, by
 * number, and the next one stands by; whoever stood in for a world that was away gives the zone
 * back once that has returned. Pure: the leases decide who has a zone, and this
 * only who asks for it.
 */

/** What a world knows of one zone. */
export interface ZoneView {
  readonly zone: number;
  /** Of this world, counted from 0. */
  readonly world: number;
  readonly worlds: number;
  /** The number of the world that has it, as the listing says; `undefined` when nobody has. */
  readonly holder: number | undefined;
  /** For how long nobody has had it. */
  readonly nobodyMs: number;
  /** For how long the zone's own world has been heard of, without a zone; 0 when it has one, or is away. */
  readonly ownIdleMs: number;
}

/** Whether this world should claim the zone, if it has not done so yet. */
export function claims({ zone, world, worlds, holder, nobodyMs }: ZoneView): boolean {
  if (zone % worlds === world) return true;
  if ((zone + 1) % worlds === world && holder !== undefined && holder !== world) return true;
  return holder === undefined && nobodyMs > PATIENCE_MS;
}

/** Whether this world, which has the zone, should hand it over to the zone's own. */
export function handsOver({ zone, world, worlds, ownIdleMs }: ZoneView): boolean {
  return zone % worlds !== world && ownIdleMs > PATIENCE_MS;
}

/** Longer than a lease lasts whose owner is gone, and than a process needs to begin. */
const PATIENCE_MS = 4_000;
