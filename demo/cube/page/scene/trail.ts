/**
 * The trail: where the cube was in the last two seconds, as a ribbon that faces
 * the eye, and grows thin and faint with age. One geometry that is written over;
 * a frame allocates nothing.
 */
import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DoubleSide,
  DynamicDrawUsage,
  Mesh,
  MeshBasicMaterial,
  Vector3,
} from "three";
import type { Vector } from "../../shared/world.ts";
import type { Theme } from "../theme.ts";

/** A ribbon behind the cube, as a thing to put into a scene. */
export class Trail {
  readonly object: Mesh<BufferGeometry, MeshBasicMaterial>;

  /** A ring of samples: x, y, z, and when. */
  readonly #samples = new Float64Array(CAPACITY * 4);
  #first = 0;
  #count = 0;
  #isSeen = false;
  readonly #colour = new Color();
  readonly #positions = new BufferAttribute(new Float32Array(CAPACITY * 6), 3);
  readonly #colours = new BufferAttribute(new Float32Array(CAPACITY * 8), 4);

  constructor() {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", this.#positions.setUsage(DynamicDrawUsage));
    geometry.setAttribute("color", this.#colours.setUsage(DynamicDrawUsage));
    geometry.setIndex(ribbonIndex());
    const material = new MeshBasicMaterial({
      vertexColors: true,
      transparent: true,
      depthWrite: false,
      side: DoubleSide,
    });
    this.object = new Mesh(geometry, material);
    this.object.frustumCulled = false; // its bounds would be computed for each frame
    this.object.renderOrder = 3;
  }

  paint(theme: Theme): void {
    this.#colour.set(theme.accent);
  }

  /** Answers whether there is anything to see of it, or was until now. */
  frame(nowMs: number, place: Vector, eye: Vector3): boolean {
    this.#forget(nowMs);
    this.#sample(nowMs, place);
    const wasSeen = this.#isSeen;
    this.#isSeen = this.#count > 1;
    this.object.visible = this.#isSeen;
    if (this.#isSeen) this.#write(nowMs, eye);
    return this.#isSeen || wasSeen;
  }

  #forget(nowMs: number): void {
    while (this.#count > 0 && nowMs - this.#value(0, TIME) > LASTS_MS) {
      this.#first = (this.#first + 1) % CAPACITY;
      this.#count--;
    }
  }

  #sample(nowMs: number, [x, y, z]: Vector): void {
    const newest = this.#count - 1;
    if (newest >= 0) {
      const [dx, dy, dz] = [
        x - this.#value(newest, 0),
        y - this.#value(newest, 1),
        z - this.#value(newest, 2),
      ];
      const isHere = dx === 0 && dy === 0 && dz === 0;
      // At rest the newest sample stays young, so the trail begins at the cube when it goes on.
      if (isHere && this.#count === 1) this.#samples[this.#at(0) + TIME] = nowMs;
      if (isHere) return;
      if (Math.hypot(dx, dy, dz) > LEAP) this.#count = 0;
    }
    if (this.#count === CAPACITY) {
      this.#first = (this.#first + 1) % CAPACITY;
      this.#count--;
    }
    const at = this.#at(this.#count++);
    this.#samples[at] = x;
    this.#samples[at + 1] = y;
    this.#samples[at + 2] = z;
    this.#samples[at + TIME] = nowMs;
  }

  #write(nowMs: number, eye: Vector3): void {
    const { r, g, b } = this.#colour;
    for (let index = 0; index < this.#count; index++) {
      const youth = 1 - (nowMs - this.#value(index, TIME)) / LASTS_MS;
      this.#sideAt(index, eye).multiplyScalar(WIDEST * youth);
      HERE.set(this.#value(index, 0), this.#value(index, 1), this.#value(index, 2));
      this.#positions.setXYZ(2 * index, HERE.x + SIDE.x, HERE.y + SIDE.y, HERE.z + SIDE.z);
      this.#positions.setXYZ(2 * index + 1, HERE.x - SIDE.x, HERE.y - SIDE.y, HERE.z - SIDE.z);
      this.#colours.setXYZW(2 * index, r, g, b, STRONGEST * youth * youth);
      this.#colours.setXYZW(2 * index + 1, r, g, b, STRONGEST * youth * youth);
    }
    this.#positions.needsUpdate = this.#colours.needsUpdate = true;
    this.object.geometry.setDrawRange(0, (this.#count - 1) * 6);
  }

  /** Across the way it went, and across the line of sight. */
  #sideAt(index: number, eye: Vector3): Vector3 {
    const [before, after] = [Math.max(0, index - 1), Math.min(this.#count - 1, index + 1)];
    SIDE.set(
      this.#value(after, 0) - this.#value(before, 0),
      this.#value(after, 1) - this.#value(before, 1),
      this.#value(after, 2) - this.#value(before, 2),
    );
    SIGHT.set(this.#value(index, 0), this.#value(index, 1), this.#value(index, 2)).sub(eye);
    return SIDE.cross(SIGHT).normalize();
  }

  #at(index: number): number {
    return ((this.#first + index) % CAPACITY) * 4;
  }

  #value(index: number, part: 0 | 1 | 2 | typeof TIME): number {
    return this.#samples[this.#at(index) + part] ?? 0;
  }
}

/** Two triangles between each sample and the next. */
function ribbonIndex(): number[] {
  const index: number[] = [];
  for (let at = 0; at + 1 < CAPACITY; at++) {
    const a = 2 * at;
    index.push(a, a + 1, a + 2, a + 2, a + 1, a + 3);
  }
  return index;
}

const LASTS_MS = 2_000;
/** Two seconds on a screen of 144 Hz, with some to spare. */
const CAPACITY = 300;
const TIME = 3;
/** Half the width where it begins, in units. */
const WIDEST = 0.55;
const STRONGEST = 0.6;
/** Farther than this in one frame is no way that was gone. */
const LEAP = 9;
const HERE = new Vector3();
const SIDE = new Vector3();
const SIGHT = new Vector3();
