/**
 * What keys and pads mean. Pure: codes and axes go in, wishes come out. A key
 * means what it does by its place on the board and not by its letter, so that
 * WASD is a hand's rest on every layout.
 */
import { REST, together, type Wish } from "../glide.ts";

/** The wish of some keys, given as `KeyboardEvent.code`. Opposite keys cancel each other. */
export function wishOfKeys(codes: Iterable<string>): Wish {
  return together(...[...codes].map((code) => MEANS.get(code) ?? REST));
}

/** Whether a key moves the cube. */
export function isForMoving(code: string): boolean {
  return MEANS.has(code);
}

/** The wish of one pad in the standard layout: https://w3c.github.io/gamepad/#remapping */
export function wishOfPad(axes: readonly number[], buttons: readonly { readonly value: number }[]): Wish {
  const pressed = (index: number): number => buttons[index]?.value ?? 0;
  const [x, z] = outsideDeadZone(axes[0] ?? 0, axes[1] ?? 0);
  return together(
    [x, 0, z],
    [pressed(15) - pressed(14), 0, pressed(13) - pressed(12)],
    [0, Math.max(pressed(7), pressed(5)) - Math.max(pressed(6), pressed(4)), 0],
  );
}

/** A stick that rests is never quite at 0. Beyond the zone it begins at 0 again, so there is no step. */
export function outsideDeadZone(x: number, y: number): readonly [x: number, y: number] {
  const length = Math.hypot(x, y);
  if (length <= DEAD_ZONE) return [0, 0];
  const scale = Math.min(1, (length - DEAD_ZONE) / (1 - DEAD_ZONE)) / length;
  return [x * scale, y * scale];
}

const LEFT: Wish = [-1, 0, 0];
const RIGHT: Wish = [1, 0, 0];
const DOWN: Wish = [0, -1, 0];
const UP: Wish = [0, 1, 0];
const FARTHER: Wish = [0, 0, -1];
const NEARER: Wish = [0, 0, 1];

const MEANS: ReadonlyMap<string, Wish> = new Map([
  ["ArrowLeft", LEFT],
  ["KeyA", LEFT],
  ["ArrowRight", RIGHT],
  ["KeyD", RIGHT],
  ["ArrowUp", FARTHER],
  ["KeyW", FARTHER],
  ["ArrowDown", NEARER],
  ["KeyS", NEARER],
  ["KeyQ", UP],
  ["PageUp", UP],
  ["KeyE", DOWN],
  ["PageDown", DOWN],
]);
/** Worn sticks rest this far out, of 1. */
const DEAD_ZONE = 0.15;
