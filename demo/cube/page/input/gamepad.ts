/**
 * A gamepad, as a wish: read once per frame, as the browser has it.
 */
import { REST, together, type Wish } from "../glide.ts";
import { wishOfPad } from "./wishes.ts";

/** The pads of this machine. The browser shows none until a button was pressed. */
export class Gamepads {
  readonly #page: Navigator;
  #count = 0;

  constructor(page: Window) {
    this.#page = page.navigator;
    // Asking costs, so a machine without a pad is never asked.
    page.addEventListener("gamepadconnected", () => this.#count++);
    page.addEventListener("gamepaddisconnected", () => this.#count--);
  }

  get isThere(): boolean {
    return this.#count > 0;
  }

  /** What the pads want in this frame, all together. */
  get wish(): Wish {
    if (!this.isThere) return REST;
    let wish = REST;
    for (const pad of this.#page.getGamepads()) {
      if (pad !== null && pad.mapping === "standard") wish = together(wish, wishOfPad(pad.axes, pad.buttons));
    }
    return wish;
  }
}
