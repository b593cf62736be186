/**
 * The panel: writes what is known into the page, and reports what is chosen in it.
 * Touches the page only where something changed. Decides no words of its own
 * about the links; those are made by `status-text.ts`.
 */

import { NETWORKS, type Network, type Stat } from "../shared/window-wire.ts";
import { FORMATS, type Format, formatPosition } from "../shared/wire.ts";
import type { Role, Vector } from "../shared/world.ts";
import type { Rate } from "./meters.ts";
import type { Notice, Words } from "./status-text.ts";

/** What is to be seen in the panel, in one frame. */
export interface Facts {
  readonly process: Words;
  readonly peer: Words;
  readonly stat: Stat | undefined;
  readonly in: Rate | undefined;
  readonly out: Rate | undefined;
  /** What was sent or received last, and where it is drawn. */
  readonly position: Vector;
  readonly shown: Vector;
}

/** What a person chose in the panel. */
export interface Choices {
  readonly format: (format: Format) => void;
  readonly network: (network: Network) => void;
  /** Pull the cable. */
  readonly cut: () => void;
  readonly raw: (isRaw: boolean) => void;
}

/** The panel of a page that has all its parts. */
export class Panel {
  readonly #page: Document;
  readonly #parts = new Map<string, HTMLElement>();
  /** What counts in the notice: it is not read out each second. */
  readonly #counter: HTMLElement;
  #position: Vector | undefined;
  #shown: Vector | undefined;
  #stat: Stat | undefined;

  constructor(page: Document, chosen: Choices) {
    this.#page = page;
    this.#counter = page.createElement("span");
    this.#counter.ariaHidden = "true";
    for (const format of FORMATS) {
      this.#input(`format-${format}`).addEventListener("change", () => chosen.format(format));
    }
    for (const network of NETWORKS) {
      this.#input(`network-${network}`).addEventListener("change", () => chosen.network(network));
    }
    this.#part("cut").addEventListener("click", () => chosen.cut());
    const raw = this.#input("raw");
    raw.addEventListener("change", () => chosen.raw(raw.checked));
    // Who clicked wants the keys for the cube again; who came by Tab keeps the focus.
    this.#part("panel").addEventListener("click", (event) => {
      const isByHand = event.detail > 0 || (event instanceof PointerEvent && event.pointerType !== "");
      if (isByHand && page.activeElement instanceof HTMLElement) page.activeElement.blur();
    });
  }

  setRole(role: Role): void {
    this.#page.documentElement.dataset.role = role;
    this.#page.title = `${role} · tickwire cube`;
    this.#write("role", role);
  }

  setFormat(format: Format): void {
    this.#input(`format-${format}`).checked = true;
  }

  /** The one that the command line has numbers of can be chosen once it was told of: there may be none. */
  setNetwork(network: Network): void {
    this.#input(`network-${network}`).checked = true;
    if (network === "own") this.#part("own-network").hidden = false;
  }

  setSizes(bytes: Readonly<Record<Format, number>>): void {
    for (const format of FORMATS) this.#write(`size-${format}`, `${bytes[format]} B`);
  }

  /** Something worth saying once. It is read out, too. That somebody is gone stays to be seen, until they are back. */
  tell({ kind, words, count }: Notice): void {
    const part = this.#part("notice");
    if (count !== undefined && part.dataset.words === words) {
      this.#counter.textContent = ` ${count}`;
      return;
    }
    part.textContent = part.dataset.words = words;
    part.dataset.kind = kind;
    if (count !== undefined) {
      this.#counter.textContent = ` ${count}`;
      part.append(this.#counter);
    }
    // A new text alone would not begin the fading anew.
    for (const fading of part.getAnimations()) fading.currentTime = 0;
  }

  show(facts: Facts): void {
    this.#showWords("process", facts.process);
    this.#showWords("peer", facts.peer);
    if (facts.position !== this.#position) {
      this.#position = facts.position;
      for (const [axis, value] of facts.position.entries())
        this.#write(`at-${"xyz".charAt(axis)}`, decimals(value));
      this.#part("position").dataset.position = formatPosition(facts.position);
    }
    if (facts.shown !== this.#shown) {
      this.#shown = facts.shown;
      this.#part("position").dataset.shown = formatPosition(facts.shown);
    }
    if (facts.stat === this.#stat) return;
    this.#stat = facts.stat;
    this.#write("tick", facts.stat === undefined ? NONE : String(facts.stat.tick));
    this.#write("line-trip", msWords(facts.stat?.lineMs));
    this.#write("frame-trip", msWords(facts.stat?.frameMs));
    this.#showRate("in", facts.in);
    this.#showRate("out", facts.out);
  }

  #showWords(name: "process" | "peer", { level, title, detail }: Words): void {
    const part = this.#part(name);
    if (part.dataset.level !== level) part.dataset.level = level;
    this.#write(`${name}-title`, title);
    this.#write(`${name}-detail`, detail);
  }

  #showRate(name: "in" | "out", rate: Rate | undefined): void {
    this.#write(`${name}-lines`, rate === undefined ? NONE : rate.linesPerS.toFixed(0));
    this.#write(`${name}-bytes`, rate === undefined ? NONE : bytesWords(rate.bytesPerS));
  }

  #write(name: string, text: string): void {
    const part = this.#part(name);
    if (part.textContent !== text) part.textContent = text;
  }

  #input(name: string): HTMLInputElement {
    const part = this.#part(name);
    if (!(part instanceof HTMLInputElement)) throw new Error(`the page's ${name} is no input`);
    return part;
  }

  #part(name: string): HTMLElement {
    const known = this.#parts.get(name) ?? this.#page.getElementById(name);
    if (known === null) throw new Error(`the page has no part ${name}`);
    this.#parts.set(name, known);
    return known;
  }
}

/** Three decimals always, and a true minus, so that the numbers do not dance. */
function decimals(value: number): string {
  return value.toFixed(3).replace("-", "−");
}

function msWords(ms: number | undefined): string {
  return ms === undefined ? NONE : `${ms.toFixed(1)} ms`;
}

function bytesWords(bytesPerS: number): string {
  return bytesPerS < 10_000 ? `${bytesPerS.toFixed(0)} B` : `${(bytesPerS / 1_000).toFixed(1)} kB`;
}

const NONE = "–";
