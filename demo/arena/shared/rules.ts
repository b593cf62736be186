/**
 * The rules of the arena: where the zones are, how somebody walks, what a spark is
 * worth. Pure: the world plays by them, and the page walks its own player ahead by the same.
 *
 *      0        40        80
 *      ┌─────────┬─────────┐ 0
 *      │ zone 0  │ zone 1  │        one world each, side by side
 *      └─────────┴─────────┘ 45
 */

/** A place in the arena, in units from its upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** What somebody wants on each axis, from -1 to 1; of the speed that there is. */
export interface Wish {
  readonly dx: number;
  readonly dy: number;
}

/** No wish at all. */
export const REST: Wish = Object.freeze({ dx: 0, dy: 0 });
/** How wide a zone is, and how high, in units. */
export const ZONE_WIDTH = 40;
export const ZONE_HEIGHT = 45;
/** As fast as anybody walks, in units per second. */
export const SPEED = 14;
/** How near a spark must be to be taken. */
export const REACH = 1.4;
/** So many there are in each zone. */
export const SPARKS_PER_ZONE = 14;
/** The most zones, and with them worlds. */
export const MOST_ZONES = 8;
/** Frames of a world in a second; each sends what the zone looks like. */
export const WORLD_HZ = 30;

/** Where a walker is `dtMs` later, who wishes this all the time; inside the arena of so many zones. */
export function walk({ x, y }: Place, wish: Wish, dtMs: number, zones: number): Place {
  const length = Math.hypot(wish.dx, wish.dy);
  const far = (SPEED * dtMs) / 1_000 / Math.max(1, length);
  return {
    x: within(x + wish.dx * far, EDGE, zones * ZONE_WIDTH - EDGE),
    y: within(y + wish.dy * far, EDGE, ZONE_HEIGHT - EDGE),
  };
}

/** The zone of a place. */
export function zoneAt(x: number, zones: number): number {
  return within(Math.floor(x / ZONE_WIDTH), 0, zones - 1);
}

/**
 * The zone that a walker belongs to, who was in `zone`: the next one only when he is well inside of
 * it, so that nobody who dances on the border is handed over twice a second.
 */
export function zoneOfWalker(x: number, zone: number, zones: number): number {
  const isNear = x > zone * ZONE_WIDTH - BORDER && x < (zone + 1) * ZONE_WIDTH + BORDER;
  return isNear ? zone : zoneAt(x, zones);
}

/** A number from 0 up to 1, and the state that the next one comes from: the same again for the same state. */
export function draw(state: number): { readonly value: number; readonly state: number } {
  const next = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(next ^ (next >>> 15), next | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return { value: ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32, state: next };
}

/** A place inside a zone, from two numbers from 0 up to 1. */
export function placeIn(zone: number, across: number, down: number): Place {
  return {
    x: zone * ZONE_WIDTH + INSET + across * (ZONE_WIDTH - 2 * INSET),
    y: INSET + down * (ZONE_HEIGHT - 2 * INSET),
  };
}

/** Whether a spark there is in somebody's reach. */
export function reaches(one: Place, other: Place): boolean {
  return (one.x - other.x) ** 2 + (one.y - other.y) ** 2 <= REACH ** 2;
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Nobody stands in the wall. */
const EDGE = 0.8;
/** Sparks lie where everybody can come. */
const INSET = 2.5;
/** So far beyond its border somebody is still of a zone. */
const BORDER = 0.5;
