/**
 * Asks whether the process is there, without a word on the console. A WebSocket
 * or a fetch that is refused makes Chromium print an error that no page can
 * prevent; an `<object>` that cannot be loaded does not. So while the process is
 * away the page probes like this, and connects only when the probe succeeded.
 */

import type { ServerProbe } from "./probed.ts";

/** The server that this page came from. */
export class PageServerProbe implements ServerProbe {
  readonly #page: Document;
  readonly #path: string;
  #object: HTMLObjectElement | undefined;

  /** @param path something small that the server has; it is loaded and never shown */
  constructor(page: Document, path: string) {
    this.#page = page;
    this.#path = path;
  }

  ask(answer: (isThere: boolean) => void): void {
    this.forget();
    const object = this.#page.createElement("object");
    object.className = "probe";
    object.ariaHidden = "true";
    object.tabIndex = -1;
    object.data = `${this.#path}?probe`;
    for (const [event, isThere] of [
      ["load", true],
      ["error", false],
    ] as const) {
      object.addEventListener(event, () => {
        if (object !== this.#object) return; // another one is asked for, or none
        this.forget();
        answer(isThere);
      });
    }
    this.#page.body.append(object);
    this.#object = object;
  }

  forget(): void {
    this.#object?.remove();
    this.#object = undefined;
  }
}
