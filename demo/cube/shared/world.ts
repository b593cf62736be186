/**
 * The world: a cube in a box, and how it moves. Pure: time goes in, positions
 * come out. Decides the bounds, the speed, what a push does, and the path that
 * `--auto` drives. Knows no peer, no line of text and no clock.
 *
 *     y (up)
 *     │   x to the right, z towards the viewer; the origin is the middle,
 *     └── x   and the ground is y = -12, as the cube is 4 wide.
 *    z
 */

/** A place or a speed: `[x, y, z]`, in units or in units per second. */
export type Vector = readonly [x: number, y: number, z: number];

/** The cube: where it is, in units, and how fast it goes, in units per second. */
export interface World {
  readonly position: Vector;
  readonly velocity: Vector;
}

/** A mover decides where the cube is; a mirror shows it, and passes it on. */
export type Role = "mover" | "mirror";

/** What a player can want. There is no "let go": terminals do not report it, so a push lasts. */
export type Command = "left" | "right" | "up" | "down" | "nearer" | "farther" | "stop";

/** Where every cube begins: in the middle, at rest. */
export const START: World = { position: [0, 0, 0], velocity: [0, 0, 0] };

/** How far the world reaches from the origin on each axis, in units; the cube's middle stays within. */
export const REACH = 10;

/** A push is this fast, in units per second: from one wall to the other in two and a half seconds. */
export const SPEED = 8;

/**
 * The velocity after a command. A push sets the speed of its own axis and
 * leaves the other two; it lasts until `"stop"`, a push the other way, or a wall.
 */
export function push(velocity: Vector, command: Command): Vector {
  const [x, y, z] = velocity;
  switch (command) {
    case "left":
      return [-SPEED, y, z];
    case "right":
      return [SPEED, y, z];
    case "up":
      return [x, SPEED, z];
    case "down":
      return [x, -SPEED, z];
    case "farther":
      return [x, y, -SPEED];
    case "nearer":
      return [x, y, SPEED];
    case "stop":
      return START.velocity;
  }
}

/**
 * The world, `dtMs` later. The same object when nothing moves. At a wall the
 * cube stays on it, and its speed on that axis is 0.
 */
export function step(world: World, dtMs: number): World {
  if (!isMoving(world)) return world;
  const position: [number, number, number] = [...world.position];
  const velocity: [number, number, number] = [...world.velocity];
  for (const axis of AXES) {
    const wanted = position[axis] + (velocity[axis] * dtMs) / 1_000;
    position[axis] = Math.min(REACH, Math.max(-REACH, wanted));
    // On the wall counts as at the wall, or a push into it would last for ever.
    if (Math.abs(wanted) >= REACH && Math.sign(wanted) === Math.sign(velocity[axis])) velocity[axis] = 0;
  }
  return { position, velocity };
}

/** Whether the cube has any speed. */
export function isMoving(world: World): boolean {
  return world.velocity.some((speed) => speed !== 0);
}

/**
 * The velocity that drives from `position` towards the path of `--auto`, and
 * then along it. It begins wherever the cube is, so there is never a jump.
 *
 * @param elapsedMs how long it has been driving, in milliseconds
 * @param dtMs the length of the step to come; 0 answers no speed
 */
export function drive(position: Vector, elapsedMs: number, dtMs: number): Vector {
  if (dtMs <= 0) return START.velocity;
  const target = pathAt(elapsedMs + dtMs);
  const way = AXES.map((axis) => target[axis] - position[axis]);
  const perSecond = 1_000 / dtMs;
  const speed = Math.hypot(...way) * perSecond;
  const scale = perSecond * Math.min(1, SPEED / Math.max(speed, Number.MIN_VALUE));
  const [x = 0, y = 0, z = 0] = way.map((distance) => distance * scale);
  return [x, y, z];
}

/** A curve round the box that is as good at 1 Hz as at 1,000; slower than {@link SPEED} everywhere. */
function pathAt(elapsedMs: number): Vector {
  const turn = (elapsedMs / PATH_MS) * 2 * Math.PI;
  return [8 * Math.sin(turn), 6 * Math.sin(2 * turn) - 1, 8 * Math.cos(turn)];
}

const AXES = [0, 1, 2] as const;
/** Once round in this time; the fastest stretch is then 6.5 units per second. */
const PATH_MS = 14_000;
