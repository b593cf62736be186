/**
 * The picture on a terminal, one pane for each peer, side by side. Decides the
 * layout, and what has to be painted: rows that changed, and no others. Owns
 * the alternate screen and the cursor, and gives both back, also after a crash.
 *
 *     panes ──▶ rows (pure) ──▶ those that changed ──▶ one write
 */
import type { WriteStream } from "node:tty";
import type { Frame } from "../../../src/index.ts";
import type { Pane } from "../local-peers.ts";
import { type LinkState, linkWords } from "../shared/changes.ts";
import { formatPosition, printable } from "../shared/wire.ts";
import { drawWorld } from "./picture.ts";
import { hintRow, statusRows, titleRow } from "./status.ts";
import type { View } from "./view.ts";

/** How a terminal is to be used. */
export interface TerminalLook {
  readonly isColoured: boolean;
  /** Whether keys are read here, so that it is worth naming them. */
  readonly hasKeys: boolean;
}

/** A view on the alternate screen of a terminal, for as long as it is open. */
export class TerminalView implements View {
  readonly #output: WriteStream;
  readonly #look: TerminalLook;
  readonly #parts: PanePainter[] = [];
  #shown: string[] = [];
  #size = "";
  #isOpen = true;

  constructor(output: WriteStream, look: TerminalLook) {
    this.#output = output;
    this.#look = look;
    output.write(ENTER);
    // A crash says why after this, on the screen that stays.
    process.on("uncaughtExceptionMonitor", this.#leave);
    process.on("exit", this.#leave);
  }

  show(frame: Frame, panes: readonly Pane[]): void {
    const { columns = 80, rows = 24 } = this.#output;
    const size = `${columns} ${rows}`;
    const isResized = size !== this.#size;
    if (isResized) this.#shown = [];
    this.#size = size;
    const wanted = this.#rows(frame, panes, columns, rows);
    let text = isResized ? CLEAR : "";
    for (const [index, row] of wanted.entries()) {
      if (row !== this.#shown[index]) text += `\x1b[${index + 1};1H${row}`;
    }
    this.#shown = wanted;
    if (text !== "") this.#output.write(text);
  }

  close(): void {
    this.#leave();
    process.off("uncaughtExceptionMonitor", this.#leave);
    process.off("exit", this.#leave);
  }

  readonly #leave = (): void => {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.write(LEAVE);
  };

  #rows(frame: Frame, panes: readonly Pane[], columns: number, rows: number): string[] {
    const gaps = panes.length - 1;
    const width = Math.max(1, Math.floor((columns - gaps) / panes.length));
    const painted = panes.map((pane, index) => {
      const part = (this.#parts[index] ??= new PanePainter(this.#look));
      return part.rows(frame, pane, width, rows);
    });
    const gap = this.#look.isColoured ? `${DIM}│${PLAIN}` : "│";
    return Array.from({ length: rows }, (_, row) => painted.map((part) => part[row] ?? "").join(gap));
  }
}

/** Paints one pane. Keeps its picture, as drawing costs more than all the rest. */
export class PanePainter {
  readonly #look: TerminalLook;
  #picture: readonly string[] = [];
  #pictureOf = "";
  #message: string | undefined;
  #messageUntilMs = 0;

  constructor(look: TerminalLook) {
    this.#look = look;
  }

  /** So many rows, each exactly `width` cells wide. */
  rows(frame: Pick<Frame, "tick" | "nowMs">, pane: Pane, width: number, height: number): string[] {
    const { nowMs } = frame;
    this.#noteChanges(pane, nowMs);
    const title = titleRow(pane, nowMs, width);
    const status = statusRows(pane, frame, width);
    const hint = hintRow(
      pane,
      nowMs < this.#messageUntilMs ? this.#message : undefined,
      this.#look.hasKeys,
      width,
    );
    const picture = this.#pictureRows(pane, width, height - status.length - 2);
    return [
      this.#styled(title, isTroubled(pane.peer.link) ? ALARM : HEAD),
      ...picture,
      ...status,
      this.#styled(hint, DIM),
    ].slice(-height);
  }

  #pictureRows({ peer }: Pane, width: number, height: number): readonly string[] {
    if (height < 1) return [];
    const key = `${formatPosition(peer.world.position)} ${width} ${height}`;
    if (key !== this.#pictureOf) {
      this.#picture = drawWorld(peer.world.position, width, height).rows(this.#look.isColoured);
    }
    this.#pictureOf = key;
    return this.#picture;
  }

  #noteChanges({ changes }: Pane, nowMs: number): void {
    for (const change of changes) {
      if (change.kind === "cube" || change.kind === "retry") continue;
      this.#message = printable(linkWords(change), LONGEST_MESSAGE);
      this.#messageUntilMs = nowMs + MESSAGE_MS;
    }
  }

  #styled(row: string, style: string): string {
    return this.#look.isColoured ? `${style}${row}${PLAIN}` : row;
  }
}

function isTroubled(link: LinkState): boolean {
  return (
    link.kind === "pausing" ||
    link.kind === "held" ||
    (link.kind === "listening" && link.heldMs !== undefined)
  );
}

const PLAIN = "\x1b[0m";
const DIM = "\x1b[0;38;5;243m";
const HEAD = "\x1b[0;1;38;5;39m";
const ALARM = "\x1b[0;1;38;5;172m";
const CLEAR = "\x1b[0m\x1b[2J";
/** The alternate screen (xterm's private mode 1049), no cursor; and back. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l";
/** Long enough to read, short enough to make room for the keys again. */
const MESSAGE_MS = 4_000;
const LONGEST_MESSAGE = 200;
