/**
 * What the person at the page wishes: by keys, or by holding the pointer where to go.
 */
import { type Place, REST, type Wish } from "../../shared/rules.ts";

/** Keys, mouse and fingers, as one wish. */
export class Input {
  readonly #held = new Set<string>();
  #pointer: Place | undefined;

  constructor(page: Window, canvas: HTMLElement) {
    page.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || !KEYS.has(event.code)) return;
      this.#held.add(event.code);
      event.preventDefault(); // or the page scrolls
    });
    page.addEventListener("keyup", (event) => this.#held.delete(event.code));
    // Who looks elsewhere lets go there, and nobody tells this page.
    for (const away of ["blur", "visibilitychange"]) page.addEventListener(away, () => this.#letGo());
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pointer = { x: event.offsetX, y: event.offsetY };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#pointer !== undefined) this.#pointer = { x: event.offsetX, y: event.offsetY };
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      canvas.addEventListener(end, () => {
        this.#pointer = undefined;
      });
  }

  /** @param self where this page's player is on the canvas, and how many pixels a unit has */
  wish(self: Place | undefined, scale: number): Wish {
    let [dx, dy] = [0, 0];
    for (const key of this.#held) {
      const [x = 0, y = 0] = KEYS.get(key) ?? [];
      dx += x;
      dy += y;
    }
    if (dx === 0 && dy === 0 && this.#pointer !== undefined && self !== undefined) {
      [dx, dy] = [(this.#pointer.x - self.x) / scale / SLOW, (this.#pointer.y - self.y) / scale / SLOW];
    }
    const length = Math.hypot(dx, dy);
    if (length < 0.05) return REST;
    return { dx: dx / Math.max(1, length), dy: dy / Math.max(1, length) };
  }

  #letGo(): void {
    this.#held.clear();
    this.#pointer = undefined;
  }
}

const KEYS = new Map([
  ["ArrowLeft", [-1, 0]],
  ["KeyA", [-1, 0]],
  ["ArrowRight", [1, 0]],
  ["KeyD", [1, 0]],
  ["ArrowUp", [0, -1]],
  ["KeyW", [0, -1]],
  ["ArrowDown", [0, 1]],
  ["KeyS", [0, 1]],
]);
/** Nearer than so many units to the pointer he slows down. */
const SLOW = 2.5;
