/**
 * The keyboard, as a wish: which keys are held down now. Keys that are typed
 * into a control of the page are the control's.
 */
import { REST, type Wish } from "../glide.ts";
import { isForMoving, wishOfKeys } from "./wishes.ts";

/** The keys that are held down. Takes no notice of keys with Ctrl, Alt or Meta: those are the browser's. */
export class Keys {
  readonly #held = new Set<string>();
  #wantsStop = false;

  constructor(page: Window) {
    page.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || isControl(event.target)) return;
      if (event.code === STOP) this.#wantsStop = true;
      else if (isForMoving(event.code)) this.#held.add(event.code);
      else return;
      event.preventDefault(); // or the page scrolls
    });
    page.addEventListener("keyup", (event) => this.#held.delete(event.code));
    // Who looks elsewhere lets go there, and nobody tells this page.
    page.addEventListener("blur", () => this.#held.clear());
    page.document.addEventListener("visibilitychange", () => this.#held.clear());
  }

  /** What the held keys want. */
  get wish(): Wish {
    return this.#held.size === 0 ? REST : wishOfKeys(this.#held);
  }

  /** Whether the space bar was hit since this was asked last. */
  takeStop(): boolean {
    const wantsStop = this.#wantsStop;
    this.#wantsStop = false;
    return wantsStop;
  }
}

function isControl(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, select, textarea, button, summary, a") !== null;
}

const STOP = "Space";
