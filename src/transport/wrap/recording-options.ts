/**
 * The options of a recording, with the check of each.
 */
import { type Checks, isFunction, isWholeNumber, kindOf } from "../../check.ts";
import type { Address } from "../../port/address.ts";
import { isTooDeep, MOST_DEPTH } from "./json-depth.ts";

/** Options of {@link Recording}. */
export interface RecordingOptions {
  /** What the game has to say of it, such as its rules and its map: any value that JSON carries. */
  readonly meta?: unknown;
  /** A whole number for the game's own randomness; drawn by chance without it. */
  readonly seed?: number;
  /** How large it may become, in bytes. 64 MiB by default: it stays in memory. Then it ends, and says so. */
  readonly maxBytes?: number;
  /**
   * Returns what is recorded instead of `bytes`, which are lent and may not be written to: of
   * a secret, as many other bytes. The replay gets them, and `replayed` takes the same function.
   */
  readonly redact?: Redact;
}

/** Puts other bytes in the place of secret ones. */
export type Redact = (bytes: Uint8Array, piece: RecordedPiece) => Uint8Array;

/** Where bytes come from that are recorded. */
export interface RecordedPiece {
  /** Whether the peer has sent them, or this side. */
  readonly direction: "received" | "sent";
  /** The peer's address; `undefined` where there is none. */
  readonly remoteAddress: Address | undefined;
}

/** The checks of {@link RecordingOptions}. @internal */
export const RECORDING_CHECKS: Checks<RecordingOptions> = {
  meta: isJson,
  seed: isWholeNumber(0, 2 ** 32 - 1),
  maxBytes: isWholeNumber(65_536), // about one block
  redact: isFunction,
};

function isJson(name: string, value: unknown): void {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`${name}: expected a value that JSON carries`, { cause });
  }
  if (text === undefined)
    throw new TypeError(`${name}: expected a value that JSON carries, got ${kindOf(value)}`);
  if (isTooDeep(new TextEncoder().encode(text)))
    throw new RangeError(`${name}: expected a value of at most ${MOST_DEPTH} levels`);
}
