/**
 * A line for each change, for pipes and for people who read. `logLines` is
 * pure; `LogView` writes what it says.
 *
 *     tick 17 cube 1 2 3
 *     link up 127.0.0.1:51234
 */
import type { Writable } from "node:stream";
import type { Frame } from "../../../src/index.ts";
import type { Pane } from "../cast.ts";
import { linkWords } from "../news.ts";
import { cubeLine } from "../wire.ts";
import type { View } from "./view.ts";

/** Writes a line for each change. */
export class LogView implements View {
  readonly #output: Writable;
  readonly #isPrefixed: boolean;

  /** @param isPrefixed whether each line says whose it is */
  constructor(output: Writable, isPrefixed: boolean) {
    this.#output = output;
    this.#isPrefixed = isPrefixed;
  }

  show(frame: Frame, panes: readonly Pane[]): void {
    const text = panes.flatMap((pane) => logLines(frame.tick, pane, this.#isPrefixed));
    if (text.length > 0) this.#output.write(`${text.join("\n")}\n`);
  }

  close(): void {}
}

/** The lines that one pane has to say in one frame; none when nothing changed, the usual case. */
export function logLines(tick: number, pane: Pick<Pane, "peer" | "changes">, isPrefixed: boolean): string[] {
  const prefix = isPrefixed ? `${pane.peer.role.padEnd("mirror".length)} | ` : "";
  return pane.changes.map((change) => {
    if (change.kind === "cube") return `${prefix}tick ${tick} ${cubeLine(change.position)}`;
    return `${prefix}link ${linkWords(change)}`;
  });
}
