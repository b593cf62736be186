/**
 * The picture: a wire cube over a ground grid, in perspective. Pure: a position
 * and a size go in, a canvas comes out. Decides the camera, which never turns,
 * and how depth and height are told: near lines are stronger, hidden edges are
 * dotted, and a line drops from the cube to its shadow on the ground.
 */
import { REACH, type Vector } from "../shared/world.ts";
import { Canvas, DOTS_ACROSS, DOTS_DOWN, type Dot } from "./canvas.ts";

/** Draws the world on a sheet of so many cells, as large as it fits. */
export function drawWorld(position: Vector, width: number, height: number): Canvas {
  const canvas = new Canvas(Math.max(1, width), Math.max(1, height));
  const see = cameraFor(canvas);
  drawGround(canvas, see);
  drawShadow(canvas, see, position);
  drawCube(canvas, see, position);
  return canvas;
}

type See = (place: Vector) => Dot;

/** The ground, and behind it the edges of the back wall. */
function drawGround(canvas: Canvas, see: See): void {
  for (let at = -WALL; at <= WALL; at += GRID_STEP) {
    canvas.line(
      see([-WALL, -WALL, at]),
      see([WALL, -WALL, at]),
      at < 0 ? "far ground" : "near ground",
      at < 0 ? 2 : 1,
    );
    canvas.line(see([at, -WALL, -WALL]), see([at, -WALL, 0]), "far ground", 2);
    canvas.line(see([at, -WALL, 0]), see([at, -WALL, WALL]), "near ground");
  }
  for (const x of [-WALL, WALL]) canvas.line(see([x, -WALL, -WALL]), see([x, WALL, -WALL]), "far ground", 3);
  canvas.line(see([-WALL, WALL, -WALL]), see([WALL, WALL, -WALL]), "far ground", 3);
}

/** Where the cube is above, and by the line up to it, how high. */
function drawShadow(canvas: Canvas, see: See, [x, y, z]: Vector): void {
  for (let part = -HALF; part <= HALF; part += SHADOW_STEP) {
    canvas.line(see([x - HALF, -WALL, z + part]), see([x + HALF, -WALL, z + part]), "shadow", 2);
  }
  canvas.line(see([x, y - HALF, z]), see([x, -WALL, z]), "drop", 3);
}

/** Solid as to what is behind it; its own hidden edges shine through, dotted. */
function drawCube(canvas: Canvas, see: See, [x, y, z]: Vector): void {
  const corners = CORNERS.map(([dx, dy, dz]) => see([x + dx * HALF, y + dy * HALF, z + dz * HALF]));
  const dotOf = (corner: number) => corners[corner] ?? NOWHERE;
  const faced = FACES.filter((face) => isTurnedHere(face.map(dotOf)));
  for (const face of faced) canvas.erase(face.map(dotOf));
  for (const ink of ["hidden edge", "edge"] as const) {
    for (const [from, to] of EDGES) {
      const isSeen = faced.some((face) => face.includes(from) && face.includes(to));
      if (isSeen === (ink === "edge")) canvas.line(dotOf(from), dotOf(to), ink, isSeen ? 1 : 3);
    }
  }
}

/** Whether a face's corners go round clockwise on the sheet: its outside is then this way. */
function isTurnedHere(face: readonly Dot[]): boolean {
  let area = 0;
  for (const [index, [x, y]] of face.entries()) {
    const [nextX, nextY] = face[(index + 1) % face.length] ?? NOWHERE;
    area += x * nextY - nextX * y;
  }
  return area > 0;
}

/** A camera that sees the whole world box and fills the sheet with it. */
function cameraFor({ width, height }: Canvas): See {
  const corners = CORNERS.map(([x, y, z]) => project([x * WALL, y * WALL, z * WALL]));
  const across = corners.map(([at]) => at);
  const down = corners.map(([, at]) => at);
  const [left, top] = [Math.min(...across), Math.min(...down)];
  const [wide, high] = [Math.max(...across) - left, Math.max(...down) - top];
  const [dotsWide, dotsHigh] = [width * DOTS_ACROSS - 1, height * DOTS_DOWN - 1];
  // A Braille dot is about as wide as it is high, so one scale serves both.
  const scale = Math.min(dotsWide / wide, dotsHigh / high);
  const [marginX, marginY] = [(dotsWide - wide * scale) / 2, (dotsHigh - high * scale) / 2];
  return (place) => {
    const [x, y] = project(place);
    return [marginX + (x - left) * scale, marginY + (y - top) * scale];
  };
}

/** From the world onto a plane, in no particular unit: turned a little, seen from above, smaller when far. */
function project([x, y, z]: Vector): Dot {
  const turnedX = x * Math.cos(YAW) + z * Math.sin(YAW);
  const turnedZ = z * Math.cos(YAW) - x * Math.sin(YAW);
  const tiltedY = y * Math.cos(PITCH) - turnedZ * Math.sin(PITCH);
  const tiltedZ = turnedZ * Math.cos(PITCH) + y * Math.sin(PITCH);
  const size = DISTANCE / (DISTANCE - tiltedZ);
  return [turnedX * size, -tiltedY * size];
}

const NOWHERE: Dot = [0, 0];
const YAW = -0.32;
const PITCH = 0.42;
/** From the middle of the world, in units: near enough that far things are plainly smaller. */
const DISTANCE = 48;
/** Half the cube's side. It is as wide as a square of the grid. */
const HALF = 2;
/** The cube's middle reaches the world's bound, and its faces reach here. */
const WALL = REACH + HALF;
const GRID_STEP = 2 * HALF;
const SHADOW_STEP = 0.25;

const CORNERS: readonly Vector[] = [
  [-1, -1, -1],
  [1, -1, -1],
  [1, 1, -1],
  [-1, 1, -1],
  [-1, -1, 1],
  [1, -1, 1],
  [1, 1, 1],
  [-1, 1, 1],
];
/** Corners by number, clockwise as seen from outside. */
const FACES: readonly (readonly number[])[] = [
  [1, 2, 3, 0],
  [7, 6, 5, 4],
  [4, 5, 1, 0],
  [2, 6, 7, 3],
  [3, 7, 4, 0],
  [5, 6, 2, 1],
];
const EDGES: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 0],
  [4, 5],
  [5, 6],
  [6, 7],
  [7, 4],
  [0, 4],
  [1, 5],
  [2, 6],
  [3, 7],
];
