/**
 * The report of the first difference between a game and its recording: which frame, which
 * connection, which byte, and a sentence.
 */
import { CALL, type Entry, nameOfKind } from "./log-entry.ts";

/** The first difference between a game and its recording. */
export interface ReplayDivergence {
  /** The frame, counted from 1 over all pollers; 0 before the first. */
  readonly frame: number;
  /**
   * The connection, counted from 1 in the order in which they came: its `id`, where all
   * connections of one poller are recorded. `undefined` where there is none.
   */
  readonly connection: number | undefined;
  /** Where in all that the game has sent on that connection, in bytes. */
  readonly offset: number;
  /** What was sent by the write or datagram that was recorded; `undefined` when it was something else. */
  readonly expected: Uint8Array | undefined;
  /** What the game has sent; `undefined` when it was nothing. */
  readonly actual: Uint8Array | undefined;
  /** One sentence for people. */
  readonly message: string;
}

/** Who is behind a number: is told the events, and answers for its connection. */
export interface ReplayTarget {
  /** Tells an event of the recording to the core. */
  tell(entry: Entry): void;
  /** The connection's number, and how much was sent on it; nothing for what is none. */
  readonly connection?: number | undefined;
  readonly sentBytes?: number;
}

/** How a call differs from the entry. */
export interface Difference {
  /** The kind of the call, and whom it asked, if that is another one; neither when there was no call. */
  readonly kind?: number;
  readonly target?: number;
  /** What it sends. */
  readonly actual?: Uint8Array | undefined;
  /** The first byte of it that is another one. */
  readonly at?: number;
  /** One sentence, if the rest does not say it. */
  readonly message?: string;
}

/** The report of a difference. */
export function divergenceOf(
  frame: number,
  entry: Entry,
  difference: Difference,
  targets: ReadonlyMap<number, ReplayTarget>,
): ReplayDivergence {
  const isSending = entry.kind === CALL.write || entry.kind === CALL.send;
  const sender = targets.get(
    difference.actual === undefined || isSending ? entry.target : (difference.target ?? 0),
  );
  const expected = isSending ? (entry.args[0] as Uint8Array) : undefined;
  const { actual, at = 0 } = difference;
  const offset = (sender?.sentBytes ?? 0) + at;
  const sentence = difference.message ?? sentenceOf(entry, difference, targets, offset);
  return {
    frame,
    connection: sender?.connection,
    offset,
    expected: expected && new Uint8Array(expected),
    actual: actual && new Uint8Array(actual),
    message: `frame ${frame}: ${sentence}`,
  };
}

/** The first byte in which two pieces differ; `undefined` when they do not. */
export function firstDifference(one: Uint8Array, other: Uint8Array): number | undefined {
  const shorter = Math.min(one.length, other.length);
  let at = 0;
  while (at < shorter && one[at] === other[at]) at++;
  return at === one.length && at === other.length ? undefined : at;
}

function sentenceOf(
  entry: Entry,
  { kind, target = 0, actual, at }: Difference,
  targets: ReadonlyMap<number, ReplayTarget>,
  offset: number,
): string {
  const recorded = `${callOf(entry.kind, entry.target, entry.args[0], targets)}`;
  if (at !== undefined) {
    return `${nameOf(entry.target, targets)} was sent ${quoted(actual, at)} where the recording has ${quoted(entry.args[0] as Uint8Array, at)}, at byte ${offset}`;
  }
  if (kind === undefined) return `the recording has ${recorded}, and the game did not do that`;
  return `the recording has ${recorded}, and the game did ${callOf(kind, target, actual, targets)}`;
}

function callOf(
  kind: number,
  target: number,
  given: unknown,
  targets: ReadonlyMap<number, ReplayTarget>,
): string {
  if (kind === CALL.poll) return `a poll of poller ${target}`;
  const sizeBytes = given instanceof Uint8Array ? ` of ${given.length} bytes` : "";
  return `${nameOfKind(kind)}${sizeBytes} on ${nameOf(target, targets)}`;
}

function nameOf(target: number, targets: ReadonlyMap<number, ReplayTarget>): string {
  const connection = targets.get(target)?.connection;
  return connection === undefined ? `part ${target}` : `connection ${connection}`;
}

/** Some bytes around a place, as text where they are that. */
function quoted(bytes: Uint8Array | undefined, at: number): string {
  if (bytes === undefined) return "nothing";
  const from = Math.max(0, at - AROUND);
  const around = bytes.subarray(from, at + AROUND);
  const text = [...around].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : escapeOf(byte),
  );
  return `"${from > 0 ? "…" : ""}${text.join("")}${at + AROUND < bytes.length ? "…" : ""}"`;
}

function escapeOf(byte: number): string {
  return byte === 0x0a ? "\\n" : `\\x${byte.toString(16).padStart(2, "0")}`;
}

const AROUND = 16;
