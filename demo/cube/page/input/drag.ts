/**
 * The cube in the hand: picked up by a ray, moved over the ground, or up and
 * down with Shift, with the right button or with a second finger. Anything
 * beside the cube is left to the camera. Decides no speed: where the pointer is,
 * there the cube is.
 */
import { Box3, type Camera, Plane, Raycaster, Vector2, Vector3 } from "three";
import { REACH, type Vector } from "../../shared/world.ts";

/** Dragging on a canvas. Make it before the camera's controls: the first listener gets an event first. */
export class Drag {
  readonly #canvas: HTMLElement;
  readonly #camera: Camera;
  readonly #ray = new Raycaster();
  readonly #fingers = new Set<number>();
  #hold: Hold | undefined;
  #place: Vector = [0, 0, 0];
  #moved: Vector | undefined;

  /** @param canDrag asked at each touch: a mirror's cube cannot be moved */
  constructor(canvas: HTMLElement, camera: Camera, canDrag: () => boolean) {
    this.#canvas = canvas;
    this.#camera = camera;
    canvas.addEventListener("pointerdown", (event) => {
      if (!canDrag() || !this.#grab(event)) return;
      event.stopImmediatePropagation(); // or the camera turns too
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#hold !== undefined) this.#pull(event);
      else canvas.style.cursor = canDrag() && this.#isOverCube(event) ? "grab" : "";
    });
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      canvas.addEventListener(type, (event) => this.#letGo(event));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Whether the cube is in the hand. */
  get isHolding(): boolean {
    return this.#hold !== undefined;
  }

  /** Tells where the cube is seen, once per frame. */
  see(place: Vector): void {
    this.#place = place;
  }

  /** Where the hand has put the cube since this was asked last; `undefined` when it has not moved it. */
  take(): Vector | undefined {
    const moved = this.#moved;
    this.#moved = undefined;
    return moved;
  }

  #grab(event: PointerEvent): boolean {
    if (this.#hold !== undefined) {
      // A second finger, anywhere, lifts.
      this.#fingers.add(event.pointerId);
      return true;
    }
    if (!this.#isOverCube(event)) return false;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#canvas.style.cursor = "grabbing";
    const lifts = event.shiftKey || event.button === RIGHT_BUTTON;
    this.#hold = { pointer: event.pointerId, button: event.button, lifts, ...this.#anchor(lifts) };
    return true;
  }

  #pull(event: PointerEvent): void {
    const hold = this.#hold;
    if (hold === undefined || event.pointerId !== hold.pointer) return;
    const lifts = event.shiftKey || hold.button === RIGHT_BUTTON || this.#fingers.size > 0;
    this.#aim(event);
    if (lifts !== hold.lifts) {
      this.#hold = { ...hold, lifts, ...this.#anchor(lifts) };
      return;
    }
    const at = this.#ray.ray.intersectPlane(hold.plane, new Vector3());
    if (at === null) return; // above the horizon: nowhere on the ground
    const [x, y, z] = hold.place;
    const way = at.sub(hold.from);
    this.#moved = lifts ? [x, within(y + way.y), z] : [within(x + way.x), y, within(z + way.z)];
    this.#place = this.#moved;
  }

  /** From here on the cube goes as the pointer does, on the ground's plane or on one that stands upright. */
  #anchor(lifts: boolean): Pick<Hold, "plane" | "from" | "place"> {
    const normal = lifts ? this.#camera.getWorldDirection(new Vector3()).setY(0).normalize() : UP;
    const { ray } = this.#ray;
    const point = ray.intersectBox(cubeAt(this.#place, 0), new Vector3()) ?? new Vector3(...this.#place);
    const plane = new Plane().setFromNormalAndCoplanarPoint(normal, point);
    return { plane, from: ray.intersectPlane(plane, new Vector3()) ?? point, place: this.#place };
  }

  #letGo(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    if (event.pointerId !== this.#hold?.pointer) return;
    this.#hold = undefined;
    this.#fingers.clear();
    this.#canvas.style.cursor = "";
  }

  #isOverCube(event: PointerEvent): boolean {
    this.#aim(event);
    const slop = event.pointerType === "touch" ? FINGER_UNITS : 0;
    return this.#ray.ray.intersectsBox(cubeAt(this.#place, slop));
  }

  #aim(event: PointerEvent): void {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * 2 - 1;
    const y = 1 - ((event.clientY - top) / height) * 2;
    this.#ray.setFromCamera(new Vector2(x, y), this.#camera);
  }
}

/** A cube in a hand, and from where it is pulled. */
interface Hold {
  readonly pointer: number;
  readonly button: number;
  readonly lifts: boolean;
  readonly plane: Plane;
  readonly from: Vector3;
  readonly place: Vector;
}

function cubeAt([x, y, z]: Vector, slop: number): Box3 {
  const size = 2 * (HALF + slop);
  return new Box3().setFromCenterAndSize(new Vector3(x, y, z), new Vector3(size, size, size));
}

function within(value: number): number {
  return Math.min(REACH, Math.max(-REACH, value));
}

const UP = new Vector3(0, 1, 0);
/** `PointerEvent.button` of the right one. */
const RIGHT_BUTTON = 2;
/** The cube is 4 units wide. */
const HALF = 2;
/** A finger is wider than a mouse's tip. */
const FINGER_UNITS = 1;
