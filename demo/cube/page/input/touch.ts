/**
 * The controls on the glass, as a wish: a stick for the ground, two buttons for
 * up and down. The style sheet decides on which windows they are shown.
 */
import { REST, together, type Wish } from "../glide.ts";
import { outsideDeadZone } from "./wishes.ts";

/** A stick and two buttons that are already in the page. */
export class Touch {
  #stick: Wish = REST;
  #lift: Wish = REST;

  constructor(controls: HTMLElement) {
    const part = (name: string): HTMLElement => {
      const found = controls.querySelector<HTMLElement>(`[data-touch="${name}"]`);
      if (found === null) throw new Error(`the page has no touch control ${name}`);
      return found;
    };
    this.#listenToStick(part("stick"), part("knob"));
    this.#listenToButton(part("up"), [0, 1, 0]);
    this.#listenToButton(part("down"), [0, -1, 0]);
  }

  get wish(): Wish {
    return this.#stick === REST && this.#lift === REST ? REST : together(this.#stick, this.#lift);
  }

  #listenToStick(stick: HTMLElement, knob: HTMLElement): void {
    let finger: number | undefined;
    const lean = (event: PointerEvent): void => {
      if (event.pointerId !== finger) return;
      const { left, top, width, height } = stick.getBoundingClientRect();
      const reach = width / 2 - knob.offsetWidth / 2;
      const x = (event.clientX - left - width / 2) / reach;
      const y = (event.clientY - top - height / 2) / reach;
      const scale = Math.min(1, 1 / Math.hypot(x, y));
      knob.style.transform = `translate(${x * scale * reach}px, ${y * scale * reach}px)`;
      const [right, near] = outsideDeadZone(x * scale, y * scale);
      this.#stick = [right, 0, near];
    };
    const letGo = (event: PointerEvent): void => {
      if (event.pointerId !== finger) return;
      finger = undefined;
      knob.style.transform = "";
      this.#stick = REST;
    };
    stick.addEventListener("pointerdown", (event) => {
      if (finger !== undefined) return;
      finger = event.pointerId;
      stick.setPointerCapture(finger);
      lean(event);
    });
    stick.addEventListener("pointermove", lean);
    stick.addEventListener("pointerup", letGo);
    stick.addEventListener("lostpointercapture", letGo);
  }

  #listenToButton(button: HTMLElement, wish: Wish): void {
    const letGo = (): void => {
      if (this.#lift === wish) this.#lift = REST;
      delete button.dataset.pressed;
    };
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      this.#lift = wish;
      button.dataset.pressed = "";
    });
    button.addEventListener("pointerup", letGo);
    button.addEventListener("lostpointercapture", letGo);
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press is a hold
  }
}
