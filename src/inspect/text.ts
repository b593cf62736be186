/**
 * A recording as text for a terminal: its summary, or its entries frame by frame. What a
 * peer has sent is quoted, without what could move a cursor.
 */
import { CALL, END, EVENT, nameOfKind } from "../transport/wrap/log-entry.ts";
import type { ReasonValue } from "../transport/wrap/log-values.ts";
import { type ConnectionSummary, reasonText, type Summary, textOf } from "./summary.ts";
import type { Step } from "./walk.ts";

/** The summary in lines. */
export function summaryText(summary: Summary): string {
  const { header, damage, isEnded, sizeBytes, lengthMs, frames, connections, keyframes, unseen } = summary;
  const sum = (name: "receivedBytes" | "sentBytes" | "receivedMessages" | "lost" | "failed"): number =>
    frames.reduce((total, frame) => total + frame[name], 0);
  const messages = sum("receivedMessages");
  const missing = sum("lost") + sum("failed") + unseen.lost + unseen.failed;
  const gone = [`datagrams: ${sum("lost") + unseen.lost} lost, ${sum("failed") + unseen.failed} failed`];
  const kept = keyframes.length === 0 ? [] : [`keyframes after frame ${keyframes.join(", ")}`];
  const more = unseen.receivedBytes === 0 ? "" : `; ${unseen.receivedBytes} more came after the last frame`;
  const lines = [
    `tickwire ${header.tickwire} on ${header.platform}, ${header.began}, format ${header.format}`,
    `seed ${header.seed}${header.meta === undefined ? "" : `, meta ${JSON.stringify(header.meta)}`}`,
    `${counted(frames.length, "frame")} in ${(lengthMs / 1_000).toFixed(1)} s, ${sizeBytes} bytes`,
    `received ${sum("receivedBytes")} bytes${messages > 0 ? ` in ${counted(messages, "line")}` : ""}, sent ${sum("sentBytes")}${more}`,
    ...(missing === 0 ? [] : gone),
    ...kept,
    ...(damage === undefined ? [] : [`ends early: ${damage.message}`]),
    ...(isEnded ? [] : [NOT_ENDED]),
    "",
    [counted(connections.length, "connection"), ...endingsOf(connections)].join(": "),
    ...table(connections.map((one) => connectionCells(one, frames.length))),
    "",
  ];
  return lines.map(plain).join("\n");
}

