/** The panel over the arena: shows what it is given, and writes to the page only what has changed. */
import type { Figure } from "./scene.ts";
import type { Said } from "./words.ts";

/** What the panel shows in a frame. */
export interface Shown {
  readonly name: string;
  readonly score: number;
  readonly link: Said;
  readonly lineTrip: string;
  readonly frameTrip: string;
  readonly zone: string;
  readonly players: number;
  readonly best: readonly Figure[];
}

/** The panel. */
export class Hud {
  readonly #page: Document;
  readonly #texts = new Map<string, string>();
  #noticeUntilMs = Number.NEGATIVE_INFINITY;

  constructor(page: Document) {
    this.#page = page;
  }

  show(shown: Shown, nowMs: number): void {
    this.#say("name", shown.name);
    this.#say("score", String(shown.score));
    this.#say("link-title", shown.link.title);
    this.#say("link-detail", shown.link.detail);
    this.#level(shown.link.level);
    this.#say("line-trip", shown.lineTrip);
    this.#say("frame-trip", shown.frameTrip);
    this.#say("zone", shown.zone);
    this.#say("players", String(shown.players));
    for (let place = 0; place < BEST; place++) {
      const figure = shown.best[place];
      this.#say(
        `best-name-${place}`,
        figure === undefined ? "" : figure.name + (figure.isSelf ? " (you)" : ""),
      );
      this.#say(`best-score-${place}`, figure === undefined ? "" : String(figure.score));
    }
    if (nowMs > this.#noticeUntilMs) this.#say("notice", "");
  }

  /** Tells of something that has happened, for some seconds. */
  tell(words: string, nowMs: number): void {
    this.#say("notice", words);
    this.#noticeUntilMs = nowMs + NOTICE_MS;
  }

  #level(level: string): void {
    if (this.#texts.get("link") === level) return;
    this.#texts.set("link", level);
    const part = this.#page.getElementById("link");
    if (part !== null) part.dataset.level = level;
  }

  #say(id: string, text: string): void {
    if (this.#texts.get(id) === text) return;
    this.#texts.set(id, text);
    const part = this.#page.getElementById(id);
    if (part !== null) part.textContent = text;
  }
}

/** So many of the best are shown. */
export const BEST = 5;
const NOTICE_MS = 6_000;
