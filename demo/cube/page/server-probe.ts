/**
 * Asks whether the process is there, without a word on the console. A WebSocket
 * or a fetch that is refused makes Chromium print an error that no page can
 * prevent; an `<object>` that cannot be loaded does not. So while the process is
 * away the page knocks like this, and dials only when somebody answered.
 */

import type { Door } from "./session.ts";

/** The server that this page came from. */
export class PageDoor implements Door {
  readonly #page: Document;
  readonly #path: string;
  #object: HTMLObjectElement | undefined;
  #answer: boolean | undefined;

  /** @param path something small that the server has; it is loaded and never shown */
  constructor(page: Document, path: string) {
    this.#page = page;
    this.#path = path;
  }

  knock(): void {
    this.#forget();
    const object = this.#page.createElement("object");
    object.className = "knock";
    object.ariaHidden = "true";
    object.tabIndex = -1;
    object.data = `${this.#path}?knock`;
    object.addEventListener("load", () => this.#note(object, true));
    object.addEventListener("error", () => this.#note(object, false));
    this.#page.body.append(object);
    this.#object = object;
  }

  tryAnswer(): boolean | undefined {
    if (this.#answer !== undefined) this.#object?.remove();
    return this.#answer;
  }

  #note(object: HTMLObjectElement, answer: boolean): void {
    if (object === this.#object) this.#answer = answer;
  }

  #forget(): void {
    this.#object?.remove();
    this.#object = this.#answer = undefined;
  }
}
