/**
 * What a frame of a peer has to tell, as values: the views read them, in the
 * order in which they happened, and nobody is called back.
 */
import { heldWords } from "./holding.ts";
import type { Vector } from "./world.ts";

/** Something changed in this frame. */
export type Change =
  /** The cube is somewhere else. */
  { readonly kind: "cube"; readonly position: Vector } | LinkChange;

/** Something changed between this peer and the others. */
export type LinkChange =
  /** Peers can connect now. */
  | { readonly kind: "listening"; readonly where: string }
  /** No peer can ever connect: the port is taken, for example. */
  | { readonly kind: "failed"; readonly where: string; readonly why: string }
  | { readonly kind: "up"; readonly who: string }
  | { readonly kind: "down"; readonly who: string; readonly why: string }
  /** The line is lost, and the link waits for another one. */
  | { readonly kind: "held"; readonly who: string }
  /** It goes on where it was, over another line. */
  | { readonly kind: "resumed"; readonly who: string; readonly afterMs: number }
  | { readonly kind: "retry"; readonly inMs: number }
  /** Some came who are none, or gave up before they had begun; the last one for this reason. */
  | {
      readonly kind: "turned away";
      readonly what: "peer" | "window";
      readonly count: number;
      readonly why: string;
    }
  /** A line that was no line of the protocol; it was answered. */
  | { readonly kind: "bad line"; readonly who: string; readonly why: string }
  /** The other side says that a line of ours was none. */
  | { readonly kind: "complaint"; readonly who: string; readonly why: string };

/** How a peer stands to the others, in this frame. */
export type LinkState =
  | { readonly kind: "starting" }
  /** `gone`: why the last peer that left did so. `heldMs`: for how long all peers are held; `undefined` while one is not. */
  | {
      readonly kind: "listening";
      readonly where: string;
      readonly peers: number;
      readonly gone: string | undefined;
      readonly heldMs?: number | undefined;
    }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "connecting"; readonly where: string }
  | { readonly kind: "linked"; readonly where: string }
  /** Its line is lost, for so long; it goes on where it was when there is another. */
  | { readonly kind: "held"; readonly where: string; readonly downMs: number }
  | { readonly kind: "pausing"; readonly where: string; readonly why: string; readonly untilMs: number };

/** The link as a window shows it. A listener with peers is linked; a pause counts down by the second. */
export function linkStatus(link: LinkState, nowMs: number): LinkStatus {
  switch (link.kind) {
    case "starting":
      return { link: "starting", words: "about to listen" };
    case "listening":
      if (link.heldMs !== undefined) return heldStatus(link.where, link.heldMs);
      if (link.peers === 1) return { link: "linked", words: `${link.where}, 1 peer` };
      if (link.peers > 1) return { link: "linked", words: `${link.where}, ${link.peers} peers` };
      return { link: "listening", words: `${link.where}, ${link.gone ?? "nobody has come yet"}` };
    case "failed":
      return { link: "failed", words: link.why };
    case "connecting":
    case "linked":
      return { link: link.kind, words: link.where };
    case "held":
      return heldStatus(link.where, link.downMs);
    case "pausing": {
      const seconds = Math.max(1, Math.ceil((link.untilMs - nowMs) / 1_000));
      return { link: "pausing", words: `${link.where}, ${link.why}; again in ${seconds} s` };
    }
  }
}

function heldStatus(where: string, downMs: number): LinkStatus {
  return { link: "held", words: `${heldWords(downMs)}, ${where}` };
}

/** A kind to colour by, and words for a person, without line breaks. */
export interface LinkStatus {
  readonly link: LinkState["kind"];
  readonly words: string;
}

/** A change in words, without line breaks: `cube 1 2 3` is said by `wire.ts`, all else here. */
export function linkWords(change: LinkChange): string {
  switch (change.kind) {
    case "listening":
      return `listening ${change.where}`;
    case "failed":
      return `failed ${change.where}: ${change.why}`;
    case "up":
      return `up ${change.who}`;
    case "down":
      return `down ${change.who}: ${change.why}`;
    case "held":
      return `held ${change.who}`;
    case "resumed":
      return `resumed ${change.who} after ${(change.afterMs / 1_000).toFixed(1)} s`;
    case "retry":
      return `retry in ${change.inMs} ms`;
    case "turned away":
      return `turned away ${change.count === 1 ? `a ${change.what}` : `${change.count} ${change.what}s`}: ${change.why}`;
    case "bad line":
      return `bad line from ${change.who}: ${change.why}`;
    case "complaint":
      return `complaint from ${change.who}: ${change.why}`;
  }
}
