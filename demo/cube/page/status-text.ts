/**
 * How things stand, in words: the window to its process, and the process to the
 * other peer. Pure. Decides how bad that is, and what is worth saying once:
 * that somebody is gone, and that they are back.
 */
import { heldWords } from "../shared/holding.ts";
import type { Told } from "../shared/window-wire.ts";
import type { SessionState, Trips } from "./session.ts";

/** For a person: how bad it is, in one or two words, and the rest. */
export interface Words {
  readonly level: "good" | "waiting" | "held" | "gone";
  readonly title: string;
  readonly detail: string;
}

/** What a process says of its link to the other peer. */
export type PeerLink = Extract<Told, { kind: "link" }>;

/** The window and its process. */
export function sessionWords(state: SessionState, trips: Trips, nowMs: number): Words {
  switch (state.kind) {
    case "connecting":
      return { level: "waiting", title: "connecting", detail: "to the process behind this window" };
    case "open": {
      if (state.isSilent)
        return { level: "gone", title: "silent", detail: "the process behind this window says nothing" };
      return { level: "good", title: "linked", detail: `window to process${tripWords(trips)}` };
    }
    case "held":
      return {
        level: "held",
        title: `held for ${heldWords(state.downMs)}`,
        detail:
          "the process behind this window does not answer; the window goes on where it was when it does",
      };
    case "pausing": {
      const inWords = `trying again in ${seconds(Math.max(0, state.untilMs - nowMs))}`;
      return { level: "gone", title: "gone", detail: `the process behind this window is gone; ${inWords}` };
    }
    case "retrying":
      return { level: "gone", title: "gone", detail: "the process behind this window is gone; trying again" };
  }
}

/**
 * The process and the other peer.
 *
 * @param link `undefined`: the process has not said, or cannot
 * @param wasThere whether there was another peer before
 */
export function peerWords(link: PeerLink | undefined, wasThere: boolean): Words {
  switch (link?.link) {
    case undefined:
      return { level: "waiting", title: "unknown", detail: "the process behind this window does not say" };
    case "linked":
      return { level: "good", title: "linked", detail: `peer ${link.words}` };
    case "held": {
      const [howLong, where] = splitHeld(link.words);
      return { level: "held", title: `held for ${howLong}`, detail: `peer ${where}` };
    }
    case "listening":
      if (wasThere) return { level: "gone", title: "gone", detail: `waiting on ${link.words}` };
      return { level: "waiting", title: "listening", detail: link.words };
    case "starting":
      return { level: "waiting", title: "starting", detail: link.words };
    case "connecting":
      return { level: "waiting", title: "connecting", detail: link.words };
    case "pausing":
      return { level: "gone", title: "gone", detail: link.words };
    case "failed":
      return { level: "gone", title: "failed", detail: link.words };
  }
}

/**
 * The last word on the link, without the flicker of a retry: between two pauses
 * a process connects for a moment, and that is shown only when it lasts.
 */
export class CalmLink {
  #shown: PeerLink | undefined;
  #next: { readonly link: PeerLink; readonly sinceMs: number } | undefined;

  receive(link: PeerLink, nowMs: number): void {
    const isRetry = link.link === "connecting" && this.#shown?.link === "pausing";
    this.#next = isRetry ? { link, sinceMs: nowMs } : undefined;
    if (!isRetry) this.#shown = link;
  }

  /** Nothing that was said holds any more: the process is gone. */
  forget(): void {
    this.#shown = this.#next = undefined;
  }

  at(nowMs: number): PeerLink | undefined {
    if (this.#next !== undefined && nowMs - this.#next.sinceMs >= CALM_MS) {
      this.#shown = this.#next.link;
      this.#next = undefined;
    }
    return this.#shown;
  }
}

/** For how long a link is held that its process says is held, such as `4 s`; `undefined` for another one. */
export function heldFor(link: PeerLink | undefined): string | undefined {
  return link?.link === "held" ? splitHeld(link.words)[0] : undefined;
}

/** Worth saying once, and in force until the next. */
export interface Notice {
  readonly kind: "held" | "gone" | "back";
  readonly words: string;
  /** What counts behind the words, and is to be seen, not said. */
  readonly count?: string;
}

/** Whether somebody is there in a frame; or held, and for how long. */
export type Standing = "there" | "away" | { readonly heldFor: string };

/** Somebody who can go and come back. */
export class Presence {
  readonly #name: string;
  #stage: "awaited" | "there" | "held" | "gone" = "awaited";
  #heldFor = "";
  #goneMs = 0;

  /** @param name as it stands in a sentence, like `the other peer` */
  constructor(name: string) {
    this.#name = name;
  }

  /** Whether it was there at any time until now. */
  get wasThere(): boolean {
    return this.#stage !== "awaited";
  }

  /** What is worth saying once; `undefined` in most frames. Who was never there is awaited, and not gone. */
  note(standing: Standing, nowMs: number): Notice | undefined {
    if (standing === "there") {
      const before = this.#stage;
      this.#stage = "there";
      if (before === "awaited" || before === "there") return undefined;
      const how = before === "held" ? "goes on" : "is back";
      return { kind: "back", words: `${this.#name} ${how} after ${seconds(nowMs - this.#goneMs)}` };
    }
    if (this.#stage === "awaited") return undefined;
    if (this.#stage === "there") this.#goneMs = nowMs;
    return standing === "away" ? this.#noteGone() : this.#noteHeld(standing.heldFor);
  }

  #noteGone(): Notice | undefined {
    if (this.#stage === "gone") return undefined;
    this.#stage = "gone";
    return { kind: "gone", words: `${this.#name} is gone` };
  }

  /** Again each time that the count has changed. */
  #noteHeld(heldFor: string): Notice | undefined {
    if (this.#stage === "held" && this.#heldFor === heldFor) return undefined;
    this.#stage = "held";
    this.#heldFor = heldFor;
    return { kind: "held", words: `${this.#name} is held`, count: `for ${heldFor}` };
  }
}

function splitHeld(words: string): [howLong: string, where: string] {
  const [howLong = "", ...where] = words.split(", ");
  return [howLong, where.join(", ")];
}

function tripWords({ lineMs, frameMs }: Trips): string {
  const line = lineMs === undefined ? "" : `: line ${lineMs.toFixed(1)} ms`;
  return frameMs === undefined ? line : `${line}, frames ${frameMs.toFixed(1)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

const CALM_MS = 600;
