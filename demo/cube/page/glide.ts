/**
 * How a wish becomes a movement: the speed follows the wish within a moment, so
 * that starts and stops are soft. Pure. Knows no key and no pad; the box and its
 * walls are the world's.
 */
import { isMoving, SPEED, START, step, type Vector, type World } from "../shared/world.ts";

/** What a player wants on each axis, from -1 to 1; of the speed that the world has. */
export type Wish = Vector;

/** No wish at all. */
export const REST: Wish = [0, 0, 0];

/** The world, `dtMs` later, when this is wished all the time. The same object when it rests. */
export function glide(world: World, wish: Wish, dtMs: number): World {
  const share = 1 - Math.exp(-dtMs / SOFTNESS_MS);
  const towards = (axis: 0 | 1 | 2): number => {
    const speed = world.velocity[axis] + (wish[axis] * SPEED - world.velocity[axis]) * share;
    return Math.abs(speed) < SLOWEST && wish[axis] === 0 ? 0 : speed;
  };
  const velocity: Vector = [towards(0), towards(1), towards(2)];
  if (!isMoving(world) && velocity.every((speed) => speed === 0)) return world;
  return step({ position: world.position, velocity }, dtMs);
}

/** Several wishes at once: they add up, to no more than 1 on an axis. */
export function together(...wishes: readonly Wish[]): Wish {
  const sum = (axis: 0 | 1 | 2): number => {
    let total = 0;
    for (const wish of wishes) total += wish[axis];
    return Math.min(1, Math.max(-1, total));
  };
  return [sum(0), sum(1), sum(2)];
}

/**
 * A wish as it was meant by somebody who looks from another side: left is left
 * in the picture. Turned by whole quarters, so that a key moves along one axis.
 *
 * @param yaw how far the eye has gone round the cube, in radians; 0 looks along -z
 */
export function asSeenFrom(yaw: number, wish: Wish): Wish {
  const [x, y, z] = wish;
  switch (((Math.round(yaw / (Math.PI / 2)) % 4) + 4) % 4) {
    case 1:
      return [z, y, 0 - x];
    case 2:
      return [0 - x, y, 0 - z];
    case 3:
      return [0 - z, y, x];
    default:
      return wish;
  }
}

/** A cube at rest, there. */
export function restingAt(position: Vector): World {
  return { position, velocity: START.velocity };
}

/** Two thirds of the speed after so long: soft, and still at once. */
const SOFTNESS_MS = 90;
/** Slower than this is at rest, in units per second. */
const SLOWEST = 0.02;