/** How connections have ended, the most frequent way first; nothing where there are none. */
export function endingsOf(connections: readonly ConnectionSummary[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { closedIn, reason, openedIn } of connections) {
    const how = closedIn > 0 ? (reason?.kind ?? "closed") : openedIn > 0 ? "open at the end" : "never open";
    counts.set(how, (counts.get(how) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const inOrder = [...counts].sort(([, one], [, other]) => other - one);
  return [inOrder.map(([how, count]) => `${count} ${how}`).join(", ")];
}

function connectionCells(one: ConnectionSummary, frames: number): readonly string[] {
  const { connection, isAccepted, remote, openedIn, closedIn, outages, reason, receivedBytes, sentBytes } =
    one;
  const to = closedIn === 0 ? "the end" : placeText(closedIn, frames);
  const life =
    openedIn === 0 ? `never open, until ${to}` : `${placeText(openedIn, frames, "frame ")} to ${to}`;
  return [
    String(connection),
    `${isAccepted ? "from" : "to"} ${remote}`,
    life,
    `received ${receivedBytes}, sent ${sentBytes}${outages === 0 ? "" : `, outages ${outages}`}`,
    reason === undefined ? "" : reasonText(reason),
  ];
}

/** The frame that shows something, where the recording still has it. */
function placeText(frame: number, frames: number, prefix = ""): string {
  return frame > frames ? "after the last frame" : `${prefix}${frame}`;
}

/** Rows in columns of one width each, as far as their cells are no longer than {@link WIDEST}. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries())
      widths[at] = Math.max(widths[at] ?? 0, Math.min(cell.length, WIDEST));
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd());
}

/** `count` things, as people write it. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** The entries that are wanted in lines, below the frames to which they belong. */
export function* textOfSteps(
  steps: Iterable<Step>,
  isWanted: (step: Step) => boolean,
): Generator<string, void, undefined> {
  let frameText = "";
  let heading = "";
  for (const step of steps) {
    const isFrame = step.entry.kind === CALL.poll;
    if (isFrame) frameText = stepText(step) ?? "";
    if (!isWanted(step)) continue;
    const text = isFrame ? frameText : stepText(step);
    if (text === undefined) continue;
    const before = `before frame ${step.frame + 1}`;
    const isBefore = step.place > step.frame || step.frame === 0 || heading === before;
    const due = isBefore ? before : frameText;
    if (due !== heading && !isFrame) yield due;
    heading = due;
    yield text;
  }
}

/** One entry in a line, indented by the calls around it; `undefined` for one that says nothing. */
function stepText({ entry, frame, depth, link }: Step): string | undefined {
  const { kind, target, args, isBegun, result } = entry;
  if (kind === END) return undefined;
  const indent = "  ".repeat(Math.min(depth, DEEPEST) + 1);
  if (kind === CALL.poll) return `frame ${frame}  at ${args[0]} ms  poller ${target}`;
  const who =
    link === undefined ? `part ${target}` : `connection ${link.connection} (${textOf(link.value.remote)})`;
  const kept = kind === CALL.write && !isBegun && result === 0 ? "  kept" : "";
  return plain(
    `${indent}${who}  ${nameOfKind(kind)}${args.map(argumentText).join("")}${kept}${isBegun ? ":" : ""}`,
  );
}

/** One entry as a value of JSON. */
export function stepValue({ entry, place, depth, link }: Step): object {
  const { kind, target, args, result } = entry;
  const plain = args.map((arg) =>
    arg instanceof Uint8Array ? { base64: base64Of(arg), text: bytesText(arg) } : arg,
  );
  return {
    frame: place,
    depth,
    kind: nameOfKind(kind),
    target,
    connection: link?.connection,
    result,
    args: plain,
  };
}

/** Whether an entry is about a link that is told from others by a number. */
export function isAbout({ link, entry }: Step, connection: number): boolean {
  const isNoise = entry.kind === EVENT.info || entry.kind === EVENT.clock;
  return link?.connection === connection && !isNoise;
}

function argumentText(value: unknown): string {
  if (value === undefined) return "";
  if (value instanceof Uint8Array) return `  ${value.length} bytes  ${bytesText(value)}`;
  const reason = (value ?? {}) as Partial<ReasonValue>;
  if (typeof reason.message === "string") return `  ${reasonText(reason as ReasonValue)}`;
  return `  ${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
}

/** Bytes as text where they are that. */
function bytesText(bytes: Uint8Array): string {
  const text = [...bytes.subarray(0, MOST_SHOWN)].map((byte) =>
    byte >= 0x20 && byte < 0x7f
      ? String.fromCharCode(byte).replace("\\", "\\\\")
      : byte === 0x0a
        ? "\\n"
        : `\\x${hex(byte, 2)}`,
  );
  return `"${text.join("")}${bytes.length > MOST_SHOWN ? "…" : ""}"`;
}

function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Values as JSON for a terminal: what could move a cursor is escaped, so a program reads the same. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(UNPRINTABLE, (text) =>
    text === "\n" ? text : escaped(text),
  );
}

/** A line, of which a stranger may have chosen parts, without what could move a cursor. */
function plain(line: string): string {
  return line.replace(UNPRINTABLE, "\uFFFD");
}

/** A character as JSON escapes it: each half of a pair by itself. */
function escaped(character: string): string {
  const units = character.split("");
  return units.map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join("");
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** What a file without an end says of itself. */
export const NOT_ENDED =
  "not ended: it is still being written, or its process was killed, and what came last is not in it";

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
/** The most calls by which a line is indented. */
const DEEPEST = 20;
/** The most characters to which a shorter cell is filled up: room for an address of IPv6. */
const WIDEST = 60;
const MOST_SHOWN = 80;
