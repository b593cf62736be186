/**
 * Which part of the arena is on the screen: all of it where it fits, otherwise what is
 * around the player. Pure.
 */
import { type Place, ZONE_HEIGHT, ZONE_WIDTH } from "../../shared/rules.ts";

/** A part of the canvas, in its pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How units become pixels. */
export interface Camera {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** The camera of an arena of so many zones in that area, around `focus`; sizes in pixels of CSS. */
export function cameraFor(area: Area, zones: number, focus: Place | undefined): Camera {
  const [width, height] = [Math.max(1, zones) * ZONE_WIDTH, ZONE_HEIGHT];
  const fit = Math.min(area.width / width, area.height / height);
  const scale = fit >= LEAST_SCALE ? fit : Math.max(LEAST_SCALE, Math.min(NEAR_SCALE, area.height / height));
  const at = focus ?? { x: width / 2, y: height / 2 };
  return {
    scale,
    left: edge(area.left, area.width, width * scale, at.x * scale),
    top: edge(area.top, area.height, height * scale, at.y * scale),
  };
}

/** A place on the canvas. */
export function onCanvas({ scale, left, top }: Camera, { x, y }: Place): Place {
  return { x: left + x * scale, y: top + y * scale };
}

function edge(begin: number, room: number, size: number, at: number): number {
  if (size <= room) return begin + (room - size) / 2;
  return begin + Math.min(0, Math.max(room - size, room / 2 - at));
}

/** Smaller than this, nobody is told apart. */
const LEAST_SCALE = 8.5;
/** And when only a part is shown, it is shown from near. */
const NEAR_SCALE = 13;
