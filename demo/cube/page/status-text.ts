/**
 * How things stand, in words: the window to its process, and the process to the
 * other peer. Pure. Decides how bad that is, and what is worth saying once:
 * that somebody is gone, and that they are back.
 */
import type { Told } from "../shared/window-wire.ts";
import type { SessionState } from "./session.ts";

/** For a person: how bad it is, in one or two words, and the rest. */
export interface Words {
  readonly level: "good" | "waiting" | "gone";
  readonly title: string;
  readonly detail: string;
}

/** What a process says of its link to the other peer. */
export type PeerLink = Extract<Told, { kind: "link" }>;

/** The window and its process. */
export function sessionWords(state: SessionState, roundTripMs: number | undefined, nowMs: number): Words {
  switch (state.kind) {
    case "connecting":
      return { level: "waiting", title: "connecting", detail: "to the process behind this window" };
    case "open": {
      if (state.isSilent)
        return { level: "gone", title: "silent", detail: "the process behind this window says nothing" };
      const trip = roundTripMs === undefined ? "" : `, ${roundTripMs.toFixed(1)} ms`;
      return { level: "good", title: "linked", detail: `window to process${trip}` };
    }
    case "pausing": {
      const inWords = `trying again in ${seconds(Math.max(0, state.untilMs - nowMs))}`;
      return { level: "gone", title: "gone", detail: `the process behind this window is gone; ${inWords}` };
    }
    case "probing":
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
      return { level: "waiting", title: "unknown", detail: "the process behind this window has not said" };
    case "linked":
      return { level: "good", title: "linked", detail: `peer ${link.words}` };
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

/** Worth saying once, and in force until the next. */
export interface Notice {
  readonly kind: "gone" | "back";
  readonly words: string;
}

/** Somebody who can go and come back. */
export class Presence {
  readonly #name: string;
  #stage: "awaited" | "there" | "gone" = "awaited";
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
  note(isThere: boolean, nowMs: number): Notice | undefined {
    if (isThere) {
      const wasGone = this.#stage === "gone";
      this.#stage = "there";
      if (!wasGone) return undefined;
      return { kind: "back", words: `${this.#name} is back after ${seconds(nowMs - this.#goneMs)}` };
    }
    if (this.#stage !== "there") return undefined;
    this.#stage = "gone";
    this.#goneMs = nowMs;
    return { kind: "gone", words: `${this.#name} is gone` };
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

const CALM_MS = 600;
