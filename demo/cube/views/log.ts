/**
 * A line for each change, for pipes and for people who read. `logLines` is
 * pure; `LogView` writes what it says.
 *
 *     tick 17 cube 1 2 3
 *     link up 127.0.0.1:51234
 */
import type { Writable } from "node:stream";
import type { Frame } from "../../../src/index.ts";
import type { Pane } from "../local-peers.ts";
import { linkWords } from "../shared/changes.ts";
import { cubeLine } from "../shared/wire.ts";
import type { View } from "./view.ts";

/** What a log holds. */
export interface LogLook {
  /** Whether each line says whose it is. */
  readonly isPrefixed: boolean;
  /** Whether the cube's places are in it, or only what changed between the peers. */
  readonly hasPlaces: boolean;
}

/** Writes a line for each change. */
export class LogView implements View {
  readonly #output: Writable;
  readonly #look: LogLook;

  constructor(output: Writable, look: LogLook) {
    this.#output = output;
    this.#look = look;
  }

  show(frame: Frame, panes: readonly Pane[]): void {
    const text = panes.flatMap((pane) => logLines(frame.tick, pane, this.#look));
    if (text.length > 0) this.#output.write(`${text.join("\n")}\n`);
  }

  close(): void {}
}

/** The lines that one pane has to say in one frame; none when nothing changed, the usual case. */
export function logLines(tick: number, pane: Pick<Pane, "peer" | "changes">, look: LogLook): string[] {
  const prefix = look.isPrefixed ? `${pane.peer.role.padEnd("mirror".length)} | ` : "";
  return pane.changes.flatMap((change) => {
    if (change.kind !== "cube") return [`${prefix}link ${linkWords(change)}`];
    return look.hasPlaces ? [`${prefix}tick ${tick} ${cubeLine(change.position)}`] : [];
  });
}
