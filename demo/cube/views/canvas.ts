/**
 * A sheet to draw on: dots in Braille characters, two across and four down in
 * each cell of the terminal, and one ink for each cell. Knows no cube.
 */

/** What a cell is drawn in. A stronger ink (further down) covers a weaker one in the same cell. */
export type Ink = (typeof INKS)[number];

/** A place on the sheet, in dots from its upper left corner; may lie outside. */
export type Dot = readonly [across: number, down: number];

/** A sheet of `width` by `height` cells. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #dots: Uint8Array;
  readonly #inks: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#dots = new Uint8Array(width * height);
    this.#inks = new Uint8Array(width * height);
  }

  /** Sets one dot. Does nothing outside the sheet. */
  dot(across: number, down: number, ink: Ink): void {
    const column = Math.floor(across / DOTS_ACROSS);
    const row = Math.floor(down / DOTS_DOWN);
    if (column < 0 || row < 0 || column >= this.width || row >= this.height) return;
    const cell = row * this.width + column;
    this.#dots[cell] = (this.#dots[cell] ?? 0) | bitOf(across, down);
    this.#inks[cell] = Math.max(this.#inks[cell] ?? 0, INKS.indexOf(ink));
  }

  /**
   * A straight line from dot to dot.
   *
   * @param every draws one dot in so many: 1 is a whole line, more is a dotted one
   */
  line(from: Dot, to: Dot, ink: Ink, every: number = 1): void {
    const length = Math.max(1, Math.round(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]))));
    for (let at = 0; at <= length; at += every) {
      const part = at / length;
      const across = Math.round(from[0] + (to[0] - from[0]) * part);
      const down = Math.round(from[1] + (to[1] - from[1]) * part);
      this.dot(across, down, ink);
    }
  }

  /** Takes away what was drawn inside a convex shape, so that what is drawn next stands before it. */
  erase(corners: readonly Dot[]): void {
    const across = corners.map(([at]) => at);
    const down = corners.map(([, at]) => at);
    const [right, bottom] = [Math.min(Math.max(...across), this.width * DOTS_ACROSS), Math.max(...down)];
    for (let y = Math.max(0, Math.floor(Math.min(...down))); y <= bottom; y++) {
      for (let x = Math.max(0, Math.floor(Math.min(...across))); x <= right; x++) {
        if (isInside(corners, x, y)) this.#clear(x, y);
      }
    }
  }

  /** The rows from top to bottom, each exactly `width` cells, coloured or not. */
  rows(isColoured: boolean): string[] {
    const rows: string[] = [];
    for (let row = 0; row < this.height; row++) rows.push(this.#row(row, isColoured));
    return rows;
  }

  #clear(across: number, down: number): void {
    const cell = Math.floor(down / DOTS_DOWN) * this.width + Math.floor(across / DOTS_ACROSS);
    const left = (this.#dots[cell] ?? 0) & ~bitOf(across, down);
    this.#dots[cell] = left;
    if (left === 0) this.#inks[cell] = 0;
  }

  #row(row: number, isColoured: boolean): string {
    let text = "";
    let before = 0;
    for (let cell = row * this.width; cell < (row + 1) * this.width; cell++) {
      const dots = this.#dots[cell] ?? 0;
      const ink = this.#inks[cell] ?? 0;
      if (isColoured && ink !== before) text += ESCAPES[ink] ?? "";
      if (isColoured) before = ink;
      text += dots === 0 ? " " : String.fromCharCode(BRAILLE + dots);
    }
    return before === 0 ? text : text + RESET;
  }
}

function bitOf(across: number, down: number): number {
  return DOT_BITS[(down % DOTS_DOWN) * DOTS_ACROSS + (across % DOTS_ACROSS)] ?? 0;
}

/** Whether a dot is on the same side of all lines from corner to corner, in either direction round. */
function isInside(corners: readonly Dot[], x: number, y: number): boolean {
  let sides = 0;
  for (const [index, [fromX, fromY]] of corners.entries()) {
    const [toX, toY] = corners[(index + 1) % corners.length] ?? [fromX, fromY];
    sides += Math.sign((toX - fromX) * (y - fromY) - (toY - fromY) * (x - fromX));
  }
  return Math.abs(sides) === corners.length;
}

/** How many dots a cell has. */
export const DOTS_ACROSS = 2;
export const DOTS_DOWN = 4;

const RESET = "\x1b[0m";
/** From the weakest to the strongest. */
const INKS = ["none", "far ground", "near ground", "shadow", "drop", "hidden edge", "edge"] as const;
/** Greys for the ground, amber for what tells the height, blue for the cube: told apart on black and on white. */
const ESCAPES = [
  RESET,
  "\x1b[0;38;5;238m",
  "\x1b[0;38;5;243m",
  "\x1b[0;38;5;136m",
  "\x1b[0;38;5;172m",
  "\x1b[0;38;5;31m",
  "\x1b[0;1;38;5;39m",
];
/** U+2800 is the empty Braille pattern; the low bits are its dots, in an order with a history. */
const BRAILLE = 0x2800;
const DOT_BITS = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
