/**
 * The words around the picture: who this is, how the link stands, and the
 * numbers. Pure. Every row comes out exactly as wide as asked.
 */
import type { Frame } from "../../../src/index.ts";
import type { Pane } from "../local-peers.ts";
import type { LinkState } from "../shared/changes.ts";
import { heldWords } from "../shared/holding.ts";
import { formatPosition } from "../shared/wire.ts";

/** The row above the picture: the role, and how it stands to the others. */
export function titleRow(pane: Pane, nowMs: number, width: number): string {
  return exactly(` ${pane.peer.role}  ${linkStateWords(pane.peer.link, nowMs)}`, width);
}

/** The rows below it: where the cube is, and what was counted. */
export function statusRows(pane: Pane, frame: Pick<Frame, "tick">, width: number): string[] {
  const { world, tally, frameTripMs, lineTripMs } = pane.peer;
  const frames = frameTripMs === undefined ? "-" : `${frameTripMs.toFixed(1)} ms`;
  const line = lineTripMs === undefined ? "" : `  line ${lineTripMs.toFixed(1)} ms`;
  const bad = tally.badLines === 0 ? "" : `  bad ${tally.badLines}`;
  return [
    exactly(` cube ${formatPosition(world.position)}`, width),
    exactly(` tick ${frame.tick}  in ${tally.linesIn}  out ${tally.linesOut}${bad}`, width),
    exactly(` trip  frames ${frames}${line}`, width),
  ];
}

/** The last row: the newest of what happened, or else what to know, or else the keys. */
export function hintRow(pane: Pane, message: string | undefined, hasKeys: boolean, width: number): string {
  const keys = hasKeys && pane.peer.role === "mover" ? "arrows WASD Q/E move, space stops, ^C leaves" : "";
  return exactly(` ${message ?? pane.note ?? keys}`, width);
}

/** `text` in exactly `width` cells: cut, or filled with spaces. */
export function exactly(text: string, width: number): string {
  return text.slice(0, width).padEnd(width);
}

function linkStateWords(link: LinkState, nowMs: number): string {
  switch (link.kind) {
    case "starting":
      return "starting";
    case "listening":
      if (link.heldMs !== undefined) return `held for ${heldWords(link.heldMs)}, ${link.where}`;
      return `listening ${link.where}, ${link.peers === 1 ? "1 peer" : `${link.peers} peers`}`;
    case "failed":
      return `cannot listen: ${link.why}`;
    case "connecting":
      return `connecting ${link.where}`;
    case "linked":
      return `linked ${link.where}`;
    case "held":
      return `held for ${heldWords(link.downMs)}, ${link.where}`;
    case "pausing":
      return `nobody at ${link.where}, retry in ${Math.max(0, (link.untilMs - nowMs) / 1_000).toFixed(1)} s`;
  }
}
