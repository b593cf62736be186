/**
 * The keyboard, polled like everything else: what the terminal sends between
 * two frames is filed, and the frame takes it. `readKeys` is pure.
 *
 *     stdin 'data' ──▶ readKeys ──▶ queue ┊ take ──▶ frame
 */
import type { ReadStream } from "node:tty";
import type { Command } from "../shared/world.ts";

/** What a key means here. */
export type Key = Command | "quit";

/** Keys of a terminal, in raw mode until `close`. */
export class Keyboard {
  readonly #input: ReadStream;
  #queue: Key[] = [];
  /** The beginning of a key whose end has not come. */
  #half = "";

  constructor(input: ReadStream) {
    this.#input = input;
    input.setRawMode(true);
    input.setEncoding("utf8");
    input.on("data", this.#enqueue);
    input.on("end", this.#hangUp);
    input.on("error", this.#hangUp);
  }

  /** The keys since the last frame, in order; empty when none was pressed, the usual case. */
  take(): readonly Key[] {
    const keys = this.#queue;
    if (keys.length > 0) this.#queue = [];
    return keys;
  }

  /** Gives the terminal back. May be called more than once. */
  close(): void {
    this.#input.off("data", this.#enqueue);
    this.#input.setRawMode(false);
    this.#input.pause();
  }

  readonly #enqueue = (text: string): void => {
    const { keys, half } = readKeys(this.#half + text);
    this.#half = half;
    this.#queue.push(...keys);
  };

  /** A terminal that is gone wants what Ctrl-C wants. */
  readonly #hangUp = (): void => {
    this.#queue.push("quit");
  };
}

/** The keys in what a terminal sent, and the half of one at its end. Keys without a meaning are left out. */
export function readKeys(text: string): { readonly keys: Key[]; readonly half: string } {
  const keys: Key[] = [];
  let rest = text;
  for (let found: RegExpExecArray | null; (found = ONE_KEY.exec(rest)) !== null; ) {
    const [pressed] = found;
    rest = rest.slice(pressed.length);
    const key = KEYS.get(pressed.toLowerCase()) ?? KEYS.get(pressed);
    if (key !== undefined) keys.push(key);
  }
  return { keys, half: rest.length <= LONGEST_HALF ? rest : "" };
}

/**
 * An escape sequence (ECMA-48: CSI, and SS3 for terminals in application mode),
 * a lone Escape before something else, or one character. An Escape with nothing
 * behind it is half of something.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in them
const ONE_KEY = /^(?:\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|\x1b(?=[^[O])|[^\x1b])/su;
const LONGEST_HALF = 16;

const KEYS = new Map<string, Key>([
  ["a", "left"],
  ["d", "right"],
  ["w", "farther"],
  ["s", "nearer"],
  ["q", "up"],
  ["e", "down"],
  [" ", "stop"],
  ["\x03", "quit"],
  ["\x1b[D", "left"],
  ["\x1b[C", "right"],
  ["\x1b[A", "farther"],
  ["\x1b[B", "nearer"],
  ["\x1bOD", "left"],
  ["\x1bOC", "right"],
  ["\x1bOA", "farther"],
  ["\x1bOB", "nearer"],
  ["\x1b[5~", "up"],
  ["\x1b[6~", "down"],
]);
